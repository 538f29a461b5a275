package content

import (
	"context"

	"github.com/isaworks/isa/providers"
)

// filed settles the items that were filed elsewhere at the source after they were put,
// and have stayed in the folder of the target where they were: the ledger knows which
// that is, and under which keys they are there. They have arrived there, and are not
// extra. Of those that are not there any more it notes whether they were.
func (c *comparison) filed(ctx context.Context) error {
	byRow := map[*row]map[string]*stray{}
	for i := range c.astray {
		if s := &c.astray[i]; !s.found && s.target == unkeyed {
			if byRow[s.row] == nil {
				byRow[s.row] = map[string]*stray{}
			}
			byRow[s.row][s.key] = s
		}
	}
	in := map[shelfMark]map[string]*stray{}
	for r, some := range byRow {
		led, err := c.stream.Folder(ctx, r.folder.Folder)
		if err != nil {
			return book(err)
		}
		keys := make([]string, 0, len(some))
		for key := range some {
			keys = append(keys, key)
		}
		if err := led.Strays(ctx, keys, func(s providers.Stray) error {
			if s.Key == "" {
				return nil
			}
			at := shelfMark{s.In.ID, s.In.Epoch}
			if in[at] == nil {
				in[at] = map[string]*stray{}
			}
			in[at][s.Key] = some[s.Record.Key]
			return nil
		}); err != nil {
			return book(err)
		}
	}
	for at, some := range in {
		f, ok := c.shelf.byID(at.id)
		if ok && f.Epoch != at.epoch {
			continue
		}
		if !ok {
			var err error
			if f.Path, err = c.pathOf(ctx, at.id); err != nil {
				return err
			}
		}
		for key, s := range some {
			s.put, s.in = !ok || gave(f, key), f.Path
		}
		if !ok {
			continue
		}
		if err := c.stayed(ctx, f, some); err != nil {
			return err
		}
	}
	return nil
}

// stayed settles items, by the keys they have in a folder of the target, where they stayed.
func (c *comparison) stayed(ctx context.Context, f providers.Folder, some map[string]*stray) error {
	ask := make(map[string]bool, len(some))
	for key := range some {
		ask[key] = true
	}
	still := map[string]there{}
	if err := c.stillThere(ctx, c.dst, f, ask, func(it providers.Item) { still[it.Key] = thereOf(it) }); err != nil {
		return err
	}
	pairs := map[*row][]pair{}
	for key, t := range still {
		s := some[key]
		s.found = true
		s.row.arrived(t, s.size, s.date, s.flags)
		if s.row.stayed == nil {
			s.row.stayed = map[string]int64{}
		}
		s.row.stayed[f.ID]++
		if c.how.sampled(s.key) {
			pairs[s.row] = append(pairs[s.row], pair{providers.Item{Key: s.key, Size: s.size, Date: s.date}, providers.Item{Key: key, Size: t.size, Date: s.date}, s.print.Body, func() {
				s.found = false
				s.row.left(t)
				s.row.stayed[f.ID]--
			}})
		}
	}
	for r, some := range pairs {
		if err := c.bytes(ctx, r, f, some); err != nil {
			return err
		}
	}
	return nil
}

// pathOf is where a folder of the target was that is gone.
func (c *comparison) pathOf(ctx context.Context, id string) ([]string, error) {
	records, err := c.stream.Folders(ctx)
	if err != nil {
		return nil, book(err)
	}
	for _, r := range records {
		if r.Target.ID == id {
			return r.Target.Path, nil
		}
	}
	return nil, nil
}
