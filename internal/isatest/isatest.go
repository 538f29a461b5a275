// Package isatest builds the isa that users run, for tests that run it.
package isatest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Build builds isa in dir and returns the program's path. What it is built of is looked
// at on the way, since a test's result is kept ("(cached)") for as long as what it looked
// at stays the same, and Go knows nothing of programs that a test builds. Only what is
// looked at while tests run counts: Build is for tests and not for TestMain.
func Build(dir string) (string, error) {
	if err := look(); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "isa")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", path, "github.com/isaworks/isa/cmd/isa").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building isa: %w\n%s", err, out)
	}
	return path, nil
}

// look lists the folders with the module's sources: that counts for names, sizes and
// times of all that is in them.
func look() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, name := range []string{"cmd", "config", "internal", "planner", "providers", "state"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "testdata" {
				return fs.SkipDir
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moduleRoot is the way from the directory of a test to that of go.mod.
func moduleRoot() (string, error) {
	for root, n := ".", 0; n < 20; root, n = filepath.Join(root, ".."), n+1 {
		_, err := os.Stat(filepath.Join(root, "go.mod"))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return root, err
		}
	}
	return "", errors.New("there is no go.mod above")
}
