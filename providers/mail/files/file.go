package files

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/isaworks/isa/providers"
)

// File is the file of one message, open.
type File struct {
	Info fs.FileInfo
	Measure
	ctx   context.Context
	name  string
	file  *os.File
	lines *Lines
	// Packed files are read unpacked: by gzip and bzip2, as Dovecot's plugin zlib
	// leaves them in Maildirs.
	Packed bool
}

// NewFile makes one that opens files, one after the other.
func NewFile() *File { return &File{Measure: *NewMeasure(), lines: NewLines(nil)} }

// Open opens the file of a message and, with read, reads it once, so that Measure is
// known; hashed is that of Measure.Read. Errors are those of the one message
// (Unreadable), unless ctx ended. What was open before is closed.
func (f *File) Open(ctx context.Context, root *os.Root, path string, read, hashed bool) error {
	f.Close()
	f.ctx, f.name = ctx, path
	file, info, err := OpenFile(root, path)
	if err != nil {
		return Unreadable(path, err)
	}
	f.file, f.Info = file, info
	if !read {
		return nil
	}
	if err := f.Measure.Read(f, hashed); err != nil {
		return Unreadable(path, err)
	}
	return nil
}

// Read implements io.Reader: the bytes as a message.
func (f *File) Read(p []byte) (int, error) {
	if f.lines.from == nil {
		from := Cut(f.ctx, f.file)
		if f.Packed {
			var err error
			if from, err = unpacked(from); err != nil {
				return 0, err
			}
		}
		f.lines.Reset(from)
	}
	return f.lines.Read(p)
}

// Message is the message from its beginning, after it was read once. It is valid until
// the next Open.
func (f *File) Message() (io.Reader, error) {
	return f.Body(func() (io.Reader, error) {
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			return nil, Unreadable(f.name, err)
		}
		f.lines.Reset(nil)
		return told{f}, nil
	})
}

// Close closes what is open.
func (f *File) Close() {
	if f.file != nil {
		_ = f.file.Close() // it was only read
		f.file = nil
	}
	f.lines.Reset(nil)
}

// told is a File whose errors say which file it is.
type told struct{ *File }

// Read implements io.Reader.
func (t told) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // what readers return at their end is io.EOF itself
		err = Unreadable(t.name, err)
	}
	return n, err
}

// OneByOne calls fetch for each item, each once, by key. A message that cannot be read
// (bad) leaves the others to be read; the first of these is what OneByOne returns. Any
// other error ends it.
func OneByOne(items []providers.Item, fetch func(providers.Item) (bad, err error)) error {
	var first error
	byKey := slices.SortedFunc(slices.Values(items), func(a, b providers.Item) int { return cmp.Compare(a.Key, b.Key) })
	for i, it := range byKey {
		if i > 0 && it.Key == byKey[i-1].Key {
			continue
		}
		bad, err := fetch(it)
		if err != nil {
			return err
		}
		if first == nil {
			first = bad
		}
	}
	return first
}
