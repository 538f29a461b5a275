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
func (g *gatewayRoute) search(ctx context.Context, list, open []providers.Batch) error {
	root := open[0].Root
	group := slices.DeleteFunc(slices.Clone(open), func(b providers.Batch) bool { return b.Root != root })
	spent := spent(list, root)
	bad, first, second, rest := sorted(group)
	switch {
	case len(bad)+len(first) > 0 && spent >= g.Rule.Runs-1:
		return g.setAside(ctx, slices.Concat(bad, first, second), spent)
	case len(bad) > 0 && bad[0].Items > 1:
		return g.halve(ctx, bad[0], "it holds something that the service does not take")
	case len(bad) > 0:
		return g.start(ctx, bad[0])
	case len(first) > 0:
		return g.start(ctx, first[0])
	case len(rest) > 1:
		return g.merge(ctx, rest)
	case rest[0].ID != root && spent >= g.Rule.Runs:
		return g.giveUp(ctx, rest[0], spent)
	}
	return g.start(ctx, rest[0])
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

// setAside ends a search: what is left of the group that fails is not taken.
func (g *gatewayRoute) setAside(ctx context.Context, group []providers.Batch, spent int) error {
	var items int64
	for _, b := range group {
		items += b.Items
	}
	why := fmt.Sprintf("the service gives up a run with this item among %d, and %d runs told no more", items, spent)
	if items == 1 {
		why = "the service gives up each run with this item"
	}
	for _, b := range group {
		if err := g.quarantineAll(ctx, b, why, items == 1); err != nil {
			return err
		}
	}
	return nil
}

// giveUp ends a search that takes too many runs. What is left waits for the next pass.
func (g *gatewayRoute) giveUp(ctx context.Context, b providers.Batch, runs int) error {
	if err := g.drop(ctx, b, "too many runs"); err != nil {
		return err
	}
	return &diag.Failure{Class: diag.Conflict, Op: g.t.task.job.Name,
		Detail: fmt.Sprintf("the service gave up %d runs, and %d items are not moved yet", runs, b.Items),
		Fix:    "isa status --failures names what was set aside; the next pass tries the others"}
}

// divide divides a batch whose run was rolled back.
func (g *gatewayRoute) divide(ctx context.Context, s *sight) error {
	if s.Items <= 1 {
		return g.quarantineAll(ctx, s.Batch, "the service gave up a run with this item alone", true)
	}
	if s.spent >= g.Rule.Runs {
		return g.giveUp(ctx, s.Batch, s.spent)
	}
	if s.ID != s.Root {
		return g.halve(ctx, s.Batch, "rolled back")
	}
	suspects, err := g.suspects(ctx, s)
	if err != nil {
		return err
	}
	suspected := g.part(s.Batch)
	suspected.Bad = true
	return g.regroup(ctx, []providers.Batch{s.Batch}, []providers.Batch{suspected, g.part(s.Batch)}, "rolled back", func(n uint32) int {
		if suspects[n] {
			return 0
		}
		return 1
	})
}

// suspects are the items that were under way when the run stopped: those that were not
// ended, or the one that was begun last.
func (g *gatewayRoute) suspects(ctx context.Context, s *sight) (map[uint32]bool, error) {
	out := map[uint32]bool{}
	var last uint32
	var latest int64
	err := g.batches.Items(ctx, s.ID, func(o providers.Offered) error {
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
func (g *gatewayRoute) halve(ctx context.Context, b providers.Batch, why string) error {
	var numbers []uint32
	if err := g.batches.Items(ctx, b.ID, func(o providers.Offered) error {
		numbers = append(numbers, o.Number)
		return nil
	}); err != nil {
		return book(err)
	}
	if len(numbers) < 2 {
		return g.quarantineAll(ctx, b, "the service gave up a run with this item alone", true)
	}
	first, second := g.part(b), g.part(b)
	first.Other = second.ID
	middle := numbers[len(numbers)/2]
	return g.regroup(ctx, []providers.Batch{b}, []providers.Batch{first, second}, why, func(n uint32) int {
		if n < middle {
			return 0
		}
		return 1
	})
}

// merge makes one batch of several.
func (g *gatewayRoute) merge(ctx context.Context, group []providers.Batch) error {
	return g.regroup(ctx, group, []providers.Batch{g.part(group[0])}, "sent together with others", func(uint32) int { return 0 })
}

// part is a batch of items of another.
func (g *gatewayRoute) part(of providers.Batch) providers.Batch {
	return providers.Batch{ID: g.id(), Route: of.Route, Made: of.Made, Root: of.Root}
}

// regroup divides the items of batches among new ones: first in the spool, then in the
// ledger. What a kill leaves between is in the spool only, and is removed.
func (g *gatewayRoute) regroup(ctx context.Context, from, to []providers.Batch, why string, which func(number uint32) int) error {
	names := func(group []providers.Batch) (out []string) {
		for _, b := range group {
			out = append(out, b.ID)
		}
		return out
	}
	remove := func(group []providers.Batch) (err error) {
		for _, id := range names(group) {
			err = errors.Join(err, g.Gateway.Spool.Remove(id))
		}
		return err
	}
	if err := g.Gateway.Spool.Regroup(names(from), names(to), which); err != nil {
		return g.full(errors.Join(err, remove(to)))
	}
	end := providers.BatchEnd{Settled: g.t.run.Now(), Note: why}
	if err := g.batches.Regroup(ctx, names(from), to, end, func(o providers.Offered) int { return which(o.Number) }); err != nil {
		return errors.Join(book(err), remove(to))
	}
	g.lost = 0
	g.anew()
	return remove(from)
}
