package state

import (
	"fmt"
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// Fold returns the state after the journal entries, in their order; s stays as it
// is. Folding entries that s holds already changes nothing. The serial stays: who
// writes the state raises it.
func Fold(s *State, entries []Entry) *State {
	f := folding{state: *s, objects: make(map[addr.Address]Object, len(s.Objects))}
	f.state.Format = Format
	f.state.Audit = slices.Clone(s.Audit)
	f.state.Waves = slices.SortedFunc(slices.Values(s.Waves), waveByAddress)
	f.state.Streams = slices.SortedFunc(slices.Values(s.Streams), streamByName)
	for _, o := range s.Objects {
		f.objects[o.Address] = o
	}
	for i := range entries {
		f.fold(&entries[i])
	}
	f.state.Objects = slices.SortedFunc(maps.Values(f.objects), byAddress)
	return &f.state
}

type folding struct {
	state   State
	objects map[addr.Address]Object
}

func (f *folding) fold(e *Entry) {
	switch {
	case e.Begin != nil:
		f.begin(e.Begin)
	case e.Intent != nil:
		if e.Intent.Object != nil {
			f.objects[e.Intent.Object.Address] = *e.Intent.Object
		}
	case e.Put != nil:
		f.put(e.Put)
	case e.Drop != nil:
		f.drop(e.Drop.Address)
	case e.Wave != nil:
		f.wave(*e.Wave)
	case e.Ledger != nil:
		ledger := *e.Ledger
		f.state.Ledger = &ledger
	case e.Stream != nil:
		f.stream(*e.Stream)
	case e.Tables != nil:
		f.state.Tables = e.Tables
	case e.Audit != nil:
		if !slices.ContainsFunc(f.state.Audit, func(a Audit) bool { return sameAudit(a, *e.Audit) }) {
			f.state.Audit = append(f.state.Audit, *e.Audit)
		}
	}
}

func (f *folding) begin(b *Begin) {
	if f.state.Lineage == "" {
		f.state.Lineage = b.Lineage
	}
	if f.state.Tenant == "" {
		f.state.Tenant = b.Tenant
	}
	if b.Tool != "" {
		f.state.Tool = b.Tool
	}
}

// put stores the object. The previous address is given up only while it is still
// this object's: when the entries are folded again, another one may have it by now.
func (f *folding) put(p *Put) {
	if old, ok := f.objects[p.Previous]; ok && p.Previous != p.Object.Address && old.ID == p.Object.ID {
		delete(f.objects, p.Previous)
	}
	f.objects[p.Object.Address] = p.Object
}

// drop forgets what has the address: an object, a wave or a stream.
func (f *folding) drop(a addr.Address) {
	delete(f.objects, a)
	f.state.Waves = slices.DeleteFunc(f.state.Waves, func(w Wave) bool { return w.Address == a })
	f.state.Streams = slices.DeleteFunc(f.state.Streams, func(s Stream) bool { return s.Name == a.String() })
}

// wave stores the wave in the place of the one of its address.
func (f *folding) wave(w Wave) {
	i, known := slices.BinarySearchFunc(f.state.Waves, w, waveByAddress)
	if known {
		f.state.Waves[i] = w
		return
	}
	f.state.Waves = slices.Insert(f.state.Waves, i, w)
}

// stream stores the stream in the place of the one of its name.
func (f *folding) stream(s Stream) {
	i, known := slices.BinarySearchFunc(f.state.Streams, s, streamByName)
	if known {
		f.state.Streams[i] = s
		return
	}
	f.state.Streams = slices.Insert(f.state.Streams, i, s)
}

func sameAudit(a, b Audit) bool {
	if !a.Time.Equal(b.Time) {
		return false
	}
	a.Time = b.Time // equal moments may be written in two time zones
	return a == b
}

// Continue returns s with a journal folded in, and whether the journal had
// anything to add. A journal that began on an older serial is in s already and
// adds nothing. A journal of another lineage, or one that began on a state newer
// than s, is a diag.Conflict.
func Continue(s *State, entries []Entry) (after *State, added bool, err error) {
	if len(entries) == 0 {
		return s, false, nil
	}
	first := entries[0].Begin
	if first == nil {
		return nil, false, foreign("it does not begin with its state's lineage")
	}
	for i := range entries {
		b := entries[i].Begin
		if b == nil {
			continue
		}
		if b.Lineage == "" || b.Lineage != first.Lineage || b.Serial != first.Serial {
			return nil, false, foreign("it continues two states")
		}
	}
	switch {
	case s.Lineage == "" && s.Serial == 0 && len(s.Objects) == 0 && first.Serial == 0:
	case s.Lineage == "":
		return nil, false, foreign(fmt.Sprintf("it continues serial %d of lineage %s, and there is no such state", first.Serial, first.Lineage))
	case s.Lineage != first.Lineage:
		return nil, false, foreign(fmt.Sprintf("it belongs to lineage %s, the state to %s", first.Lineage, s.Lineage))
	}
	if first.Serial > s.Serial {
		return nil, false, foreign(fmt.Sprintf("it continues serial %d, the state has the older serial %d", first.Serial, s.Serial))
	}
	if first.Serial < s.Serial {
		return s, false, nil
	}
	return Fold(s, entries), true, nil
}

func foreign(detail string) error {
	return &diag.Failure{Class: diag.Conflict, Op: "journal", Detail: "not of this state: " + detail,
		Fix: "put the state file back that belongs to the journal; the journal holds what was applied and must not be thrown away"}
}
