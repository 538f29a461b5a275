//go:build unix

package imap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/imap"
)

// account is a user's mailbox on a test server.
func account(s *mailtest.Server, user string) imap.Account {
	return imap.Account{Addr: s.IMAP, Security: imap.Plain, User: user, Secret: secret(mailtest.Password)}
}

func secret(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

func reading(t *testing.T, a imap.Account) providers.Reader {
	t.Helper()
	r, err := imap.Origin(a).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func writing(t *testing.T, a imap.Account) providers.Writer {
	t.Helper()
	w, err := imap.Target(a, providers.Limits{}).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// scan returns all that a Scan yields.
func scan(ctx context.Context, r providers.Reader, f providers.Folder, what providers.Scan) ([]providers.Item, providers.Folder, error) {
	var items []providers.Item
	now, err := r.Scan(ctx, f, what, func(it providers.Item) error {
		items = append(items, it)
		return nil
	})
	return items, now, err
}

// folder finds a folder by its path.
func folder(t *testing.T, r providers.Reader, path ...string) providers.Folder {
	t.Helper()
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if len(f.Path) == len(path) && join(f.Path) == join(path) {
			return f
		}
	}
	t.Fatalf("no folder %q in %v", path, folders)
	return providers.Folder{}
}

func join(path []string) string {
	var b bytes.Buffer
	for _, level := range path {
		b.WriteString(level + "\x00")
	}
	return b.String()
}

// copied is where a message went.
type copied struct {
	source providers.Item
	folder providers.Folder
	id     string
}

// move copies whatever the source serves, in batches as the target wants them.
func move(ctx context.Context, r providers.Reader, w providers.Writer) ([]copied, error) {
	folders, err := r.Folders(ctx)
	if err != nil {
		return nil, err
	}
	var all []copied
	for _, f := range folders {
		if f.Unserved != "" {
			continue
		}
		to, err := w.Create(ctx, f.Path, f.Use)
		if err != nil {
			return all, err
		}
		items, _, err := scan(ctx, r, f, providers.Scan{})
		if err != nil {
			return all, err
		}
		var batch []providers.Message
		put := func() error {
			out, err := w.Put(ctx, to, batch)
			if err == nil && len(out) != len(batch) {
				err = errors.New("not as many deliveries as messages")
			}
			for i, d := range out {
				all = append(all, copied{batch[i].Item, to, d.ID})
			}
			batch = batch[:0]
			return err
		}
		if err := r.Fetch(ctx, f, items, func(m providers.Message) error {
			body, err := io.ReadAll(m.Body)
			if err != nil {
				return err
			}
			m.Body = bytes.NewReader(body)
			if batch = append(batch, m); len(batch) == w.Limits().Batch {
				return put()
			}
			return nil
		}); err != nil {
			return all, err
		}
		if err := put(); err != nil {
			return all, err
		}
	}
	return all, nil
}
