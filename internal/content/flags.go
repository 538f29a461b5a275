package content

import (
	"context"
	"slices"

	"github.com/isaworks/isa/providers"
)

// flagged is an item whose flags at the target are not those of the source.
type flagged struct {
	record providers.Record
	flags  []string
	key    string // at the target
}

// shelfMark is a folder of the target in an epoch.
type shelfMark struct{ id, epoch string }

// differs notes an item whose flags changed since they were written.
func (v *visit) differs(it providers.Item, r providers.Record) {
	if v.live() || v.f.to.Excluded != "" || r.Target == "" || slices.Equal(it.Flags, r.Flags) {
		return
	}
	if r.Outcome == providers.Copied || r.Outcome == providers.Adopted {
		v.flagged = append(v.flagged, flagged{record: r, flags: it.Flags})
	}
}

// flags replaces, at the target, the flags that differ.
func (v *visit) flags(ctx context.Context) error {
	if len(v.flagged) == 0 || v.live() {
		return nil
	}
	where, err := v.whereabouts(ctx)
	if err != nil {
		return err
	}
	if here := where[shelfMark{}]; len(here) > 0 {
		if err := v.resolve(ctx); err != nil {
			return err
		}
		delete(where, shelfMark{})
		where[shelfMark{v.target.ID, v.target.Epoch}] = here
	}
	for in, some := range where {
		if err := v.flag(ctx, in, some); err != nil {
			return err
		}
	}
	v.flagged = v.flagged[:0]
	return nil
}

// whereabouts sorts what differs by the folder of the target that holds it, with none
// for the visit's own, and fills in the keys there. What is under a key that cannot be
// told is left out.
func (v *visit) whereabouts(ctx context.Context) (map[shelfMark][]flagged, error) {
	where := map[shelfMark][]flagged{}
	var keys []string
	odd := map[string]flagged{}
	for _, c := range v.flagged {
		if c.record.Target != unkeyed {
			c.key = c.record.Target
			where[shelfMark{}] = append(where[shelfMark{}], c)
			continue
		}
		keys, odd[c.record.Key] = append(keys, c.record.Key), c
	}
	if len(keys) == 0 {
		return where, nil
	}
	err := v.led.Strays(ctx, keys, func(s providers.Stray) error {
		if s.Key == "" {
			return nil
		}
		c := odd[s.Record.Key]
		c.key = s.Key
		in := shelfMark{s.In.ID, s.In.Epoch}
		where[in] = append(where[in], c)
		return nil
	})
	return where, book(err)
}

// flag replaces the flags of items in one folder of the target.
func (v *visit) flag(ctx context.Context, in shelfMark, all []flagged) error {
	f, there, err := v.shelf.there(ctx, v.dst, providers.Folder{ID: in.id, Epoch: in.epoch})
	if err != nil || !there {
		return err
	}
	for chunk := range slices.Chunk(all, lookup/2) {
		items := make([]providers.Item, len(chunk))
		records := make([]providers.Record, len(chunk))
		for i, c := range chunk {
			items[i] = providers.Item{Key: c.key, Flags: c.flags, Size: c.record.Size, Date: c.record.Date}
			records[i] = c.record
			records[i].Flags = c.flags
		}
		err := v.dst.do(ctx, func(w adder) error {
			c, ok := w.(changer)
			if !ok {
				return impossible("flags", "a live mailbox is not changed")
			}
			return c.Flag(ctx, f, items)
		})
		if err != nil {
			return err
		}
		if err := v.led.Settle(ctx, records); err != nil {
			return book(err)
		}
		v.task.mu.Lock()
		v.task.report.Flags += int64(len(chunk))
		v.task.mu.Unlock()
		v.run.count(v.task, func(c *Counts) { c.Flags += int64(len(chunk)) })
		v.run.tell(v.task, Event{Kind: Progress, Folder: v.f.Path})
	}
	return nil
}
