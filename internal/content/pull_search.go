package content

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// The search for what a service does not take. A run fails as a whole and says nothing,
// but the log tells where it stopped: what was begun and not ended is sent alone, and
// all else without it. When that was not it, halves are sent: the one that arrives is
// innocent, and so it is the other. What was never proven to be bad is sent together at
// the end, for which a run is kept.

// suspectsMost is how many items may be under way when a run stops for them to be
// suspected together.
const suspectsMost = 8

// search begins the next run among frozen batches: of the oldest search first.
func (p *pulling) search(ctx context.Context, list, open []providers.Batch) error {
	root := open[0].Root
	group := slices.DeleteFunc(slices.Clone(open), func(b providers.Batch) bool { return b.Root != root })
	spent := spent(list, root)
	bad, first, second, rest := sorted(group)
	switch {
	case len(bad)+len(first) > 0 && spent >= p.Rule.Runs-1:
		return p.setAside(ctx, slices.Concat(bad, first, second), spent)
	case len(bad) > 0 && bad[0].Items > 1:
		return p.halve(ctx, bad[0], "it holds something that the service does not take")
	case len(bad) > 0:
		return p.begins(ctx, bad[0])
	case len(first) > 0:
		return p.begins(ctx, first[0])
	case len(rest) > 1:
		return p.merge(ctx, rest)
	case rest[0].ID != root && spent >= p.Rule.Runs:
		return p.giveUp(ctx, rest[0], spent)
	}
	return p.begins(ctx, rest[0])
}

// spent is how many runs a search has taken.
func spent(list []providers.Batch, root string) (n int) {
	for _, b := range list {
		if b.Root == root && !b.Started.IsZero() {
			n++
		}
	}
	return n
}

// sorted tells what is bad, smallest first, the halves of what is, and the rest.
func sorted(group []providers.Batch) (bad, first, second, rest []providers.Batch) {
	isOther := func(b providers.Batch) bool {
		return slices.ContainsFunc(group, func(a providers.Batch) bool { return a.Other == b.ID })
	}
	for _, b := range group {
		switch {
		case b.Bad:
			bad = append(bad, b)
		case slices.ContainsFunc(group, func(a providers.Batch) bool { return b.Other == a.ID }):
			first = append(first, b)
		case isOther(b):
			second = append(second, b)
		default:
			rest = append(rest, b)
		}
	}
	slices.SortStableFunc(bad, func(a, b providers.Batch) int { return int(a.Items - b.Items) })
	return bad, first, second, rest
}

// begins starts a frozen batch. What is not in the spool any more was never offered.
func (p *pulling) begins(ctx context.Context, b providers.Batch) error {
	frozen, err := p.Gateway.Spool.Frozen(b.ID)
	if err != nil {
		return err
	}
	if !frozen {
		return p.drop(ctx, b, "it is no longer in the spool")
	}
	return p.start(ctx, b)
}

// setAside ends a search: what is left of the group that fails is not taken.
func (p *pulling) setAside(ctx context.Context, group []providers.Batch, spent int) error {
	var items int64
	for _, b := range group {
		items += b.Items
	}
	why := fmt.Sprintf("the service gives up a run with this item among %d, and %d runs told no more", items, spent)
	if items == 1 {
		why = "the service gives up each run with this item"
	}
	for _, b := range group {
		if err := p.quarantineAll(ctx, b, why, items == 1); err != nil {
			return err
		}
	}
	return nil
}

// giveUp ends a search that takes too many runs. What is left waits for the next pass.
func (p *pulling) giveUp(ctx context.Context, b providers.Batch, runs int) error {
	if err := p.drop(ctx, b, "too many runs"); err != nil {
		return err
	}
	return &diag.Failure{Class: diag.Conflict, Op: p.t.task.job.Name,
		Detail: fmt.Sprintf("the service gave up %d runs, and %d items are not moved yet", runs, b.Items),
		Fix:    "isa status --failures names what was set aside; the next pass tries the others"}
}

