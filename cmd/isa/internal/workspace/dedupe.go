package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/dedupe"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
)

// mailboxesAtOnce is how many mailboxes are searched at once by itself.
const mailboxesAtOnce = 8

// Deduping says what is done about messages that are there more than once.
type Deduping struct {
	To       []string // where copies go, by levels; nil: nowhere
	Agreed   bool     // move them; false: only look
	Shown    *Deduped // what was agreed to: no more than that is moved; nil: all that is found
	Parallel int      // mailboxes at once; 0: 8
}

// Deduped is what members' mailboxes hold more than once.
type Deduped struct {
	Mailboxes   []DedupedMailbox // in the order of writing
	Waiting     []Waiting        // mailboxes that cannot be opened
	Interrupted bool
}

// DedupedMailbox is one of them. With Err, Found is what was found until then.
type DedupedMailbox struct {
	Address, Title string
	dedupe.Found
	Err error
}

// Total adds all mailboxes up.
func (d *Deduped) Total() dedupe.Folder {
	var all dedupe.Found
	for _, m := range d.Mailboxes {
		all.Folders = append(all.Folders, m.Folders...)
	}
	return all.Total()
}

// CopiesFolder reads where copies are to be moved, "보관/중복", and refuses what the
// service does not take as the path of a folder.
func CopiesFolder(text string) ([]string, error) {
	path := strings.Split(norm.NFC.String(strings.TrimSpace(text)), "/")
	for i, level := range path {
		if path[i] = strings.TrimSpace(level); path[i] == "" {
			return nil, fmt.Errorf("--move-to %q is no path of a folder; write the levels with one / between them", text)
		}
	}
	if strings.EqualFold(path[0], "INBOX") {
		path[0] = "INBOX"
	}
	placed := mail.Map([]providers.Folder{{ID: text, Path: path}}, mail.FolderRules{})[0]
	switch {
	case placed.Excluded != "":
		return nil, fmt.Errorf("--move-to %q: the service empties such a folder by itself, or has another use for it; name a folder for copies alone", text)
	case placed.Note != "":
		return nil, fmt.Errorf("--move-to %q: the service does not take the name (%s); %s would do", text, placed.Note, strings.Join(placed.Path, "/"))
	}
	return path, nil
}

// Dedupe searches the mailboxes that were asked for, and moves copies if that was
// agreed to. Meanwhile no pass of isa can move mail.
func (w *Workspace) Dedupe(ctx context.Context, how Deduping) (out *Deduped, err error) {
	st, err := w.Store.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.SameTenant(st); err != nil {
		return nil, err
	}
	chosen, err := w.chosen()
	if err != nil {
		return nil, err
	}
	if how.Agreed {
		l, err := w.openLedger(ctx, st, "mail dedupe")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
	}
	m, err := w.newMover(nil)
	if err != nil {
		return nil, err
	}
	out = &Deduped{}
	targets := map[string]bool{}
	var todo []providers.Target
	for _, one := range chosen {
		t := m.target(one)
		if targets[t.Name()] {
			continue // two migrations into one mailbox
		}
		targets[t.Name()] = true
		if why := shut(st, one); why != "" {
			out.Waiting = append(out.Waiting, Waiting{one.Address, one.Title, why})
			continue
		}
		todo = append(todo, t)
		out.Mailboxes = append(out.Mailboxes, DedupedMailbox{Address: one.Address.String(), Title: one.Title})
	}
	w.dedupeAll(ctx, how, todo, out)
	out.Interrupted = ctx.Err() != nil
	return out, nil
}

// shut says why a mailbox cannot be opened, "" when it can.
func shut(st *state.State, one *mail.Migration) string {
	if one.AppPassword == "" {
		return "the block has no app_password, without which isa cannot open the mailbox"
	}
	return notReady(st, one, providers.StreamInfo{})
}

func (w *Workspace) dedupeAll(ctx context.Context, how Deduping, todo []providers.Target, out *Deduped) {
	show := &dedupeShow{w: w, progress: w.env.Progress(nil)}
	defer show.progress.Close()
	var group errgroup.Group
	group.SetLimit(cmp.Or(how.Parallel, mailboxesAtOnce))
	for i, target := range todo {
		group.Go(func() error {
			box := &out.Mailboxes[i]
			o := dedupe.Options{To: how.To, Look: !how.Agreed}
			if how.Agreed && how.Shown != nil {
				if o.Shown = how.Shown.of(box.Address); o.Shown == nil || o.Shown.Total().Copies == 0 {
					return nil // nothing was agreed to
				}
			}
			var done func(DedupedMailbox)
			o.Observe, done = show.mailbox(*box)
			box.Found, box.Err = dedupe.Run(ctx, target, o)
			done(*box)
			return nil
		})
	}
	_ = group.Wait() // no one of them fails: each notes its own error
}

// of is what was found in a mailbox, nil when it could not be searched.
func (d *Deduped) of(address string) *dedupe.Found {
	for i := range d.Mailboxes {
		if m := &d.Mailboxes[i]; m.Address == address && m.Err == nil {
			return &m.Found
		}
	}
	return nil
}

// dedupeShow shows how far the search is: bars on a terminal, else a line a mailbox.
type dedupeShow struct {
	w        *Workspace
	progress *view.Progress
	mu       sync.Mutex
}

// mailbox begins showing one.
func (s *dedupeShow) mailbox(box DedupedMailbox) (func(dedupe.Progress), func(DedupedMailbox)) {
	if !s.w.env.ErrTerminal {
		return nil, func(now DedupedMailbox) {
			text := fmt.Sprintf("%s found, %s moved", view.Plural(int(now.Total().Copies), "copy"), view.Number(int(now.Total().Moved)))
			if now.Err != nil && diag.ClassOf(now.Err) != diag.Cancelled {
				text = "failed"
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.progress.Line(fmt.Sprintf("%s  %s: %s", view.Line(now.Title), now.Address, text))
		}
	}
	task := s.progress.Task(box.Title, "message", 0)
	return func(p dedupe.Progress) {
			task.Size(p.Bytes)
			task.Set(int(p.Scanned + p.Compared + p.Moved))
		}, func(DedupedMailbox) {
			task.Drop()
		}
}
