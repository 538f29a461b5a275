package ledger

import (
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/providers"
)

// TestFollowFetched: where a service fetches, what is unproven or set aside may be at the
// target, and is followed like what is there; a later proof takes its stray away.
func TestFollowFetched(t *testing.T) {
	for _, end := range []providers.Outcome{"", providers.Unproven, providers.Quarantined, providers.Copied} {
		t.Run(string(end), func(t *testing.T) {
			ctx := t.Context()
			l, err := Open(ctx, filepath.Join(t.TempDir(), "l"), Options{})
			must(t, err)
			defer func() { must(t, l.Close()) }()
			s := openStream(t, l, "s")
			open := func(id string) providers.FolderLedger {
				f := openFolder(t, s, id)
				must(t, f.Begin(ctx, providers.Folder{ID: "to " + id, Epoch: "9"}, true))
				return f
			}
			a, b, junk := open("a"), open("b"), open("junk")
			must(t, s.Batches().Make(ctx, providers.Batch{ID: "one", Route: "gateway"}))
			named := providers.Record{Key: uid(1), Outcome: providers.Unproven, Size: 10, Target: uid(1), Same: "m1", Print: providers.Print{Head: headOf(1)}}
			plain := providers.Record{Key: uid(2), Outcome: providers.Unproven, Size: 10, Target: uid(2), Print: providers.Print{Head: headOf(3)}}
			must(t, s.Batches().Offer(ctx, "one", "a", []providers.Record{named, plain}))
			if end != "" {
				must(t, s.Batches().Settle(ctx, "one", providers.BatchEnd{}, func(providers.Offered) providers.Judged { return providers.Judged{Outcome: end} }))
			}
			// It is thrown away, which a rule leaves out, and comes back.
			must(t, junk.Settle(ctx, []providers.Record{{Key: uid(7), Outcome: providers.Excluded, Same: "m1"}}))
			must(t, a.Miss(ctx, "", "", nil))
			got, err := b.Follow(ctx, []providers.Item{
				{Key: uid(11), Size: 10, Same: "m1", Print: providers.Print{Head: headOf(1)}}, {Key: uid(12), Size: 10, Print: providers.Print{Head: headOf(3)}},
			})
			must(t, err)
			want := end
			if end == "" {
				want = providers.Unproven
			}
			if len(got) != 2 || got[uid(11)].Outcome != want || got[uid(12)].Outcome != want || !got[uid(11)].Stray {
				t.Fatalf("followed %+v", got)
			}
			if end == "" {
				must(t, s.Batches().Settle(ctx, "one", providers.BatchEnd{}, func(providers.Offered) providers.Judged { return providers.Judged{Outcome: providers.Copied} }))
			}
			if n := b.Record().Sums[want].Items; end != "" && n != 2 || end == "" && b.Record().Sums[providers.Copied].Items != 2 {
				t.Errorf("%v", b.Record().Sums)
			}
			// Another route looks, and puts it.
			if end == providers.Unproven {
				must(t, b.Settle(ctx, []providers.Record{{Key: uid(11), Outcome: providers.Copied, Size: 10, Target: uid(99)}}))
				n := 0
				must(t, b.Strays(ctx, nil, func(providers.Stray) error { n++; return nil }))
				if n != 1 {
					t.Errorf("%d strays", n)
				}
			}
		})
	}
}
