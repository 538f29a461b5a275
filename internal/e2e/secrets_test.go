package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

const secretMembers = `member "a" {
  external_key = "1"
  login_id     = "kim"
  last_name    = "김"
  password {
    mode  = "admin"
    value = secret_env("CANARY_PASSWORD")
  }
}

member "b" {
  external_key = "2"
  login_id     = "lee"
  last_name    = "이"
  password {
    mode  = "admin"
    value = secret_file("password.txt")
  }
}
`

// TestNoSecretIsWrittenAnywhere puts a canary in every place that takes a secret
// and looks for it in everything that isa writes: plans in all formats, state,
// journal (also of a killed run), progress, errors of a tenant that misbehaves.
func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	tn := startTenant(t, sandbox.Options{SeedValue: 4, Faults: "500=30%,html-error=10%,drop-response=10%"})
	const envCanary, fileCanary = "Canary-Env-7f3a!", "Canary-File-9b1c!"
	tn.env["CANARY_PASSWORD"] = envCanary
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "members.hcl": secretMembers, "password.txt": fileCanary + "\n"})
	canaries := []string{envCanary, fileCanary, tn.env["WORKS_CLIENT_SECRET"]}
	for line := range strings.Lines(tn.env["WORKS_PRIVATE_KEY"]) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
			canaries = append(canaries, line)
		}
	}
	var said bytes.Buffer
	run := func(args ...string) {
		r := tn.isa(t, dir, args...)
		fmt.Fprintf(&said, "isa %v: %v\n", args, r)
	}
	run("validate")
	run("plan", "--out", "plan.zip")
	run("plan", "--format", "json")
	run("show", "plan.zip")
	tn.killAfter(t, dir, 4, 0)
	journal := read(t, dir)
	for range 8 {
		run("apply", "--yes")
	}
	run("state", "show", "member.a")
	wrong := tn.env["WORKS_CLIENT_SECRET"]
	tn.env["WORKS_CLIENT_SECRET"] = "Canary-Wrong-55"
	canaries = append(canaries, "Canary-Wrong-55")
	run("plan")
	tn.env["WORKS_CLIENT_SECRET"] = wrong

	everything := said.String() + journal + read(t, dir)
	if !strings.Contains(everything, `"$secret"`) || !strings.Contains(everything, "env:CANARY_PASSWORD") {
		t.Error("no handle of a secret is found, so this test looks in the wrong places")
	}
	for i, canary := range canaries {
		if at := strings.Index(everything, canary); at >= 0 {
			t.Errorf("canary %d of %d is written out, after %q", i+1, len(canaries), tail(everything[:at], 200))
		}
	}
}

// read returns the contents of all files of a directory but the secrets' own,
// zip files unpacked.
func read(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "password.txt" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "\n--- %s\n%s", path, data)
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return nil // not a zip file
		}
		for _, f := range archive.File {
			r, err := f.Open()
			if err != nil {
				return err
			}
			if _, err := io.Copy(&all, r); err != nil {
				return err
			}
			if err := r.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func tail(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}