// divide divides a batch whose run was rolled back.
func (p *pulling) divide(ctx context.Context, s *sight) error {
	if s.Items <= 1 {
		return p.quarantineAll(ctx, s.Batch, "the service gave up a run with this item alone", true)
	}
	if s.spent >= p.Rule.Runs {
		return p.giveUp(ctx, s.Batch, s.spent)
	}
	if s.ID != s.Root {
		return p.halve(ctx, s.Batch, "rolled back")
	}
	suspects, err := p.suspects(ctx, s)
	if err != nil {
		return err
	}
	suspected := p.part(s.Batch)
	suspected.Bad = true
	return p.regroup(ctx, []providers.Batch{s.Batch}, []providers.Batch{suspected, p.part(s.Batch)}, "rolled back", func(n uint32) int {
		if suspects[n] {
			return 0
		}
		return 1
	})
}

// suspects are the items that were under way when the run stopped: those that were not
// ended, or the one that was begun last.
func (p *pulling) suspects(ctx context.Context, s *sight) (map[uint32]bool, error) {
	out := map[uint32]bool{}
	var last uint32
	var latest int64
	err := p.batches.Items(ctx, s.ID, func(o providers.Offered) error {
		begun, complete := s.log.At(o.Number)
		if begun.IsZero() {
			return nil
		}
		if complete.IsZero() {
			out[o.Number] = true
		}
		if at := begun.UnixNano(); at >= latest {
			last, latest = o.Number, at
		}
		return nil
	})
	if len(out) == 0 || len(out) > suspectsMost || int64(len(out)) == s.Items {
		out = map[uint32]bool{last: true}
	}
	return out, book(err)
}

// halve divides a batch of which something is not taken.
func (p *pulling) halve(ctx context.Context, b providers.Batch, why string) error {
	var numbers []uint32
	if err := p.batches.Items(ctx, b.ID, func(o providers.Offered) error {
		numbers = append(numbers, o.Number)
		return nil
	}); err != nil {
		return book(err)
	}
	if len(numbers) < 2 {
		return p.quarantineAll(ctx, b, "the service gave up a run with this item alone", true)
	}
	first, second := p.part(b), p.part(b)
	first.Other = second.ID
	middle := numbers[len(numbers)/2]
	return p.regroup(ctx, []providers.Batch{b}, []providers.Batch{first, second}, why, func(n uint32) int {
		if n < middle {
			return 0
		}
		return 1
	})
}

// merge makes one batch of several.
func (p *pulling) merge(ctx context.Context, group []providers.Batch) error {
	return p.regroup(ctx, group, []providers.Batch{p.part(group[0])}, "sent together with others", func(uint32) int { return 0 })
}

// part is a batch of items of another.
func (p *pulling) part(of providers.Batch) providers.Batch {
	return providers.Batch{ID: p.name(), Route: of.Route, Made: of.Made, Root: of.Root}
}

// regroup divides the items of batches among new ones: first in the spool, then in the
// ledger. What a kill leaves between is in the spool only, and is removed.
func (p *pulling) regroup(ctx context.Context, from, to []providers.Batch, why string, which func(number uint32) int) error {
	names := func(group []providers.Batch) (out []string) {
		for _, b := range group {
			out = append(out, b.ID)
		}
		return out
	}
	remove := func(group []providers.Batch) (err error) {
		for _, id := range names(group) {
			err = errors.Join(err, p.Gateway.Spool.Remove(id))
		}
		return err
	}
	if err := p.Gateway.Spool.Regroup(names(from), names(to), which); err != nil {
		return p.full(errors.Join(err, remove(to)))
	}
	end := providers.BatchEnd{Settled: p.t.run.Now(), Note: why}
	if err := p.batches.Regroup(ctx, names(from), to, end, func(o providers.Offered) int { return which(o.Number) }); err != nil {
		return errors.Join(book(err), remove(to))
	}
	p.silent, p.doubted, p.lost = silence{}, false, 0
	return remove(from)
}
