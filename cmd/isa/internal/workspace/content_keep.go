package workspace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
)

// keep stores a message that is too large as an .eml file below keep_large, and says
// where: MEMBER/FOLDER/UID.eml. A file that holds the same bytes is the same message;
// beside one that holds others, as where a disk takes names for equal that differ in case
// only, it gets a number.
func (m *mover) keep(one *mail.Migration) func(context.Context, providers.Folder, providers.Message) (string, error) {
	root := one.Rules.KeepLarge
	if !filepath.IsAbs(root) {
		root = filepath.Join(m.w.env.ConfigDir(), root)
	}
	return func(ctx context.Context, f providers.Folder, msg providers.Message) (string, error) {
		parts := []string{fileName(one.Mail)}
		for _, level := range f.Path {
			parts = append(parts, fileName(level))
		}
		name := msg.Key
		if f.Epoch != "" {
			name = f.Epoch + "-" + name
		}
		dir := filepath.Join(parts...)
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			return "", fmt.Errorf("keep_large: %w", err)
		}
		stored, err := store(ctx, filepath.Join(root, dir), fileName(name), msg)
		if err != nil {
			return "", fmt.Errorf("keep_large: %w", err)
		}
		return filepath.Join(one.Rules.KeepLarge, dir, stored), nil
	}
}

// store writes the bytes of a message into a file of dir, durably and all or nothing, and
// returns its name.
func store(ctx context.Context, dir, name string, msg providers.Message) (stored string, err error) {
	temp, err := spool(ctx, dir, msg)
	if err != nil {
		return "", err
	}
	if stored, err = place(temp, dir, name); err != nil {
		if gone := os.Remove(temp); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return "", err
	}
	return stored, atomicfile.SyncDir(dir)
}

// spool writes the bytes of a message into a new file of dir.
func spool(ctx context.Context, dir string, msg providers.Message) (temp string, err error) {
	f, err := os.CreateTemp(dir, ".keep-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = io.Copy(f, msg.Body)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if !msg.Date.IsZero() {
		err = os.Chtimes(f.Name(), msg.Date, msg.Date)
	}
	return f.Name(), err
}

// place gives a spooled file the first name that is free, or names the file that holds
// the same bytes already; then the spooled one is removed.
func place(temp, dir, name string) (string, error) {
	for n := 1; ; n++ {
		candidate := name + ".eml"
		if n > 1 {
			candidate = fmt.Sprintf("%s (%d).eml", name, n)
		}
		path := filepath.Join(dir, candidate)
		free, err := reserve(path)
		if err != nil {
			return "", err
		}
		if free {
			return candidate, os.Rename(temp, path)
		}
		same, err := equalFiles(temp, path)
		if err != nil {
			return "", err
		}
		if same {
			return candidate, os.Remove(temp)
		}
	}
}

// reserve makes an empty file, unless one of the name is there.
func reserve(path string) (free bool, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// equalFiles compares two files byte by byte.
func equalFiles(a, b string) (same bool, err error) {
	var readers [2]*bufio.Reader
	var sizes [2]int64
	for i, path := range [...]string{a, b} {
		f, err := os.Open(path)
		if err != nil {
			return false, err
		}
		defer func() { _ = f.Close() }() // it was only read
		info, err := f.Stat()
		if err != nil {
			return false, err
		}
		readers[i], sizes[i] = bufio.NewReaderSize(f, 64<<10), info.Size()
	}
	if sizes[0] != sizes[1] || sizes[0] == 0 { // what is empty is a name that was reserved
		return false, nil
	}
	for {
		x, errX := readers[0].ReadByte()
		y, errY := readers[1].ReadByte()
		switch {
		case errors.Is(errX, io.EOF) && errors.Is(errY, io.EOF):
			return true, nil
		case errX != nil || errY != nil:
			return false, errors.Join(errX, errY)
		case x != y:
			return false, nil
		}
	}
}

// fileName makes a name that every file system takes. A name that is not the text
// itself ends in a mark of it, so that two never share one.
func fileName(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, text)
	clean = strings.TrimRight(strings.TrimSpace(clean), ". ")
	if clean == "" || strings.HasPrefix(clean, ".") {
		clean = "_" + clean
	}
	const most = 60
	if r := []rune(clean); len(r) > most {
		clean = string(r[:most])
	}
	if clean != text {
		clean += fmt.Sprintf(" (%08x)", crc32.ChecksumIEEE([]byte(text)))
	}
	return clean
}
