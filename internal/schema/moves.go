package schema

import (
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// Move is a `moved` block, or one instance of it: what was known under From is known
// under To. Neither without a key: the whole block is meant, and its instances keep
// their keys.
type Move struct {
	From, To addr.Address
	Place    diag.Place
}

// whole reports whether the move is one of a whole block.
func (m *Move) whole() bool { return !m.From.Keyed && !m.To.Keyed }

// The actions of a Removal.
const (
	RemoveForget  = "forget"  // the state forgets it, the tenant is not touched
	RemoveSuspend = "suspend" // people
	RemoveDelete  = "delete"
)

// Removal is a `removed` block: how what was known under From leaves. From without a
// key means the object without a key and all instances of the block.
type Removal struct {
	From   addr.Address
	Action string // one of the actions above
	Place  diag.Place
}

// Import is an `import` block: the object at To is the one that the tenant knows by ID:
// the service's ID, "externalKey:KEY", or, of people, login ID or mail address.
type Import struct {
	To    addr.Address
	ID    string
	Place diag.Place
	// ByHand is an import that somebody asked for now: it is refused when To is managed
	// as another object, which a block that stays passes over.
	ByHand bool
}

// Moves are the moves of a configuration, ready to be followed. A move of one object
// goes before one of its whole block.
type Moves struct {
	exact, blocks map[addr.Address]*Move
}

// NewMoves makes Moves. Of several from one address the last counts.
func NewMoves(list []Move) Moves {
	m := Moves{exact: map[addr.Address]*Move{}, blocks: map[addr.Address]*Move{}}
	for i := range list {
		if one := &list[i]; one.whole() {
			m.blocks[one.From] = one
		} else {
			m.exact[one.From] = one
		}
	}
	return m
}

// step follows one move.
func (m Moves) step(a addr.Address) (addr.Address, *Move) {
	if one := m.exact[a]; one != nil {
		return one.To, one
	}
	one := m.blocks[a.Block()]
	if one == nil {
		return a, nil
	}
	to := one.To
	to.Key, to.Keyed = a.Key, a.Keyed
	return to, one
}

// Follow returns the address that what was known as a has now, through any number of
// moves, and the last of these; a itself and nil when none speaks of it. circle tells
// that the moves lead round in a circle; then the address means nothing.
func (m Moves) Follow(a addr.Address) (now addr.Address, last *Move, circle bool) {
	now = a
	for range len(m.exact) + len(m.blocks) + 1 {
		to, by := m.step(now)
		if by == nil {
			return now, last, false
		}
		now, last = to, by
	}
	return now, last, true
}

// Now is Follow where nothing but the address matters; in a circle it is a.
func (m Moves) Now(a addr.Address) addr.Address {
	now, _, circle := m.Follow(a)
	if circle {
		return a
	}
	return now
}
