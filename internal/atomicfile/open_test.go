package atomicfile_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/isaworks/isa/internal/atomicfile"
)

// TestReadersDoNotHoldUp replaces a file that others keep reading: each reads one of the
// contents whole, and no replacement fails (Windows refuses it while a reader has the
// file open).
func TestReadersDoNotHoldUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := atomicfile.Write(path, 0o600, []byte("0000")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				data, err := os.ReadFile(path)
				if err != nil || len(data) != 4 {
					t.Errorf("read %q: %v", data, err)
					return
				}
			}
		})
	}
	for _, text := range []string{"1111", "2222", "3333", "4444", "5555"} {
		if err := atomicfile.Write(path, 0o600, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
	if err := atomicfile.Remove(path); err != nil {
		t.Error(err)
	}
	if err := atomicfile.Remove(path); !os.IsNotExist(err) {
		t.Errorf("removed twice: %v", err)
	}
}
