//go:build unix

package sourcetest

import (
	"os"
	"runtime"
	"strconv"
	"testing"
)

// Heap watches how much memory is in use.
type Heap struct{ base, peak uint64 }

// NewHeap begins to watch.
func NewHeap() *Heap {
	h := &Heap{}
	h.base = h.now()
	return h
}

func (h *Heap) now() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// Look notes what is in use, garbage left out. It takes a moment: call it now and then.
func (h *Heap) Look() { h.peak = max(h.peak, h.now()) }

// AtMost fails the test when more than some MiB were in use since the beginning.
func (h *Heap) AtMost(t testing.TB, mib uint64) {
	t.Helper()
	if used := max(h.peak, h.base) - h.base; used > mib<<20 {
		t.Errorf("%d MiB were in use, want at most %d", used>>20, mib)
	} else {
		t.Logf("%d KiB were in use at most", used>>10)
	}
}

// Number is an environment variable as a number, or otherwise.
func Number(t testing.TB, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Memory is a directory that lies in memory where there is one.
func Memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "isa-sourcetest")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
