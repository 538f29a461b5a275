package content

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/isaworks/isa/providers"
)

// moves follows folders that have another name at the source, or are to have another
// name at the target.
func (t *turn) moves(ctx context.Context, src *link[providers.Reader], dst *link[adder], p *plan) error {
	fresh := slices.Clone(p.folders)
	slices.SortStableFunc(fresh, func(a, b *folder) int { return cmp.Compare(len(a.Path), len(b.Path)) })
	moved := false
	for _, f := range fresh {
		was, err := t.former(ctx, src, p, f)
		if err != nil {
			return err
		}
		if was == nil && f.known.ID != "" && f.known.Made && !t.live() && f.to.Excluded == "" && f.to.Use == "" && !samePath(f.known.Target.Path, f.to.Path) {
			was = &f.known // another path is wanted
		}
		if was == nil {
			continue
		}
		if err := t.move(ctx, dst, f, *was); err != nil {
			return err
		}
		moved = true
	}
	if !moved {
		return nil
	}
	records, err := t.stream.Folders(ctx)
	if err != nil {
		return book(err)
	}
	return t.arrange(p, records)
}

// former finds the folder that f was before it was renamed: it is gone, or another
// one has its name.
func (t *turn) former(ctx context.Context, src *link[providers.Reader], p *plan, f *folder) (*providers.FolderRecord, error) {
	if f.known.ID != "" || f.Epoch == "" || f.Items == 0 {
		return nil, nil
	}
	for i, g := range p.former {
		if g.Epoch != f.Epoch || total(g.Sums).Items == 0 || f.Next > 0 && g.Next > f.Next {
			continue
		}
		same, err := t.same(ctx, src, f, g)
		if err != nil {
			return nil, err
		}
		if same {
			p.former = slices.Delete(p.former, i, i+1)
			return &g, nil
		}
	}
	return nil, nil
}

// same reports whether a folder holds what was recorded of another. Epochs alone
// prove nothing: some servers give one to all folders.
func (t *turn) same(ctx context.Context, src *link[providers.Reader], f *folder, g providers.FolderRecord) (bool, error) {
	var items []providers.Item
	err := src.do(ctx, func(r providers.Reader) error {
		items = items[:0]
		_, err := r.Scan(ctx, f.Folder, providers.Scan{Prints: true, Without: f.without}, func(it providers.Item) error {
			if len(items) >= lookup {
				return errWindow
			}
			items = append(items, it)
			return nil
		})
		return err
	})
	if err != nil && !errors.Is(err, errWindow) {
		return false, err
	}
	led, err := t.stream.Folder(ctx, g.Folder)
	if err != nil {
		return false, book(err)
	}
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	known, err := led.Known(ctx, keys)
	if err != nil {
		return false, book(err)
	}
	same := 0
	for _, it := range items {
		r, ok := known[it.Key]
		if !ok {
			continue
		}
		if !alike(it, r) {
			return false, nil
		}
		same++
	}
	return same > 0, nil
}

// alike reports whether an item may be the one that was recorded.
func alike(it providers.Item, r providers.Record) bool {
	if r.Print.Head != [16]byte{} {
		return r.Print.Head == it.Print.Head
	}
	return r.Date.Equal(it.Date) && (it.Size < 0 || r.Size == it.Size)
}

// move records that f is what was is known as, and renames the folder of the target
// that isa made for it.
func (t *turn) move(ctx context.Context, dst *link[adder], f *folder, was providers.FolderRecord) error {
	led, err := t.stream.Folder(ctx, was.Folder)
	if err != nil {
		return book(err)
	}
	target := was.Target
	report := &t.task.report
	if target.ID != "" && !t.live() && was.Made && f.to.Excluded == "" && f.to.Use == "" && !samePath(target.Path, f.to.Path) {
		now, renamed, right, err := t.shelf.rename(ctx, dst, target, f.to)
		if err != nil {
			return err
		}
		if renamed {
			report.Renamed++
		}
		if right {
			// Epoch and mark stay those of the last Begin: what changed is found out there.
			target.ID = now.ID
		} else {
			report.remark(&report.Notes, f.Folder, "its folder at the target keeps the name "+strings.Join(target.Path, "/"))
		}
		target.Path = f.to.Path
	}
	now := f.Folder
	now.Epoch, now.Mark, now.Next, now.Items, now.Bytes = was.Epoch, was.Mark, was.Next, was.Items, was.Bytes
	return book(led.Moved(ctx, now, target))
}
