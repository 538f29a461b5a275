package ledger

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/isaworks/isa/providers"
)

// TestClaimed: keys that records name are claimed, by every stream into the target, in the
// present epoch only, and in a ledger that is only read too.
func TestClaimed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	l := open(t, path, Options{})
	target := providers.Folder{ID: "T", Path: []string{"T"}, Epoch: "7", Next: 1}
	settle := func(stream, into string, records ...providers.Record) {
		info := about(stream)
		info.Target = about(into).Target
		s, err := l.Stream(t.Context(), info)
		must(t, err)
		f := openFolder(t, s, "F")
		must(t, f.Begin(t.Context(), target, false))
		must(t, f.Settle(t.Context(), records))
	}
	settle("one", "one", providers.Record{Key: uid(1), Outcome: providers.Copied, Target: uid(11)},
		providers.Record{Key: uid(2), Outcome: providers.Adopted, Target: uid(12)},
		providers.Record{Key: uid(3), Outcome: providers.Copied}, // the target told no key
		providers.Record{Key: uid(4), Outcome: providers.Excluded})
	settle("two", "one", providers.Record{Key: uid(1), Outcome: providers.Copied, Target: uid(15)})
	settle("three", "three", providers.Record{Key: uid(1), Outcome: providers.Copied, Target: uid(13)})
	must(t, l.Close())

	l = open(t, path, Options{ReadOnly: true})
	s, err := l.Stream(t.Context(), about("one"))
	must(t, err)
	keys := []string{uid(1), uid(11), uid(12), uid(13), uid(15)}
	for _, c := range []struct {
		id, epoch string
		want      []string
	}{
		{"T", "7", []string{uid(11), uid(12), uid(15)}},
		{"T", "8", nil},
		{"U", "7", nil},
	} {
		got, err := s.Claimed(t.Context(), providers.Folder{ID: c.id, Epoch: c.epoch}, keys)
		must(t, err)
		if !slices.Equal(slices.Sorted(maps.Keys(got)), c.want) {
			t.Errorf("in %s of epoch %s: %v, want %v", c.id, c.epoch, got, c.want)
		}
	}
}
