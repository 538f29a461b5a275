package planner

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/state"
)

// matchMoved gives what the state knows to the declared object that it has become by
// the moved blocks. It returns those that cannot be given to the one that they name:
// they stay as they are.
func (p *planner) matchMoved() (disputed map[*state.Object]bool) {
	disputed = map[*state.Object]bool{}
	if len(p.in.Moves) == 0 {
		return disputed
	}
	for i := range p.in.State.Objects {
		st := &p.in.State.Objects[i]
		now, by, circle := p.moves.Follow(st.Address)
		if by == nil || circle || p.kinds[st.Kind] == nil || p.at[st.Address] != nil {
			continue
		}
		o := p.at[now]
		left := st.Status == state.Retired
		switch {
		case o != nil && o.st == nil:
			o.st, o.previous = st, st.Address
			p.at[st.Address] = o
		case left: // nobody is to become who left
		case o != nil:
			p.movedTwice(st, o, by)
			disputed[st] = true
		case p.removed[now] == nil && p.removed[now.Block()] == nil:
			p.movedNowhere(st, now, by, len(disputed) < addr.MostGuesses)
			disputed[st] = true
		}
	}
	return disputed
}

// movedTwice refuses to make two objects one.
func (p *planner) movedTwice(st *state.Object, o *object, by *schema.Move) {
	detail := fmt.Sprintf("%s (ID %s) is to become %s, which the state has as another object (ID %s)", st.Address, orNone(st.ID), o.addr, orNone(o.st.ID))
	if !o.previous.IsZero() {
		detail = fmt.Sprintf("%s (ID %s) and %s (ID %s) are both to become %s", o.previous, orNone(o.st.ID), st.Address, orNone(st.ID), o.addr)
	}
	p.failMoved(by, "moved.taken", o.addr, detail,
		"correct the moved block; if isa state list shows one of the two that is no object of yours, isa state rm lets isa forget it")
}

// movedNowhere refuses to let an object leave that was to become another one.
func (p *planner) movedNowhere(st *state.Object, now addr.Address, by *schema.Move, guess bool) {
	fix := "correct the moved block, or take it away if the object is to leave"
	if guess {
		if like := p.alike(now); like != "" {
			fix = "did you mean " + like + "? Else take the moved block away: the object then leaves as its lifecycle says"
		}
	}
	p.failMoved(by, "moved.unknown", st.Address, fmt.Sprintf("%s is to become %s, which is not declared", st.Address, now), fix)
}

func (p *planner) failMoved(by *schema.Move, code string, a addr.Address, detail, fix string) {
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summaries()[code], Detail: detail, Fix: fix, Address: a.String(), Place: by.Place,
	})
}

// alike is the declared object of the same block whose address is most like a, else "".
func (p *planner) alike(a addr.Address) string {
	best, nearest := "", 0.5
	for _, o := range p.objects {
		if o.addr.Block() != a.Block() || o.inst == nil {
			continue
		}
		text := o.addr.String()
		if s := levenshtein.Similarity(a.String(), text, nil); s > nearest {
			best, nearest = text, s
		}
	}
	return best
}

// indexRemovals makes removed blocks findable by address.
func indexRemovals(list []schema.Removal) map[addr.Address]*schema.Removal {
	out := make(map[addr.Address]*schema.Removal, len(list))
	for i := range list {
		out[list[i].From] = &list[i]
	}
	return out
}

// removalOf is the removed block that speaks of an object nobody declares, nil when none
// does. It may name the address that a moved block leads to.
func (p *planner) removalOf(o *object) *schema.Removal {
	for _, a := range []addr.Address{o.addr, p.moves.Now(o.addr)} {
		if r := p.removed[a]; r != nil {
			return r
		}
		if r := p.removed[a.Block()]; r != nil {
			return r
		}
	}
	return nil
}

// pasteMoved is a moved block, to be pasted into the configuration.
func pasteMoved(from, to addr.Address) string {
	return strings.Join([]string{"moved {", "  from = " + from.String(), "  to   = " + to.String(), "}"}, "\n")
}
