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
}

// differs notes an item whose flags changed since they were written.
func (v *visit) differs(it providers.Item, r providers.Record) {
	if v.live() || v.f.to.Excluded != "" || r.Target == "" || r.Target == unkeyed || slices.Equal(it.Flags, r.Flags) {
		return
	}
	if r.Outcome == providers.Copied || r.Outcome == providers.Adopted {
		v.flagged = append(v.flagged, flagged{r, it.Flags})
	}
}

// flags replaces, at the target, the flags that differ.
func (v *visit) flags(ctx context.Context) error {
	if len(v.flagged) == 0 || v.live() {
		return nil
	}
	if err := v.resolve(ctx); err != nil {
		return err
	}
	for chunk := range slices.Chunk(v.flagged, lookup/2) {
		items := make([]providers.Item, len(chunk))
		records := make([]providers.Record, len(chunk))
		for i, c := range chunk {
			items[i] = providers.Item{Key: c.record.Target, Flags: c.flags, Size: c.record.Size, Date: c.record.Date}
			records[i] = c.record
			records[i].Flags = c.flags
		}
		err := v.dst.do(ctx, func(w adder) error {
			c, ok := w.(changer)
			if !ok {
				return impossible("flags", "a live mailbox is not changed")
			}
			return c.Flag(ctx, v.target, items)
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
	v.flagged = v.flagged[:0]
	return nil
}
