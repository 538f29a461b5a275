package mbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// key is an offset as Item.Key.
func key(off int64) string { return fmt.Sprintf("%015d", off) }

// offset is Item.Key as an offset.
func offset(key string) (int64, error) {
	n, err := strconv.ParseInt(key, 10, 64)
	if err != nil || n < 0 || len(key) != 15 {
		return 0, &diag.Failure{Class: diag.Internal, Op: "read a key", Detail: strconv.Quote(key) + " is no key of a message"}
	}
	return n, nil
}

// splitter is one for an open file.
func (r *reader) splitter(ctx context.Context, f *file, epoch string) *splitter {
	return newSplitter(cut{ctx, f}, f.size, r.styles[epoch])
}

// learned keeps what a splitter found out about its file.
func (r *reader) learned(s *splitter, epoch string) {
	if s.style != unknown {
		r.styles = map[string]style{epoch: s.style}
	}
}

// cut is a file that reads no more when a context ended.
type cut struct {
	ctx context.Context
	at  io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (c cut) ReadAt(p []byte, off int64) (int, error) {
	if err := files.Ended(c.ctx); err != nil {
		return 0, err
	}
	return c.at.ReadAt(p, off)
}

// Scan implements providers.Reader. It reads the file once, from what.From on. All
// items are yielded, whatever what.Since is, and with their heads.
func (r *reader) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	ctx, stop := r.session.During(ctx)
	defer stop()
	from := int64(0)
	if what.From != "" {
		var err error
		if from, err = offset(what.From); err != nil {
			return f, err
		}
	}
	file, err := r.open(f)
	if err != nil {
		return f, err
	}
	defer file.close()
	s := r.splitter(ctx, file, f.Epoch)
	defer r.learned(s, f.Epoch)
	if err := s.seek(from); err != nil {
		return f, files.Unreadable(f.ID, err)
	}
	for {
		ok, err := s.next()
		if err != nil {
			return f, files.Unreadable(f.ID, err)
		}
		if !ok {
			break
		}
		if err := r.read(s, what.Prints); err != nil {
			return f, files.Unreadable(f.ID, err)
		}
		if it, is := r.item(s, file); is {
			if err := yield(it); err != nil {
				return f, err
			}
		}
	}
	return f, r.unchanged(f, file, s)
}

// unchanged makes sure that what was read to its end is what the folder was.
func (r *reader) unchanged(f providers.Folder, file *file, s *splitter) error {
	same, err := file.still()
	if err == nil && (!same || s.off < file.size) {
		err = changed(f)
	}
	return files.Failure("read "+files.Level(f.ID), err)
}

// read reads the message that was begun.
func (r *reader) read(s *splitter, hashed bool) error {
	r.lines.Reset(s)
	return r.measure.Read(r.lines, hashed)
}

// item is the message that was read, unless it is none.
func (r *reader) item(s *splitter, f *file) (providers.Item, bool) {
	if s.status.expunged || s.status.pseudo && bytes.Contains(r.measure.Header(), []byte("FOLDER INTERNAL DATA")) {
		return providers.Item{}, false
	}
	date, dated := fromDate(s.from)
	if !dated {
		date = f.info.ModTime()
	}
	return providers.Item{Key: key(s.start), Size: r.measure.Size(), Date: files.Received(r.measure.Header(), date), Flags: s.status.sorted(), Print: r.measure.Print()}, true
}

// Fetch implements providers.Reader.
func (r *reader) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	ctx, stop := r.session.During(ctx)
	defer stop()
	if len(items) == 0 {
		return nil
	}
	file, err := r.open(f)
	if err != nil {
		return err
	}
	defer file.close()
	s := r.splitter(ctx, file, f.Epoch)
	defer r.learned(s, f.Epoch)
	return files.OneByOne(items, func(it providers.Item) (bad, err error) {
		off, err := offset(it.Key)
		if err != nil {
			return nil, err
		}
		m, ok, bad := r.fetch(s, f, file, off)
		switch {
		case files.Ended(ctx) != nil:
			return nil, files.Ended(ctx)
		case diag.ClassOf(bad) == diag.Conflict:
			return nil, bad
		case bad != nil || !ok:
			return bad, nil
		}
		return nil, yield(m)
	})
}

// fetch reads one message.
func (r *reader) fetch(s *splitter, f providers.Folder, file *file, off int64) (m providers.Message, ok bool, err error) {
	err = s.seek(off)
	if err == nil {
		ok, err = s.next()
	}
	if err == nil && (!ok || s.start != off) {
		return m, false, changed(f)
	}
	if err == nil {
		err = r.read(s, false)
	}
	if err != nil {
		return m, false, files.Unreadable(f.ID, err)
	}
	if m.Item, ok = r.item(s, file); !ok {
		return m, false, nil
	}
	if same, err := file.still(); err != nil || !same {
		return m, false, errors.Join(err, changed(f))
	}
	m.Body, err = r.measure.Body(func() (io.Reader, error) {
		again := newSplitter(s.at, s.size, s.style)
		if err := again.seek(off); err != nil {
			return nil, err
		}
		if _, err := again.next(); err != nil {
			return nil, err
		}
		return &told{files.NewLines(again), f.ID}, nil
	})
	if err != nil {
		return m, false, files.Unreadable(f.ID, err)
	}
	return m, true, nil
}

// told is a reader whose errors say which file it is.
type told struct {
	from io.Reader
	name string
}

// Read implements io.Reader.
func (t *told) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = files.Unreadable(t.name, err)
	}
	return n, err
}
