package imap

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

const (
	fetchItems = 200     // messages asked for at once, at most
	fetchBytes = 4 << 20 // bytes asked for at once, unless one message is larger
)

// fetching is a Fetch under way.
type fetching struct {
	r     *reader
	f     providers.Folder
	verb  string
	yield func(providers.Message) error
	uids  []uint32 // ascending
	items map[uint32]*wanted
	alone []*wanted // to be asked for one by one
	first error     // why the first of those that cannot be read cannot
}

// wanted is a message that was asked for.
type wanted struct {
	uid   uint32
	item  providers.Item
	done  bool
	empty bool              // the server told of it, but gave NIL for its bytes
	known *imapwire.Message // what was told before its bytes came too early
}

// Fetch implements providers.Reader. Flags and date of the items are what they are
// now. Messages that the server refuses to hand over are tried alone; those that it
// never does end in a failure of class Invalid after all others were yielded.
func (r *reader) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	if len(items) == 0 {
		return nil
	}
	g := fetching{r: r, f: f, verb: r.verb, yield: yield, items: make(map[uint32]*wanted, len(items))}
	for _, it := range items {
		uid, err := uidOf(it.Key)
		if err != nil {
			return err
		}
		if g.items[uid] == nil {
			g.uids = append(g.uids, uid)
		}
		g.items[uid] = &wanted{uid: uid, item: it}
	}
	slices.Sort(g.uids)
	if now := r.conn.Selected(); now != nil && now.Name == f.ID {
		if err := fits(f, now); err != nil {
			return err
		}
		g.verb = ""
	}
	if err := g.together(ctx); err != nil {
		return disown(err)
	}
	for _, w := range g.alone {
		if err := g.one(ctx, w); err != nil {
			return disown(err)
		}
	}
	return g.first
}

// together asks for all messages in windows.
func (g *fetching) together(ctx context.Context) error {
	for try := 1; ; try++ {
		err := g.series(ctx, g.windows(), nil, g.answered)
		if err == nil || try == attempts || !passing(err) {
			return err
		}
	}
}

func (g *fetching) series(ctx context.Context, sets iter.Seq[imapwire.Set], known *imapwire.Message, answered func(imapwire.Set, error) error) error {
	err := g.r.conn.Fetch(ctx, imapwire.Fetch{
		Verb: g.verb, Folder: g.f.ID, Sets: sets, Known: known, Items: imapwire.Items{Body: true}, Yield: g.take, Answered: answered,
		Opened: func(now *imapwire.Mailbox) error {
			if g.verb == "" {
				return nil
			}
			return fits(g.f, now)
		},
	})
	if now := g.r.conn.Selected(); now != nil && now.Name == g.f.ID {
		g.verb = ""
	}
	return err
}

// windows are sets of at most fetchItems messages and fetchBytes.
func (g *fetching) windows() iter.Seq[imapwire.Set] {
	return func(yield func(imapwire.Set) bool) {
		uids := g.uids
		for len(uids) > 0 {
			n, size := 0, int64(0)
			for n < len(uids) && n < fetchItems {
				if size += g.items[uids[n]].item.Size; n > 0 && size > fetchBytes {
					break
				}
				n++
			}
			if !yield(imapwire.SetOf(uids[:n])) {
				return
			}
			uids = uids[n:]
		}
	}
}

// take hands on one message.
func (g *fetching) take(m *imapwire.Message) error {
	w := g.items[m.UID]
	if w == nil || w.done {
		return nil
	}
	if w.empty = m.Length < 0; w.empty {
		return nil
	}
	if m.Body == nil {
		w.known = imapwire.Describe(m.UID, m.Flags, m.Date)
		return nil
	}
	it := w.item
	it.Size = m.Length
	if m.Flags != nil {
		it.Flags = m.Flags
	}
	if !m.Date.IsZero() {
		it.Date = m.Date
	}
	if err := g.yield(providers.Message{Item: it, Body: m.Body}); err != nil {
		return own{err}
	}
	w.done = true
	return nil
}

// answered notes which messages of a window have to be asked for alone: those whose
// bytes came too early, those without bytes, and all that are missing after a refusal.
func (g *fetching) answered(set imapwire.Set, err error) error {
	if err != nil && !passing(err) {
		return err
	}
	for _, r := range set {
		for uid := r.From; uid <= r.To; uid++ {
			if w := g.items[uid]; !w.done && (err != nil || w.known != nil || w.empty) {
				g.alone = append(g.alone, w)
			}
		}
	}
	return nil
}

// one asks for a single message. Only a connection that broke, a limit or yield ends
// the Fetch; a message that cannot be read is noted.
func (g *fetching) one(ctx context.Context, w *wanted) error {
	var refusal error
	for range attempts {
		refusal, w.empty = nil, false
		only := func(yield func(imapwire.Set) bool) { yield(imapwire.SetOf([]uint32{w.uid})) }
		err := g.series(ctx, only, w.known, func(_ imapwire.Set, err error) error {
			refusal = err
			return nil
		})
		switch {
		case err != nil && !passing(err):
			return err
		case err != nil:
			refusal = err
		case w.done || refusal == nil && !w.empty:
			return nil // handed over, or gone
		case refusal != nil && !passing(refusal):
			return refusal
		}
	}
	if g.first == nil {
		g.first = &diag.Failure{Class: diag.Invalid, Op: "read message " + key(w.uid) + " of folder " + imapwire.ReadName(g.f.ID),
			Detail: "the server does not hand it over", Err: cause(refusal)}
	}
	return nil
}

// cause is the server's words in an error, or the error.
func cause(err error) error {
	var refused *imapwire.Refusal
	if errors.As(err, &refused) {
		return refused
	}
	if err == nil {
		return errors.New("it gives NIL for its bytes")
	}
	return err
}
