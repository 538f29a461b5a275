package initial

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// interrupting ends a context at the first read of a file, and counts the reads.
type interrupting struct {
	fs.FS
	stop  func()
	reads int
}

func (i *interrupting) Open(name string) (fs.File, error) {
	f, err := i.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &interruptingFile{f, f.(io.ReaderAt), i}, nil
}

type interruptingFile struct {
	fs.File
	at io.ReaderAt
	fs *interrupting
}

func (f *interruptingFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.reads++
	f.fs.stop()
	return f.at.ReadAt(p, off)
}

// TestReadingEnds: a table is not read on after an interruption, and never tried again.
func TestReadingEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	table := "사번,성명\n" + strings.Repeat("1,홍길동\n", 100_000)
	fsys := &interrupting{FS: fstest.MapFS{"s.csv": {Data: []byte(table)}}, stop: stop}
	if _, err := openTable(ctx, fsys, "s.csv", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if fsys.reads != 1 {
		t.Errorf("%d reads after the interruption", fsys.reads-1)
	}
}
