package mbox

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// Folders implements providers.Reader: by path, the inbox first. How many messages a
// file holds is not known before it is read.
func (r *reader) Folders(ctx context.Context) ([]providers.Folder, error) {
	ctx, stop := r.session.During(ctx)
	defer stop()
	var all []providers.Folder
	err := r.list(ctx, &all)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(f providers.Folder) bool { return f.Unserved == "" }) {
		return nil, &diag.Failure{Class: diag.Unavailable, Op: "list folders of " + origin(r.name).Name(), Detail: `there is no mbox file, which begins with a line "From …"`,
			Fix: "check that the path is the right one"}
	}
	files.Uses(all)
	slices.SortStableFunc(all, func(a, b providers.Folder) int {
		if first := a.Use == providers.UseInbox; first != (b.Use == providers.UseInbox) {
			if first {
				return -1
			}
			return 1
		}
		return slices.Compare(a.Path, b.Path)
	})
	for i, f := range all {
		if f.Use == providers.UseInbox {
			all[i].Path = []string{"INBOX"}
		}
	}
	return all, nil
}

func (r *reader) list(ctx context.Context, all *[]providers.Folder) error {
	if r.single == "" {
		return r.walk(ctx, ".", nil, all)
	}
	f, err := r.folder(r.single, []string{level(filepath.Base(r.name))})
	*all = append(*all, f)
	return err
}

// walk adds the files of a directory and of those below it.
func (r *reader) walk(ctx context.Context, dir string, above []string, all *[]providers.Folder) error {
	var entries []fs.DirEntry
	err := files.Each(ctx, r.root, []string{dir}, func(_ string, e fs.DirEntry) error {
		if !companion(e) {
			entries = append(entries, e)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrPermission) && dir != ".":
		*all = append(*all, unserved(dir, above, "cannot be read by isa's user"))
		return nil
	case err != nil:
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		name := files.Join(dir, e.Name())
		at := append(slices.Clip(above), level(e.Name()))
		switch {
		case e.IsDir():
			err = r.walk(ctx, name, at, all)
		case e.Name() == "mbox" && strings.EqualFold(path.Ext(dir), ".mbox"): // Apple Mail
			err = r.add(name, above, all)
		case e.Type().IsRegular():
			err = r.add(name, at, all)
		default:
			*all = append(*all, unserved(name, at, "is a link, or no file"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a file.
func (r *reader) add(name string, at []string, all *[]providers.Folder) error {
	f, err := r.folder(name, at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it vanished meanwhile
	}
	*all = append(*all, f)
	return err
}

// companion tells the files that mail programs keep beside the mail.
func companion(e fs.DirEntry) bool {
	name := e.Name()
	if strings.HasPrefix(name, ".") || name == "__MACOSX" || strings.HasSuffix(name, "~") {
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".msf", ".dat", ".html", ".json", ".log", ".sqlite", ".lock", ".toc", ".idx", ".plist", ".db":
		return !e.IsDir()
	}
	return name == "table_of_contents"
}

// level is the name of a file or directory as a level of a path.
func level(name string) string {
	switch ext := path.Ext(name); strings.ToLower(ext) {
	case ".mbox", ".mbx", ".sbd":
		if short := strings.TrimSuffix(name, ext); short != "" {
			name = short
		}
	}
	return files.Level(name)
}

func (r *reader) folder(name string, at []string) (providers.Folder, error) {
	file, err := r.openNow(name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return unserved(name, at, "cannot be read by isa's user"), nil
	case err != nil:
		return providers.Folder{}, err
	}
	defer file.close()
	f := providers.Folder{ID: name, Path: at, Items: -1, Bytes: -1}
	ok, err := file.isMbox()
	if err == nil && ok {
		f.Epoch, err = file.epoch()
	}
	f.Mark = f.Epoch
	switch {
	case err != nil:
		return unserved(name, at, "cannot be read: "+files.Failure("", err).Error()), nil
	case !ok:
		f.Unserved = `is no mbox file: it does not begin with a line "From …"`
	case file.size == 0:
		f.Items, f.Bytes = 0, 0
	}
	return f, nil
}

func unserved(name string, at []string, why string) providers.Folder {
	return providers.Folder{ID: name, Path: at, Items: -1, Bytes: -1, Unserved: why}
}
