package maildir

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// open makes names those of a folder.
func (r *reader) open(f providers.Folder) error {
	if f.ID == "" {
		return &diag.Failure{Class: diag.Internal, Op: "read folder", Detail: "a Maildir without a name"}
	}
	if r.listed != f.ID {
		r.names, r.listed = files.NewNames(r.root, key, dirs(f.ID)...), f.ID
	}
	text, err := r.readKeywords(f.ID)
	r.keywords = keywordsOf(text)
	return err
}

// Scan implements providers.Reader. It reads files only for prints, and where their
// names do not tell their sizes. All items are yielded, whatever what.Since is.
func (r *reader) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	ctx, stop := r.session.During(ctx)
	defer stop()
	if err := r.open(f); err != nil {
		return f, err
	}
	now := f
	if what.From == "" {
		var err error
		if now, err = r.folder(ctx, f); err != nil {
			return f, err
		}
	}
	defer r.file.Close()
	err := r.names.Groups(ctx, what.From, func(group []files.Entry) error {
		it, there, err := r.item(ctx, group[0], what.Prints)
		if err != nil || !there {
			return err
		}
		return yield(it)
	})
	return now, err
}

// item is what a file is listed as; it is not there when it vanished.
func (r *reader) item(ctx context.Context, e files.Entry, prints bool) (it providers.Item, there bool, err error) {
	info, err := r.root.Stat(e.Path())
	if errors.Is(err, fs.ErrNotExist) {
		if e, there = r.renamed(ctx, e); !there {
			return it, false, nil
		}
		info, err = r.root.Stat(e.Path())
	}
	if err != nil {
		if info, err = r.root.Lstat(e.Path()); err != nil {
			return it, false, nil
		}
	}
	it = providers.Item{Key: e.Key, Size: info.Size(), Date: info.ModTime().Truncate(time.Second), Flags: flags(e.Name, r.keywords)}
	disk, wire := sizes(e.Name)
	known := wire >= 0 && disk == info.Size()
	if known {
		it.Size = wire
	}
	if known && !prints {
		return it, true, nil
	}
	switch err := r.file.Open(ctx, r.root, e.Path(), true, false); {
	case files.Ended(ctx) != nil:
		return it, false, files.Ended(ctx)
	case err == nil: // else Fetch tells why it cannot be read
		it.Size, it.Print = r.file.Size(), r.file.Print()
	}
	return it, true, nil
}

// renamed finds a file that got other flags since its directory was read.
func (r *reader) renamed(ctx context.Context, e files.Entry) (files.Entry, bool) {
	for _, dir := range dirs(r.listed) {
		found := e
		err := files.Each(ctx, r.root, []string{dir}, func(dir string, d fs.DirEntry) error {
			if key(d.Name()) == e.Key {
				found.Dir, found.Name = dir, d.Name()
				return fs.SkipAll
			}
			return nil
		})
		if errors.Is(err, fs.SkipAll) {
			return found, true
		}
	}
	return e, false
}

// Fetch implements providers.Reader. Flags and dates are what they are now. Files that
// cannot be read end in a failure of class Invalid after all others were yielded.
func (r *reader) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	ctx, stop := r.session.During(ctx)
	defer stop()
	if err := r.open(f); err != nil {
		return err
	}
	defer r.file.Close()
	return files.OneByOne(items, func(it providers.Item) (bad, err error) { return r.fetch(ctx, it.Key, yield) })
}

func (r *reader) fetch(ctx context.Context, key string, yield func(providers.Message) error) (bad, err error) {
	group, err := r.names.Find(ctx, key)
	if err != nil || len(group) == 0 {
		return nil, err
	}
	e := group[0]
	bad = r.file.Open(ctx, r.root, e.Path(), true, false)
	if errors.Is(bad, fs.ErrNotExist) {
		var there bool
		if e, there = r.renamed(ctx, e); !there {
			return nil, nil
		}
		bad = r.file.Open(ctx, r.root, e.Path(), true, false)
	}
	if ended := files.Ended(ctx); ended != nil || bad != nil {
		return bad, ended
	}
	it := providers.Item{Key: e.Key, Size: r.file.Size(), Date: r.file.Info.ModTime().Truncate(time.Second), Flags: flags(e.Name, r.keywords), Print: r.file.Print()}
	body, bad := r.file.Message()
	if bad != nil {
		return bad, nil
	}
	return nil, yield(providers.Message{Item: it, Body: body})
}
