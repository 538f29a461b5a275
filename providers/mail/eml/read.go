package eml

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// unread ends the key of a file that cannot be read.
const unread = "-"

// Scan implements providers.Reader. It reads every file once, whatever what.Since is.
func (r *reader) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	ctx, stop := r.session.During(ctx)
	defer stop()
	if err := r.open(f); err != nil {
		return f, err
	}
	now := f
	if what.From == "" {
		d, err := r.look(ctx, f.ID)
		if err != nil {
			return f, err
		}
		now.Mark, now.Items = d.tally.Mark(), d.tally.Items()
	}
	from, _ := split(what.From)
	defer r.file.Close()
	err := r.names.Groups(ctx, from, func(group []files.Entry) error {
		items, err := r.items(ctx, group)
		if err != nil {
			return err
		}
		for _, it := range items {
			if it.Key < what.From {
				continue
			}
			if err := yield(it); err != nil {
				return err
			}
		}
		return nil
	})
	return now, err
}

// split cuts a key into the name, with the slash behind it, and the hash.
func split(key string) (name, hash string) {
	i := strings.LastIndexByte(key, '/') + 1
	return key[:i], key[i:]
}

// items are the messages of files that share a name, by key. Files of equal content
// whose names differ only in how they are written are one.
func (r *reader) items(ctx context.Context, group []files.Entry) ([]providers.Item, error) {
	var out []providers.Item
	for _, e := range group {
		it, err := r.item(ctx, e)
		if ended := files.Ended(ctx); ended != nil {
			return nil, ended
		}
		if err != nil {
			if it, err = r.damaged(e); err != nil {
				continue // it vanished meanwhile
			}
		}
		out = append(out, it)
	}
	slices.SortFunc(out, func(a, b providers.Item) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b providers.Item) bool { return a.Key == b.Key }), nil
}

// item reads a file; it stays open.
func (r *reader) item(ctx context.Context, e files.Entry) (providers.Item, error) {
	if err := r.file.Open(ctx, r.root, e.Path(), true, true); err != nil {
		return providers.Item{}, err
	}
	print := r.file.Print()
	it := providers.Item{Key: e.Key + hex.EncodeToString(print.Body[:8]), Size: r.file.Size(), Print: print}
	it.Date = files.Received(r.file.Header(), r.file.Info.ModTime())
	return it, nil
}

// damaged is the item of a file that cannot be read.
func (r *reader) damaged(e files.Entry) (providers.Item, error) {
	info, err := r.root.Lstat(e.Path())
	if err != nil {
		return providers.Item{}, err
	}
	return providers.Item{Key: e.Key + unread, Size: info.Size(), Date: info.ModTime().Truncate(time.Second)}, nil
}

// Fetch implements providers.Reader. Files that cannot be read end in a failure of
// class Invalid after all others were yielded.
func (r *reader) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	ctx, stop := r.session.During(ctx)
	defer stop()
	if err := r.open(f); err != nil {
		return err
	}
	defer r.file.Close()
	return files.OneByOne(items, func(it providers.Item) (bad, err error) { return r.fetch(ctx, it.Key, yield) })
}

// fetch yields one message. A file that holds another message now has vanished.
func (r *reader) fetch(ctx context.Context, key string, yield func(providers.Message) error) (bad, err error) {
	name, _ := split(key)
	group, err := r.names.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, e := range group {
		it, err := r.item(ctx, e)
		if ended := files.Ended(ctx); ended != nil {
			return nil, ended
		}
		if err != nil {
			if _, gone := r.damaged(e); gone == nil {
				bad = err
			}
			continue
		}
		if it.Key != key {
			continue
		}
		body, err := r.file.Message()
		if err != nil {
			return err, nil
		}
		return nil, yield(providers.Message{Item: it, Body: body})
	}
	return bad, nil
}
