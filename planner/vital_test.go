package planner_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// tf is the group of twoCompanies, as wanted with other attributes.
func (r *real) tf(more value.Object) {
	for _, in := range r.in.Wanted {
		if in.Addr.Type == "group" {
			in.Attrs = maps.Clone(in.Attrs)
			maps.Copy(in.Attrs, more)
		}
	}
}

// undeclared makes the group one of which isa knows nothing.
func (r *real) undeclared() {
	r.in.Wanted = slices.DeleteFunc(r.in.Wanted, func(in *schema.Instance) bool { return in.Addr.Type == "group" })
	r.in.State.Objects = slices.DeleteFunc(r.in.State.Objects, func(o state.Object) bool { return o.Kind == "group" })
}

// TestAGroupKeepsAnAdministrator: who comes comes before the last one moves away, and
// nobody is left without one unnoticed.
func TestAGroupKeepsAnAdministrator(t *testing.T) {
	const guard, leaves = "guard.group.administrators.none", "company.leaves"
	list := func(keys ...string) value.List {
		out := value.List{}
		for _, k := range keys {
			out = append(out, member(k))
		}
		return out
	}
	gone := func(r *real, key string) {
		r.in.Wanted = slices.DeleteFunc(r.in.Wanted, func(in *schema.Instance) bool { return in.Addr == addr.Instance("member", "a", key) })
		r.known(key).Lifecycle.OnRemove = "delete"
	}
	for name, c := range map[string]struct {
		do    func(r *real)
		want  []string // codes
		first string   // the step of the group before the move, "" for none
	}{
		"the last moves, another comes, all stay members": {func(r *real) { r.move("8", nil); r.tf(value.Object{"administrators": list("7")}) }, []string{leaves}, `group.a["tf"]#1`},
		"the last moves, another comes":                   {func(r *real) { r.move("8", nil); r.tf(value.Object{"administrators": list("7"), "members": list("7")}) }, []string{leaves}, `group.a["tf"]#1`},
		"the last moves and comes back":                   {func(r *real) { r.move("8", nil) }, []string{leaves}, ""},
		"the last moves, and keeps the groups":            {func(r *real) { r.move("8", value.Object{"preserve_groups": value.Bool(true)}) }, nil, ""},
		"the last moves out of a group of nobody":         {func(r *real) { r.move("8", nil); r.undeclared() }, []string{guard, leaves}, ""},
		"another one moves":                               {func(r *real) { r.move("7", nil) }, []string{leaves}, ""},
		"the last is deleted":                             {func(r *real) { gone(r, "8"); r.undeclared() }, []string{guard}, ""},
		"the last is suspended":                           {func(r *real) { gone(r, "8"); r.known("8").Lifecycle.OnRemove = "suspend"; r.undeclared() }, nil, ""},
		"the last is taken out":                           {func(r *real) { r.tf(value.Object{"administrators": value.List{}}) }, []string{guard}, ""},
		"another takes over":                              {func(r *real) { r.tf(value.Object{"administrators": list("7")}) }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := twoCompanies()
			groups := r.in.Live.Objects["group"]
			groups[len(groups)-1].Attrs["administrators"] = value.List{value.String(`I-member.a["8"]`)}
			groups[len(groups)-1].Status = live.InUse
			c.do(r)
			p := planner.Build(r.in)
			if got := slices.Sorted(maps.Keys(codes(p))); !slices.Equal(got, slices.Sorted(slices.Values(c.want))) {
				t.Errorf("it says %v, want %v", p.Diagnostics, c.want)
			}
			for _, change := range p.Changes {
				for _, s := range change.Steps {
					needs := slices.DeleteFunc(slices.Clone(s.Needs), func(id string) bool { return !strings.HasPrefix(id, "group.") })
					if s.Verb == planner.DoRelocate && (c.first == "") != (len(needs) == 0) || c.first != "" && len(needs) > 0 && needs[0] != c.first {
						t.Errorf("the step %s needs %v, want %q", s.ID, needs, c.first)
					}
					if s.ID == c.first && (len(s.Attrs) == 0 || s.Attrs["administrators"] == nil || slices.ContainsFunc(value.Refs(s.Attrs["administrators"]), func(a addr.Address) bool { return a.Key != "7" })) {
						t.Errorf("first it writes %v", s.Attrs)
					}
				}
			}
		})
	}
}
