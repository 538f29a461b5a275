package sheet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/diag"
)

// input is an open file. It is read where it lies, as often as needed, so that
// no table needs the memory of its file.
type input struct {
	file   string // as given to Open
	ext    string // of the name, in small letters
	at     io.ReaderAt
	size   int64
	digest [32]byte
	closer io.Closer
}

// openInput opens a file and takes its digest. The name in fsys may differ from
// the given one in its Unicode form: macOS stores Hangul taken apart.
func openInput(fsys fs.FS, name string) (*input, *diag.Diagnostic) {
	if !fs.ValidPath(name) || name == "." {
		return nil, fileProblem(name, CodeMissing, "The path is not a file below the configuration.",
			"Write a path with slashes, without .. and without a leading slash.")
	}
	actual := name
	f, err := openRegular(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		near := ""
		if actual, near = lookAround(fsys, name); actual == "" {
			fix := "Check the path; it is relative to the folder of the configuration."
			if near != "" {
				fix = fmt.Sprintf("Did you mean %q?", near)
			}
			return nil, fileProblem(name, CodeMissing, "There is no such file.", fix)
		}
		f, err = openRegular(fsys, actual)
	}
	in := &input{file: name, ext: strings.ToLower(path.Ext(actual)), closer: f}
	if errors.Is(err, errDirectory) || errors.Is(err, errNoFile) {
		return nil, in.unreadable(err)
	}
	if err != nil {
		return nil, fileProblem(name, CodeMissing, "The file cannot be opened: "+reason(err)+".",
			"Check the permissions of the file, and close it where it is open.")
	}
	if err := in.measure(f); err != nil {
		d := in.unreadable(err)
		if err := in.close(); err != nil {
			d = in.unreadable(err)
		}
		return nil, d
	}
	return in, nil
}

var (
	errLongFile  = errors.New("the file is too long")
	errDirectory = errors.New("it is a directory")
	errNoFile    = errors.New("it is no ordinary file")
)

// openRegular opens a file that is one: to open a named pipe would wait for its writer.
func openRegular(fsys fs.FS, name string) (fs.File, error) {
	info, err := fs.Stat(fsys, name)
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return nil, err
	}
	return fsys.Open(name)
}

// regular refuses what holds no table.
func regular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errDirectory
	case !info.Mode().IsRegular():
		return errNoFile
	}
	return nil
}

// measure takes the size and the digest. Files of a file system that cannot read
// at a place are read into memory.
func (in *input) measure(f fs.File) error {
	info, err := f.Stat()
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return err
	}
	if info.Size() > maxFileBytes {
		return errLongFile
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
		if err != nil {
			return err
		}
		in.at, in.size = bytes.NewReader(data), int64(len(data))
	} else {
		in.at, in.size = at, info.Size()
	}
	in.digest, err = in.sum()
	return err
}

func (in *input) close() error { return in.closer.Close() }

// bytes reads the whole file from its beginning.
func (in *input) bytes() io.Reader { return io.NewSectionReader(in.at, 0, in.size) }

func (in *input) sum() (sum [32]byte, err error) {
	h := sha256.New()
	n, err := io.Copy(h, in.bytes())
	if err == nil && n != in.size {
		err = io.ErrUnexpectedEOF
	}
	h.Sum(sum[:0])
	return sum, err
}

// unchanged checks that what was read is what the digest is of.
func (in *input) unchanged() *diag.Diagnostic {
	sum, err := in.sum()
	if err == nil && sum == in.digest {
		return nil
	}
	return fileProblem(in.file, CodeUnreadable, "The file changed while it was read.", "Close it where it is open, and run isa again.")
}

// head returns the first bytes of the file, at most n.
func (in *input) head(n int) ([]byte, error) {
	data := make([]byte, min(int64(n), in.size))
	_, err := in.at.ReadAt(data, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data, err
}

func (in *input) unreadable(err error) *diag.Diagnostic {
	if errors.Is(err, errLongFile) {
		return fileProblem(in.file, CodeSize, fmt.Sprintf("The file has more than %d MiB.", maxFileBytes>>20),
			"Remove pictures and unused sheets, or split the table.")
	}
	return fileProblem(in.file, CodeMissing, "The file cannot be read: "+reason(err)+".",
		"Check that it is a file, its permissions, and close it where it is open.")
}

// reason is an error's text without the path that the place already tells.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// lookAround looks in the folder of name for the same name in another Unicode
// form, or else for the most alike table.
func lookAround(fsys fs.FS, name string) (same, near string) {
	entries, err := fs.ReadDir(fsys, path.Dir(name))
	if err != nil {
		return "", ""
	}
	var names []string
	for _, e := range entries {
		if norm.NFC.String(e.Name()) == norm.NFC.String(path.Base(name)) {
			return path.Join(path.Dir(name), e.Name()), ""
		}
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if best := nearest(path.Base(name), names); best != "" {
		near = path.Join(path.Dir(name), best)
	}
	return "", near
}
