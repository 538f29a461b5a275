package graph

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/graph"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
)

// chart is the org chart of a configuration: siblings in their order, people counted.
// With a plan, what it does to the units is marked, and units that it removes are in
// the chart too.
func chart(cfg *config.Config, plan *planner.Plan) *graph.Chart {
	o := &org{units: map[addr.Address]*graph.Unit{}, names: map[addr.Address]string{}, people: map[*graph.Unit]map[addr.Address]bool{}}
	for _, in := range cfg.Objects {
		o.names[in.Addr] = value.Text(in.Attrs["name"])
	}
	for _, in := range cfg.Objects {
		if in.Kind.Type == directory.Member {
			o.members++
		}
	}
	c := &graph.Chart{Top: o.hang(cfg)}
	for _, in := range cfg.Objects {
		if in.Kind.Type == directory.Member {
			o.join(in)
		}
	}
	if plan != nil {
		o.mark(c, plan)
	}
	for _, u := range c.Top {
		o.total(u)
	}
	c.Title = domains(cfg.Tenant)
	c.Note = fmt.Sprintf("%s, %s", view.Plural(len(o.units), "org unit"), view.Plural(o.members, "member"))
	return c
}

// org is a chart that is being made.
type org struct {
	units   map[addr.Address]*graph.Unit
	names   map[addr.Address]string // of units, positions …
	people  map[*graph.Unit]map[addr.Address]bool
	members int
}

func domains(t schema.Tenant) string {
	var names []string
	for _, c := range t.Companies {
		names = append(names, c.Domain)
	}
	return strings.Join(names, ", ")
}

// hang arranges the units below each other and returns those at the top: below
// their company, when there are several.
func (o *org) hang(cfg *config.Config) []*graph.Unit {
	var units []*schema.Instance
	for _, in := range cfg.Objects {
		if in.Kind.Type == directory.OrgUnit {
			units = append(units, in)
			o.units[in.Addr] = &graph.Unit{Key: in.Addr.String(), Name: cmp.Or(o.names[in.Addr], in.Addr.String())}
		}
	}
	slices.SortStableFunc(units, func(a, b *schema.Instance) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Seq, b.Seq))
	})
	byCompany := map[string]*graph.Unit{}
	var top []*graph.Unit
	if len(cfg.Tenant.Companies) > 1 {
		for _, c := range cfg.Tenant.Companies {
			u := &graph.Unit{Key: "company " + c.Domain, Name: c.Domain}
			byCompany[c.Domain] = u
			top = append(top, u)
		}
	}
	for _, in := range units {
		parent, _ := in.Attrs["parent"].(value.Ref)
		if above := o.units[parent.Addr]; above != nil {
			above.Below = append(above.Below, o.units[in.Addr])
		} else if company := byCompany[in.Company.Domain]; company != nil {
			company.Below = append(company.Below, o.units[in.Addr])
		} else {
			top = append(top, o.units[in.Addr])
		}
	}
	return top
}

// place is the unit's number among its siblings; those without one follow.
func place(in *schema.Instance) int64 {
	if n, ok := in.Attrs["order"].(value.Int); ok {
		return int64(n)
	}
	return math.MaxInt64
}

// join counts a member where it belongs to.
func (o *org) join(in *schema.Instance) {
	posts, _ := in.Attrs["belongs_to"].(value.List)
	for _, p := range posts {
		post, _ := p.(value.Object)
		ref, _ := post["org_unit"].(value.Ref)
		u := o.units[ref.Addr]
		if u == nil {
			continue
		}
		if o.people[u] == nil {
			o.people[u] = map[addr.Address]bool{}
		}
		o.people[u][in.Addr] = true
		if value.True(post["head"]) {
			position, _ := post["position"].(value.Ref)
			u.Heads = append(u.Heads, strings.TrimSpace(person(in)+" "+o.names[position.Addr]))
		}
	}
}

// person is a member's name without the login ID.
func person(in *schema.Instance) string {
	name := value.Object{}
	for _, attr := range []string{"last_name", "first_name"} {
		if v, ok := in.Attrs[attr]; ok {
			name[attr] = v
		}
	}
	return cmp.Or(in.Kind.Title(name), in.Addr.String())
}

// total counts the different people in u and below.
func (o *org) total(u *graph.Unit) map[addr.Address]bool {
	all := map[addr.Address]bool{}
	for a := range o.people[u] {
		all[a] = true
	}
	u.Members = len(all)
	for _, b := range u.Below {
		for a := range o.total(b) {
			all[a] = true
		}
	}
	u.Total = len(all)
	return all
}

// mark colours the units that a plan changes. Removed ones are hung where they are.
func (o *org) mark(c *graph.Chart, plan *planner.Plan) {
	removed := o.removed(plan)
	for i := range plan.Changes {
		ch := &plan.Changes[i]
		if ch.Kind != directory.OrgUnit {
			continue
		}
		u := o.units[ch.Address]
		if u == nil {
			u = removed[ch.Address.String()]
			parent := plan.Names[u.Key].Parent
			if above := cmp.Or(removed[parent], c.Find(parent)); above != nil {
				above.Below = append(above.Below, u)
			} else {
				c.Top = append(c.Top, u)
			}
		}
		u.Mark = markOf(ch)
		u.Note = o.note(u, ch, plan)
	}
}

// removed are the units of a plan that the configuration does not have, by their keys.
// All of them are made before any is hung, because one may be below another.
func (o *org) removed(plan *planner.Plan) map[string]*graph.Unit {
	out := map[string]*graph.Unit{}
	for i := range plan.Changes {
		ch := &plan.Changes[i]
		if ch.Kind == directory.OrgUnit && o.units[ch.Address] == nil {
			key := ch.Address.String()
			out[key] = &graph.Unit{Key: key, Name: cmp.Or(ch.Title, key)}
		}
	}
	return out
}

// note tells what a plan does to a unit beyond its mark: "from 전략본부, was 영업1팀".
func (o *org) note(u *graph.Unit, c *planner.Change, plan *planner.Plan) string {
	if u.Mark == graph.Gone {
		return string(c.Action)
	}
	var parts []string
	if before, moved := c.Before["parent"]; moved {
		if from := plan.Names[reference(before)].Title; from != "" {
			parts = append(parts, "from "+from)
		}
	}
	if was := value.Text(c.Before["name"]); was != "" && was != u.Name {
		parts = append(parts, "was "+was)
	}
	return strings.Join(parts, ", ")
}

// reference is the key in a plan's names that a value stands for.
func reference(v value.Value) string {
	if r, ok := v.(value.Ref); ok {
		return r.Addr.String()
	}
	return value.Text(v)
}

func markOf(c *planner.Change) graph.Mark {
	switch c.Action {
	case planner.Create, planner.Restore:
		return graph.New
	case planner.Move:
		return graph.Moved
	case planner.Suspend, planner.Delete, planner.Forget, planner.Keep:
		return graph.Gone
	}
	for i := range c.Steps {
		if c.Steps[i].Place != nil {
			return graph.Moved
		}
	}
	if len(c.Steps) == 0 || c.Action == planner.Adopt && len(c.After) == 0 {
		return ""
	}
	return graph.Changed
}
