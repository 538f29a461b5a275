package ledger

import (
	"context"
	"fmt"

	"github.com/isaworks/isa/internal/diag"
)

// Renaming is a stream that is known by another name from now on, or whose target has
// another name.
type Renaming struct {
	From, To string
	Target   string // what the same target is called now; "": as before
}

// Rename gives streams other names, with all that is remembered of them, all of them or
// none: names may be exchanged. It is durable when it returns. A name that is not known
// changes nothing; one that a stream has which keeps it is diag.Conflict.
func (l *Ledger) Rename(ctx context.Context, list ...Renaming) error {
	leaving := map[string]bool{}
	var known []Renaming
	var streams []*stream
	for _, r := range list {
		s, err := l.stream(ctx, r.From)
		if err != nil {
			return err
		}
		if s == nil || leaving[r.From] {
			continue
		}
		if r.Target == "" {
			r.Target = s.Info().Target
		}
		if r.From == r.To && r.Target == s.Info().Target {
			continue
		}
		leaving[r.From], known, streams = true, append(known, r), append(streams, s)
	}
	if len(known) == 0 {
		return nil
	}
	taken := map[string]bool{}
	for _, r := range known {
		other, err := l.stream(ctx, r.To)
		if err != nil {
			return err
		}
		if taken[r.To] || other != nil && !leaving[r.To] {
			return refuse(diag.Conflict, r.From+" cannot become "+r.To+", which is known as another mailbox", "give the block another label")
		}
		taken[r.To] = true
	}
	return l.write(ctx, true, func(tx *txn) error {
		tx.changed = true
		for _, s := range streams { // out of the way of each other
			if err := tx.change(sqlRename, fmt.Sprintf("\x00%d", s.id), s.Info().Target, s.id); err != nil {
				return err
			}
		}
		for i, s := range streams {
			if err := tx.change(sqlRename, known[i].To, known[i].Target, s.id); err != nil {
				return err
			}
		}
		tx.then(func() { l.renamed(streams, known) })
		return nil
	})
}

// renamed brings the streams that are in use up to date.
func (l *Ledger) renamed(streams []*stream, known []Renaming) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range known {
		delete(l.streams, r.From)
	}
	for i, s := range streams {
		s.mu.Lock()
		s.info.Name, s.info.Target = known[i].To, known[i].Target
		s.mu.Unlock()
		l.streams[known[i].To] = s
	}
}
