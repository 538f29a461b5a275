package content

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// Sweep removes from a spool what streams of this ledger left in it that is in no batch
// any more: of routes that were changed, and of jobs that are no more. It must not be
// called while a pass is under way.
func Sweep(ctx context.Context, l providers.Ledger, s *spool.Spool) error {
	there, err := s.List("")
	if err != nil || len(there) == 0 {
		return err
	}
	id, _, err := l.Identity(ctx)
	if err != nil {
		return err
	}
	streams, err := l.Streams(ctx)
	if err != nil {
		return err
	}
	by := make(map[string]providers.StreamInfo, len(streams))
	for _, info := range streams {
		by[prefixOf(id, info.Name)] = info
	}
	left := map[string][]string{} // directories by stream
	for _, dir := range there {
		prefix, _, _ := strings.Cut(dir, "-")
		if info, ours := by[prefix+"-"]; ours {
			left[info.Name] = append(left[info.Name], dir)
		}
	}
	for _, info := range streams {
		if err := sweep(ctx, l, s, info, left[info.Name]); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes what a stream has no use for.
func sweep(ctx context.Context, l providers.Ledger, s *spool.Spool, about providers.StreamInfo, left []string) error {
	if len(left) == 0 {
		return nil
	}
	stream, err := l.Stream(ctx, about)
	if err != nil {
		return err
	}
	list, err := stream.Batches().List(ctx)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, b := range list {
		keep[b.ID] = b.State != providers.Settled
	}
	for _, id := range left {
		if keep[id] {
			continue
		}
		if err := s.Remove(id); err != nil {
			return err
		}
	}
	return nil
}
