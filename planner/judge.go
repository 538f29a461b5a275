package planner

import (
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// Rule is the line of the compare table that decides about one attribute.
type Rule string

// The rules. The last two write.
const (
	RuleUnmanaged Rule = "unmanaged" // absent or null: neither compared nor changed
	RuleSteering  Rule = "steering"  // steers isa only, and is never sent
	RuleCreated   Rule = "created"   // the object is made with it
	RuleEqual     Rule = "equal"     // is as wanted
	RuleApplied   Rule = "applied"   // cannot be read, and was applied as wanted: no later write was cut off
	RulePassed    Rule = "passed"    // was for a time that is over
	RuleSeed      Rule = "seed"      // was written at creation, then it is the person's own
	RuleIgnored   Rule = "ignored"   // differs, and lifecycle.ignore leaves it alone
	RuleFixed     Rule = "fixed"     // differs, and can only be given at creation
	RuleAwaited   Rule = "awaited"   // was applied moments ago; the listing lags
	RulePlaced    Rule = "placed"    // decided by the place among the siblings
	RuleReverted  Rule = "reverted"  // was changed by hand, and is changed back
	RuleChanged   Rule = "changed"   // differs from what is wanted
)

// judge decides about one managed attribute of an object that is there: by which rule,
// and what is to be written where the rule writes.
func (p *planner) judge(o *object, a *schema.Attr, w value.Value) (Rule, value.Value) {
	l := o.live.Attrs[a.Name]
	last := o.lastApplied(a.Name)
	if a.Over != nil {
		over := l == nil || empty(l) || a.Over(l, p.in.Now)
		switch {
		case a.Over(w, p.in.Now) && over:
			return RulePassed, nil
		case a.Over(w, p.in.Now):
			w = value.Clear{}
		case over:
			l = nil
		}
	}
	write := w
	switch {
	case a.WriteOnly:
		if a.CreateOnly || !o.begun(a.Name) && last != nil && (last == Digest(w) || value.Equal(last, w)) {
			return RuleApplied, nil
		}
	case a.Unreadable && l == nil:
		if !o.begun(a.Name) && last != nil && o.st.ID == o.live.ID && p.canon(a, &a.Type, last) == p.canon(a, &a.Type, w) && !p.refersToNew(w) {
			return RuleApplied, nil
		}
	case listed(a, o.inst):
		edit, some := p.edit(a, w, l, last)
		if !some {
			return RuleEqual, nil
		}
		write = edit
	case p.same(a, &a.Type, w, l):
		return RuleEqual, nil
	case a.Type.Kind == schema.Map:
		write = p.entries(a, w, l)
	}
	switch {
	case slices.Contains(o.inst.Lifecycle.Seed, a.Name):
		return RuleSeed, nil
	case slices.Contains(o.inst.Lifecycle.Ignore, a.Name):
		return RuleIgnored, nil
	case a.CreateOnly:
		return RuleFixed, nil
	case last == nil || a.WriteOnly || a.Unreadable && l == nil || o.hidden || o.robbed[a.Name] || p.canon(a, &a.Type, last) != p.canon(a, &a.Type, w):
		return RuleChanged, write
	case p.recent(o) && o.st.Status != state.Retired:
		return RuleAwaited, nil
	}
	return RuleReverted, write
}

// begun reports whether an apply began to write the attribute and its end is not known.
func (o *object) begun(name string) bool { return o.st != nil && slices.Contains(o.st.Begun, name) }
