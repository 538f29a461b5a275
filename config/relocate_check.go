package config

import (
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
)

// stands reports whether an address names something declared: an object, or, where
// whole blocks are meant, a block.
func (r *relocating) stands(a addr.Address, whole bool) bool {
	return r.declared[a] || whole && r.byName[a] != nil
}

// unsure reports that the keys of a block could not be found out, which was reported:
// nothing can be said about its instances.
func (r *relocating) unsure(a addr.Address) bool {
	b := r.byName[a.Block()]
	return b != nil && b.keys == failed
}

func (r *relocating) wrong(code string, place diag.Place, detail, fix string) {
	r.problem(diag.Diagnostic{Code: code, Summary: relocationSummaries()[code], Detail: detail, Fix: fix, Place: place})
}

func relocationSummaries() map[string]string {
	return map[string]string{
		"moved.kind":       "An object cannot become one of another kind",
		"moved.declared":   "What was moved is still declared",
		"moved.unknown":    "What an object is to become is not declared",
		"moved.twice":      "Two moved blocks contradict each other",
		"moved.cycle":      "Moved blocks lead round in a circle",
		"removed.declared": "What is to be removed is still declared",
		"removed.twice":    "Two blocks say what becomes of one object",
		"removed.action":   "Objects of this kind cannot leave that way",
		"import.unknown":   "What is to be imported is not declared",
		"import.twice":     "Two import blocks contradict each other",
	}
}

func (r *relocating) checkMoves() {
	from, to := map[addr.Address]diag.Place{}, map[addr.Address]diag.Place{}
	moves := schema.NewMoves(r.cfg.Moves)
	for i := range r.cfg.Moves {
		m := &r.cfg.Moves[i]
		whole := !m.From.Keyed && !m.To.Keyed
		if m.From.Type != m.To.Type {
			r.wrong("moved.kind", m.Place, fmt.Sprintf("%s is of the kind %s, %s of the kind %s.", m.From, m.From.Type, m.To, m.To.Type), "write the address of an object of the same kind")
			continue
		}
		if _, _, circle := moves.Follow(m.From); circle {
			r.wrong("moved.cycle", m.Place, fmt.Sprintf("%s becomes %s, and in the end %s again.", m.From, m.To, m.From),
				"keep the moves that were not applied yet; objects that change places need a third address and two applies")
			continue
		}
		if first, twice := from[m.From]; twice {
			r.wrong("moved.twice", m.Place, fmt.Sprintf("%s becomes something else at %s.", m.From, placeName(first)), "keep one of the two")
			continue
		}
		from[m.From] = m.Place
		if first, twice := to[m.To]; twice {
			r.wrong("moved.twice", m.Place, fmt.Sprintf("%s is what another object becomes at %s.", m.To, placeName(first)), "one object cannot be two: keep one of the two")
			continue
		}
		to[m.To] = m.Place
		switch _, onward := r.stepped(moves, m.To); {
		case r.unsure(m.From) || r.unsure(m.To):
		case r.stands(m.From, whole):
			r.wrong("moved.declared", m.Place, fmt.Sprintf("%s is declared, so that it cannot have become %s.", m.From, m.To),
				"take its block or row away, or the moved block")
		case !onward && !r.stands(m.To, whole) && !r.removedLater(m.To):
			r.unknownTarget(m)
		}
	}
}

// stepped reports whether a move leads on from a.
func (r *relocating) stepped(moves schema.Moves, a addr.Address) (addr.Address, bool) {
	now, by, _ := moves.Follow(a)
	return now, by != nil
}

// removedLater reports whether a removed block speaks of a.
func (r *relocating) removedLater(a addr.Address) bool {
	return slices.ContainsFunc(r.cfg.Removals, func(one schema.Removal) bool { return one.From == a || one.From == a.Block() })
}

// unknownTarget tells that a move leads nowhere. A key that is not declared may be that
// of somebody who left since: only who is still known by the old address is missed, and
// the plan says so.
func (r *relocating) unknownTarget(m *schema.Move) {
	b := r.byName[m.To.Block()]
	switch {
	case b == nil:
		r.wrong("moved.unknown", m.Place, fmt.Sprintf("There is no block %s.", m.To.Block()), didYouMean(m.To.Block().String(), r.blockNames(m.To.Type), "declare it, or take the moved block away"))
	case m.To.Keyed && b.forEach == nil:
		r.wrong("moved.unknown", m.Place, fmt.Sprintf("%s has no for_each, so that nothing in it has the key %q.", b.addr, m.To.Key), "write to = "+b.addr.String())
	case !m.To.Keyed && b.forEach != nil:
		r.wrong("moved.unknown", m.Place, fmt.Sprintf("%s has for_each and stands for many objects.", b.addr), fmt.Sprintf("write which of them: to = %s[\"key\"]", b.addr))
	}
}

// blockNames are the addresses of the blocks of a kind.
func (r *relocating) blockNames(kind string) []string {
	var names []string
	for _, b := range r.byType[kind] {
		names = append(names, b.addr.String())
	}
	return names
}

