package workspace

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
)

// keep stores a message that is too large as an .eml file below keep_large, and says
// where: MEMBER/FOLDER/UID.eml. A file that is there already is the same message.
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
		where := filepath.Join(append(parts, fileName(name)+".eml")...)
		path := filepath.Join(root, where)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", fmt.Errorf("keep_large: %w", err)
		}
		if err := store(ctx, path, msg); err != nil {
			return "", fmt.Errorf("keep_large: %w", err)
		}
		return filepath.Join(one.Rules.KeepLarge, where), nil
	}
}

// store writes the bytes of a message, durably and all or nothing.
func store(ctx context.Context, path string, msg providers.Message) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".keep-*")
	if err != nil {
		return err
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
		return err
	}
	if !msg.Date.IsZero() {
		if err = os.Chtimes(f.Name(), msg.Date, msg.Date); err != nil {
			return err
		}
	}
	return os.Rename(f.Name(), path)
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
