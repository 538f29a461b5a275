package mbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// ends is how much of a file's beginning and end Folder.Epoch is made of.
const ends = 64 << 10

// file is an mbox that is open.
type file struct {
	*os.File
	info fs.FileInfo
	size int64 // how much of it counts
}

// open opens the file of a folder as it was when its epoch was told.
func (r *reader) open(f providers.Folder) (*file, error) {
	file, err := r.openNow(f.ID)
	if err != nil {
		return nil, err
	}
	if f.Epoch == "" {
		return file, nil
	}
	ok, err := file.fits(f.Epoch)
	if err == nil && !ok {
		err = changed(f)
	}
	if err != nil {
		file.close()
		return nil, files.Failure("read "+files.Level(f.ID), err)
	}
	return file, nil
}

func (r *reader) openNow(path string) (*file, error) {
	f, info, err := files.OpenFile(r.root, path)
	if err != nil {
		return nil, files.Failure("open "+files.Level(path), err)
	}
	return &file{f, info, info.Size()}, nil
}

func (f *file) close() { _ = f.Close() } // it was only read

// epoch is Folder.Epoch: "size.time.hash".
func (f *file) epoch() (string, error) {
	hash, err := f.hash(f.size)
	return strconv.FormatInt(f.size, 10) + "." + strconv.FormatInt(f.info.ModTime().UnixNano(), 36) + "." + hash, err
}

// hash is one of the beginning and the end of the first size bytes.
func (f *file) hash(size int64) (string, error) {
	sum := sha256.New()
	for _, from := range [...]int64{0, max(0, size-ends)} {
		if _, err := io.Copy(sum, io.NewSectionReader(f, from, min(ends, size-from))); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// fits tells whether the file is the one of an epoch, or has only grown since. Then
// what it was counts.
func (f *file) fits(epoch string) (bool, error) {
	parts := strings.Split(epoch, ".")
	if len(parts) != 3 {
		return false, nil
	}
	size, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || size < 0 || size > f.size {
		return false, nil
	}
	time := strconv.FormatInt(f.info.ModTime().UnixNano(), 36)
	if size == f.size && time != parts[1] {
		return false, nil
	}
	f.size = size
	hash, err := f.hash(size)
	return hash == parts[2], err
}

// still tells whether the file is as it was when it was opened, or has only grown.
func (f *file) still() (bool, error) {
	now, err := f.Stat()
	if err != nil {
		return false, err
	}
	if now.Size() == f.info.Size() {
		return now.ModTime().Equal(f.info.ModTime()), nil
	}
	return now.Size() > f.info.Size(), nil
}

// isMbox tells whether the file is an mbox: it begins with a message, or is empty.
func (f *file) isMbox() (bool, error) {
	if f.size == 0 {
		return true, nil
	}
	ok, err := newSplitter(f, f.size, unknown).next()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return ok, err
}
