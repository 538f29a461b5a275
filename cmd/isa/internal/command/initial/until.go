package initial

import (
	"context"
	"io"
	"io/fs"
)

// until is a file system whose files cannot be read any more when ctx has ended, so
// that whoever interrupts isa does not wait for a large table.
type until struct {
	ctx context.Context
	fs.FS
}

// Stat does not open the file: opening a named pipe would not come back.
func (u until) Stat(name string) (fs.FileInfo, error) { return fs.Stat(u.FS, name) }

// ReadDir lists a directory.
func (u until) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(u.FS, name) }

// Open opens a file.
func (u until) Open(name string) (fs.File, error) {
	f, err := u.FS.Open(name)
	if at, ok := f.(io.ReaderAt); ok && err == nil {
		return untilFile{f, at, u.ctx}, nil
	}
	return f, err
}

// untilFile is a file of until that can be read at any place.
type untilFile struct {
	fs.File
	at  io.ReaderAt
	ctx context.Context
}

// Read reads on.
func (f untilFile) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

// ReadAt reads at a place.
func (f untilFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.at.ReadAt(p, off)
}
