package eml

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// epoch is that of all folders: keys never change.
const epoch = "1"

// key is the beginning of an Item.Key by a file's name, "" for what is no message. The
// files "._…" that macOS leaves beside others hold none.
func key(name string) string {
	if !strings.EqualFold(path.Ext(name), ".eml") || strings.HasPrefix(name, "._") {
		return ""
	}
	return files.KeyName(name) + "/"
}

// directory is what is in one.
type directory struct {
	tally *files.Tally
	below []string // directories
	links []string // what may lead to directories
	other bool     // there are files that are no messages
}

func (r *reader) look(ctx context.Context, dir string) (*directory, error) {
	d := &directory{tally: files.NewTally()}
	err := files.Each(ctx, r.root, []string{dir}, func(_ string, e fs.DirEntry) error {
		switch k := key(e.Name()); {
		case e.IsDir():
			if e.Name() != "__MACOSX" {
				d.below = append(d.below, e.Name())
			}
		case k != "":
			d.tally.Add(k, e, dir)
		case e.Type()&fs.ModeSymlink != 0:
			d.links = append(d.links, e.Name())
		default:
			d.other = d.other || !strings.HasPrefix(e.Name(), ".")
		}
		return nil
	})
	slices.Sort(d.below)
	slices.Sort(d.links)
	return d, err
}

// Folders implements providers.Reader: the inbox first, then the others by path.
func (r *reader) Folders(ctx context.Context) ([]providers.Folder, error) {
	ctx, stop := r.session.During(ctx)
	defer stop()
	var all []providers.Folder
	if err := r.walk(ctx, ".", nil, &all); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, &diag.Failure{Class: diag.Unavailable, Op: "list folders of " + origin(r.name).Name(), Detail: "there is no .eml file in the directory, nor below it",
			Fix: "check that the path is the right one"}
	}
	slices.SortStableFunc(all, func(a, b providers.Folder) int { return slices.Compare(a.Path, b.Path) })
	if i := slices.IndexFunc(all, func(f providers.Folder) bool { return f.ID == "." }); i > 0 {
		top := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), 0, top)
	}
	files.Uses(all)
	return all, nil
}

// walk adds a directory and what is below it.
func (r *reader) walk(ctx context.Context, dir string, above []string, all *[]providers.Folder) error {
	d, err := r.look(ctx, dir)
	switch {
	case errors.Is(err, fs.ErrPermission) && dir != ".":
		*all = append(*all, providers.Folder{ID: dir, Path: above, Items: -1, Bytes: -1, Unserved: "cannot be read by isa's user"})
		return nil
	case err != nil:
		return err
	}
	f := folder(dir, above, d)
	if f.Unserved == "" || dir != "." && len(d.below) == 0 {
		*all = append(*all, f)
	}
	for _, name := range d.below {
		if err := r.walk(ctx, files.Join(dir, name), append(slices.Clip(above), files.Level(name)), all); err != nil {
			return err
		}
	}
	for _, name := range d.links {
		if info, err := r.root.Stat(files.Join(dir, name)); err != nil || info.IsDir() {
			*all = append(*all, providers.Folder{ID: files.Join(dir, name), Path: append(slices.Clip(above), files.Level(name)), Items: -1, Bytes: -1,
				Unserved: "is a link to elsewhere"})
		}
	}
	return nil
}

// folder is a directory as a folder. One without messages is a folder when it is
// empty; else what it holds is something else.
func folder(dir string, above []string, d *directory) providers.Folder {
	f := providers.Folder{ID: dir, Path: above, Epoch: epoch, Mark: d.tally.Mark(), Items: d.tally.Items(), Bytes: -1}
	if dir == "." {
		f.Path, f.Use = []string{"INBOX"}, providers.UseInbox
	}
	if f.Items == 0 && (d.other || len(d.below) > 0 || dir == ".") {
		f.Unserved = "holds no .eml files"
	}
	return f
}
