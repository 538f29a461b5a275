package state

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// Rename moves any objects to new addresses, and what refers to them; the entries may be
// folded twice, or in part and then once more.
func TestRenameMovesObjectsAndWhatRefersToThem(t *testing.T) {
	const n = 8
	at := func(i int) addr.Address { return addr.Instance("org_unit", "a", fmt.Sprint(i)) }
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		before := &State{Format: Format, Lineage: "l", Serial: 1}
		for i := range n {
			o := Object{Address: at(i), Kind: "org_unit", ID: fmt.Sprint("id", i), Status: Ready, Attrs: value.Object{"parent": value.ID(at(r.IntN(n)))}}
			o.Needs = value.Refs(o.Attrs)
			o.Lifecycle.LeaversUnit, o.Behind = at(r.IntN(n)), at(r.IntN(n))
			before.Objects = append(before.Objects, o)
		}
		moves := map[addr.Address]addr.Address{}
		for i, to := range r.Perm(n) {
			moves[at(i)] = at(n + to)
			if r.IntN(3) == 0 {
				moves[at(i)] = at(i)
			}
		}
		moves[addr.New("org_unit", "nobody")] = at(100)
		after := Fold(before, Rename(before, moves, "mv"))
		if diff := cmp.Diff(after, Fold(after, Rename(before, moves, "mv"))); diff != "" {
			t.Fatalf("seed %d: -once +twice\n%s", seed, diff)
		}
		entries := Rename(before, moves, "mv") // cut off anywhere, and done again
		part := Fold(before, entries[:r.IntN(len(entries)+1)])
		if diff := cmp.Diff(after, Fold(part, Rename(part, moves, "mv"))); diff != "" {
			t.Fatalf("seed %d: -at once +in parts\n%s", seed, diff)
		}
		if len(after.Objects) != n {
			t.Fatalf("seed %d: %d objects", seed, len(after.Objects))
		}
		for i := range n {
			o, ok := after.Find(moves[at(i)])
			was := before.Objects[i]
			parent := was.Attrs["parent"].(value.Ref).Addr
			if !ok || o.ID != was.ID || o.Attrs["parent"] != value.ID(moves[parent]) || o.Needs[0] != moves[parent] || o.Lifecycle.LeaversUnit != moves[was.Lifecycle.LeaversUnit] || o.Behind != moves[was.Behind] {
				t.Fatalf("seed %d: %s became %+v, with %v", seed, was.Address, o, moves)
			}
		}
	}
}

func TestRenameOfNothingWritesNothing(t *testing.T) {
	if entries := Rename(sample(), map[addr.Address]addr.Address{addr.New("org_unit", "x"): addr.New("org_unit", "y")}, "mv"); entries != nil {
		t.Errorf("%+v", entries)
	}
}

// A dropped name of a wave or a stream is gone, and nothing else.
func TestFoldForgetsOldNames(t *testing.T) {
	s := sample()
	s.Streams = append(s.Streams, Stream{Name: "mail_migration.a", Origin: "o", Target: "t"})
	after := Fold(s, []Entry{{Drop: &Drop{Address: addr.New("mail_migration", "a")}}, {Drop: &Drop{Address: addr.New("wave", "one")}}})
	if _, known := after.Stream("mail_migration.a"); known || len(after.Streams) != len(s.Streams)-1 {
		t.Errorf("streams are %+v", after.Streams)
	}
	if _, known := after.Wave(addr.New("wave", "one")); known || len(after.Objects) != len(s.Objects) {
		t.Errorf("waves are %+v", after.Waves)
	}
}
