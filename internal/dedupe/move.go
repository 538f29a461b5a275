package dedupe

import (
	"context"
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// moves is how many messages one MOVE takes.
const moves = 500

// move moves the copies of one share, folder by folder.
func (r *run) move(ctx context.Context, sets []copied) error {
	if r.To == nil || r.Look {
		return nil
	}
	for len(sets) > 0 {
		n := slices.IndexFunc(sets, func(c copied) bool { return c.folder != sets[0].folder })
		if n < 0 {
			n = len(sets)
		}
		at := int(sets[0].folder)
		if err := r.agreed(at); err != nil {
			return err
		}
		if err := r.moveFolder(ctx, at, sets[:n]); err != nil {
			return err
		}
		sets = sets[n:]
	}
	return nil
}

// agreed refuses to move more of a folder than was shown.
func (r *run) agreed(at int) error {
	if r.Shown == nil {
		return nil
	}
	now := r.found.Folders[at]
	i := slices.IndexFunc(r.Shown.Folders, func(f Folder) bool { return f.ID == now.ID })
	if i >= 0 && now.Copies <= r.Shown.Folders[i].Copies {
		return nil
	}
	return &diag.Failure{Class: diag.Conflict, Op: "move copies of folder " + name(now.Path), Detail: "it has more copies now than were shown", Fix: "run the command again and look at what it shows"}
}

// moveFolder moves the copies of a folder: those that are still there beside the
// message that stays.
func (r *run) moveFolder(ctx context.Context, at int, sets []copied) error {
	f := r.folders[at]
	before, err := r.there(ctx, f, sets)
	if err != nil {
		return err
	}
	var ready []copied
	for _, c := range sets {
		if before[c.copy] && before[c.stays] {
			ready = append(ready, c)
		}
	}
	for part := range slices.Chunk(ready, moves) {
		if err = r.moveSome(ctx, f, part); err != nil {
			break
		}
	}
	return joined(err, r.count(ctx, at, f, ready, err))
}

// moveSome moves some copies. After a failure they are looked for again first.
func (r *run) moveSome(ctx context.Context, f providers.Folder, part []copied) error {
	again := false
	return r.link.do(ctx, func(w providers.Writer) error {
		to, err := r.destination(ctx, w)
		if err != nil {
			return err
		}
		now := map[string]bool{}
		if again {
			if now, err = thereNow(ctx, w, f, part); err != nil {
				return err
			}
		}
		var items []providers.Item
		for _, c := range part {
			if !again || now[c.copy] && now[c.stays] {
				items = append(items, providers.Item{Key: c.copy})
			}
		}
		again = true
		if len(items) == 0 {
			return nil
		}
		_, err = w.Move(ctx, f, items, to)
		return err
	})
}

// destination is the folder that copies go to, made if it is missing.
func (r *run) destination(ctx context.Context, w providers.Writer) (providers.Folder, error) {
	if r.found.Made.ID != "" {
		return r.found.Made, nil
	}
	to, err := w.Create(ctx, r.To, "")
	if err != nil {
		return to, err
	}
	if to.Use != "" || slices.ContainsFunc(r.folders, func(f providers.Folder) bool { return f.ID == to.ID }) {
		return to, &diag.Failure{Class: diag.Conflict, Op: "move copies", Detail: fmt.Sprintf("the server has %s for a folder of mail", name(r.To)), Fix: "name another folder"}
	}
	r.found.Made = to
	return to, nil
}

// count counts what was moved. After a failure it tries once to find out.
func (r *run) count(ctx context.Context, at int, f providers.Folder, ready []copied, failed error) error {
	if len(ready) == 0 || failed != nil && r.link.w == nil {
		return nil
	}
	after, err := r.there(ctx, f, ready)
	if err != nil {
		return err
	}
	for _, c := range ready {
		if !after[c.copy] {
			r.found.Folders[at].Moved++
			r.done.Moved++
		}
	}
	r.tell()
	return nil
}

// there is which messages of sets are in a folder, and not marked as deleted.
func (r *run) there(ctx context.Context, f providers.Folder, sets []copied) (out map[string]bool, err error) {
	err = r.link.do(ctx, func(w providers.Writer) error {
		out, err = thereNow(ctx, w, f, sets)
		return err
	})
	return out, err
}

func thereNow(ctx context.Context, w providers.Writer, f providers.Folder, sets []copied) (map[string]bool, error) {
	asked := make(map[string]bool, 2*len(sets))
	first := ""
	for _, c := range sets {
		asked[c.copy], asked[c.stays] = false, false
		if first == "" || c.stays < first {
			first = c.stays
		}
	}
	if len(sets) == 0 {
		return asked, nil
	}
	_, err := w.Scan(ctx, f, providers.Scan{From: first}, func(it providers.Item) error {
		if _, ok := asked[it.Key]; ok && !deleted(it.Flags) {
			asked[it.Key] = true
		}
		return ctx.Err()
	})
	return asked, err
}
