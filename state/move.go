package state

import (
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// Rename returns the journal entries after which the objects of moves, by the address
// that the state has, are known by their new addresses: they, and what refers to them.
// step names what they are done for. Addresses that the state does not have, and those
// that stay, are passed over. No two objects may get one address, and none one that the
// state has, even of an object that moves itself. References come first: a Rename of what
// is left after some of the entries ends as all of them do.
func Rename(st *State, moves map[addr.Address]addr.Address, step string) []Entry {
	m := mover{step: step, moves: map[addr.Address]addr.Address{}}
	var moving []*Object
	for i := range st.Objects {
		o := &st.Objects[i]
		if to, ok := moves[o.Address]; ok && to != o.Address {
			m.moves[o.Address] = to
			moving = append(moving, o)
		}
	}
	if len(moving) == 0 {
		return nil
	}
	for i := range st.Objects {
		if o := &st.Objects[i]; m.refers(o) {
			m.put(m.referring(o), addr.Address{})
		}
	}
	slices.SortFunc(moving, func(a, b *Object) int { return addr.Compare(a.Address, b.Address) })
	for _, o := range moving {
		moved := m.referring(o)
		moved.Address = m.moves[o.Address]
		m.put(moved, o.Address)
	}
	return m.entries
}

// mover is one Rename.
type mover struct {
	step    string
	moves   map[addr.Address]addr.Address // of objects that the state has
	entries []Entry
}

func (m *mover) put(o Object, previous addr.Address) {
	m.entries = append(m.entries, Entry{Put: &Put{Step: m.step, Object: o, Previous: previous}})
}

func (m *mover) refers(o *Object) bool {
	for _, a := range []addr.Address{o.Lifecycle.LeaversUnit, o.Behind} {
		if _, ok := m.moves[a]; ok {
			return true
		}
	}
	return slices.ContainsFunc(value.Refs(o.Attrs), func(a addr.Address) bool { _, ok := m.moves[a]; return ok })
}

// referring is an object whose references follow the moves.
func (m *mover) referring(before *Object) Object {
	o := *before
	if attrs, ok := value.Map(o.Attrs, func(v value.Value) value.Value {
		if ref, is := v.(value.Ref); is {
			if to, moves := m.moves[ref.Addr]; moves {
				ref.Addr = to
				return ref
			}
		}
		return v
	}).(value.Object); ok {
		o.Attrs = attrs
	}
	o.Needs = value.Refs(o.Attrs)
	if to, ok := m.moves[o.Lifecycle.LeaversUnit]; ok {
		o.Lifecycle.LeaversUnit = to
	}
	if to, ok := m.moves[o.Behind]; ok {
		o.Behind = to
	}
	return o
}