func (r *relocating) checkRemovals() {
	moved := map[addr.Address]diag.Place{}
	for _, m := range r.cfg.Moves {
		moved[m.From] = m.Place
	}
	seen := map[addr.Address]diag.Place{}
	for _, one := range r.cfg.Removals {
		if first, twice := seen[one.From]; twice {
			r.wrong("removed.twice", one.Place, fmt.Sprintf("Another removed block speaks of %s at %s.", one.From, placeName(first)), "keep one of the two")
			continue
		}
		seen[one.From] = one.Place
		if first, twice := moved[one.From]; twice {
			r.wrong("removed.twice", one.Place, fmt.Sprintf("%s becomes something else at %s.", one.From, placeName(first)), "keep the moved block, or the removed block")
			continue
		}
		b := r.byName[one.From.Block()]
		switch k := r.kinds[one.From.Type]; {
		case r.unsure(one.From):
		case r.stands(one.From, true):
			where := ""
			if b != nil {
				where = " at " + rangeOf(b.where()).String()
			}
			r.wrong("removed.declared", one.Place, fmt.Sprintf("%s is declared%s.", one.From, where), "take its block or row away, or the removed block")
		case one.Action != schema.RemoveForget && !slices.Contains(k.Removals, one.Action):
			r.wrong("removed.action", one.Place, fmt.Sprintf("A %s cannot be removed by %q.", one.From.Type, one.Action),
				fmt.Sprintf("write action = %q or %q", schema.RemoveForget, schema.RemoveDelete))
		}
	}
}

func (r *relocating) checkImports() {
	type identity struct{ kind, id string }
	to, ids := map[addr.Address]diag.Place{}, map[identity]diag.Place{}
	guesses := 0
	for _, one := range r.cfg.Imports {
		if first, twice := to[one.To]; twice {
			r.wrong("import.twice", one.Place, fmt.Sprintf("%s is imported at %s already.", one.To, placeName(first)), "keep one of the two")
			continue
		}
		to[one.To] = one.Place
		id := identity{one.To.Type, one.ID}
		if first, twice := ids[id]; twice {
			r.wrong("import.twice", one.Place, fmt.Sprintf("%s is imported at %s already, as another object.", one.ID, placeName(first)), "one object of the tenant has one address: keep one of the two")
			continue
		}
		ids[id] = one.Place
		if r.unsure(one.To) || r.stands(one.To, false) {
			continue
		}
		b := r.byName[one.To.Block()]
		fix := "declare it first; isa writes what the block says and leaves the rest as it is"
		if guesses++; guesses <= addr.MostGuesses {
			fix = didYouMean(one.To.String(), r.addresses(one.To), fix)
		}
		if b != nil && b.forEach != nil && !one.To.Keyed {
			fix = fmt.Sprintf("%s has for_each: write which of its objects, to = %s[\"key\"]", b.addr, b.addr)
		}
		r.wrong("import.unknown", one.Place, fmt.Sprintf("%s is not declared.", one.To), fix)
	}
}

// addresses are the declared objects of the kind of a, for a suggestion.
func (r *relocating) addresses(a addr.Address) []string {
	var names []string
	for d := range r.declared {
		if d.Type == a.Type {
			names = append(names, d.String())
		}
	}
	slices.Sort(names)
	return names
}

// placeName writes a place for a message.
func placeName(p diag.Place) string {
	switch {
	case p.Cell != nil:
		return p.Cell.String()
	case p.Range != nil:
		return p.Range.String()
	}
	return "another place"
}

// relocationCodes explains the codes of moved, removed and import blocks.
func relocationCodes() map[string]string {
	return map[string]string{
		"config.address":   "moved, removed and import blocks take the address of an object: type.label, or type.label[\"key\"] where the block has for_each, without quotes around it. The key may be an expression, such as each.key. Write it so, and begin with a type of block that declares objects.",
		"moved.kind":       "A moved block names two kinds. An object stays what it is: a member cannot become a group. Write the address of an object of the same kind.",
		"moved.declared":   "A moved block says that an object is known by another address now, and the old one is still declared. Take the old block or row away if it was renamed, or the moved block if it was not.",
		"moved.unknown":    "A moved block leads to an address that is not declared, so that the object would leave. Correct the address, or declare it. A block with for_each stands for many: name one by its key. If the object is to leave, take the moved block away or write a removed block.",
		"moved.twice":      "Two moved blocks begin at one address, or two objects would become one. Keep the one that is meant.",
		"moved.cycle":      "Following the moved blocks leads back to where they began. Keep those that were not applied yet. Objects that change places with one another need a third address in between, and two applies.",
		"removed.declared": "A removed block says how an object leaves, and its block or row is still there. Take that away too, or the removed block.",
		"removed.twice":    "Two blocks say different things about what becomes of one object. Keep one of them.",
		"removed.action":   "Only people can be suspended; what else a kind can is listed in the language reference. Write an action that the message names.",
		"import.unknown":   "An import block names an address that is not declared. isa takes over what is declared and brings it to what the block says; what the block does not say is left as it is. Declare the object first, or correct the address.",
		"import.twice":     "One address is imported twice, or one object of the tenant as two. Keep one of the import blocks.",
	}
}
