package content

import (
	"context"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// useless reports whether nobody needs what a spool has of a batch of a stream any more.
// known is what the ledger has of the batch; nil: nothing. What it does not know and
// somebody was given a password for may have been fetched, until a complete pass has
// looked since what is in the mailbox.
func useless(s *spool.Spool, id string, known *providers.Batch, of providers.StreamInfo) (bool, error) {
	if known != nil {
		return known.State == providers.Settled, nil
	}
	promised, err := s.Promised(id)
	return !promised.After(of.Passed), err
}

// find returns the batch of that ID, nil when there is none.
func find(list []providers.Batch, id string) *providers.Batch {
	i := slices.IndexFunc(list, func(b providers.Batch) bool { return b.ID == id })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// Sweep removes from a spool what streams of this ledger left in it and nobody needs: what
// is in no batch any more, since a route was changed or a job is no more, and, where no
// gateway serves the spool, batches that nobody was asked to fetch; these are taken back,
// and moved by another way. What is of the streams in older stays: the ledger is known not
// to know all of them. It must not be called while a pass is under way.
//
// It returns the streams, by name, that a spool without a gateway has batches of whose run
// is not settled: they stay, since their logs are needed to find out what arrived.
func Sweep(ctx context.Context, l providers.Ledger, s *spool.Spool, served bool, older map[string]bool) (unsettled []string, err error) {
	there, err := s.List("")
	if err != nil || len(there) == 0 {
		return nil, err
	}
	id, _, err := l.Identity(ctx)
	if err != nil {
		return nil, err
	}
	streams, err := l.Streams(ctx)
	if err != nil {
		return nil, err
	}
	for _, about := range streams {
		if older[about.Name] {
			continue
		}
		w := sweeping{s, about, prefixOf(id, about), served}
		started, err := w.stream(ctx, l, there)
		if err != nil {
			return unsettled, err
		}
		if started && !served {
			unsettled = append(unsettled, about.Name)
		}
	}
	return unsettled, nil
}

// sweeping removes what of a stream is useless.
type sweeping struct {
	spool  *spool.Spool
	of     providers.StreamInfo
	prefix string
	served bool
}

// stream goes over the directories of a spool. It reports whether there are batches whose
// run is not settled.
func (w sweeping) stream(ctx context.Context, l providers.Ledger, there []string) (started bool, err error) {
	stream, err := l.Stream(ctx, w.of)
	if err != nil {
		return false, err
	}
	batches := stream.Batches()
	list, err := batches.List(ctx)
	if err != nil {
		return false, err
	}
	for _, dir := range there {
		known := find(list, dir)
		if known == nil && !strings.HasPrefix(dir, w.prefix) {
			continue
		}
		if known != nil && !w.served && (known.State == providers.Filling || known.State == providers.Frozen) {
			if err := batches.Settle(ctx, dir, providers.BatchEnd{Note: "taken back: its gateway is no more"}, pending); err != nil {
				return started, err
			}
			known.State = providers.Settled
		}
		started = started || known != nil && known.State == providers.Started
		gone, err := useless(w.spool, dir, known, w.of)
		if err == nil && gone {
			err = w.spool.Remove(dir)
		}
		if err != nil {
			return started, err
		}
	}
	return started, nil
}
