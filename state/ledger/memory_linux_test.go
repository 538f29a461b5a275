package ledger

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMemoryDoesNotGrow: a program that settles and lists 200,000 items needs
// hardly more memory than one with 21,000.
func TestMemoryDoesNotGrow(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "fill")
	build := exec.Command("go", "build", "-o", program, "./testdata/fill")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // without the race detector, which needs memory of its own
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	peak := func(items int) int {
		out, err := exec.Command(program, filepath.Join(dir, strconv.Itoa(items)), strconv.Itoa(items)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		kib, err := strconv.Atoi(strings.TrimSpace(string(out)))
		must(t, err)
		return kib
	}
	few, many := peak(21_000), peak(200_000)
	t.Logf("%d KiB for 21,000 items, %d KiB for 200,000", few, many)
	if many > 48<<10 || many-few > 16<<10 {
		t.Errorf("%d KiB for 21,000 items, %d KiB for 200,000", few, many)
	}
}
