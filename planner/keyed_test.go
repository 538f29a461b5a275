package planner_test

import (
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

func property(name string) value.Object {
	return value.Object{"name": value.String(name), "display_name": value.String(name), "type": value.String("string")}
}

func custom(values value.Object) value.Object {
	return value.Object{"login_id": value.String("hong"), "last_name": value.String("홍"), "custom": values}
}

// needs reports whether the last step of one object waits for the first of another.
func needs(p *planner.Plan, object, other addr.Address) bool {
	for _, c := range p.Changes {
		if c.Address != object {
			continue
		}
		for _, s := range c.Steps {
			if slices.Contains(s.Needs, other.String()+"#1") {
				return true
			}
		}
	}
	return false
}

// TestNamesOfMapsAreMadeFirstAndGoLast: what is known by name to a map needs no
// reference.
func TestNamesOfMapsAreMadeFirstAndGoLast(t *testing.T) {
	badge, who := addr.Instance("custom_property", "a", "badge"), addr.Instance("member", "a", "1")
	r := newReal()
	r.add("custom_property", "badge", property("badge"))
	r.add("member", "1", custom(value.Object{"badge": value.String("A-1")}))
	if p := planner.Build(r.in); !p.Empty() || p.Diagnostics.HasErrors() {
		t.Fatalf("unchanged: %v, %v", p.Changes, p.Diagnostics)
	}

	fresh := r.in
	fresh.Live.Objects, fresh.State = map[string][]live.Object{}, &state.State{}
	if p := planner.Build(fresh); !needs(p, who, badge) {
		t.Errorf("the value does not wait for its definition: %+v", p.Changes)
	}
	targeted := fresh
	targeted.Targets = []addr.Address{who}
	if p := planner.Build(targeted); p.Summary.Create != 2 || !needs(p, who, badge) {
		t.Errorf("the definition is not taken along: %+v", p.Summary)
	}

	gone := r.in
	gone.Wanted = gone.Wanted[1:]
	changed := *gone.Wanted[0]
	changed.Attrs = custom(value.Object{"badge": value.Clear{}})
	gone.Wanted = []*schema.Instance{&changed}
	if p := planner.Build(gone); !needs(p, badge, who) || p.Diagnostics.HasErrors() {
		t.Errorf("the definition does not wait for the value: %+v, %v", p.Changes, p.Diagnostics)
	}

	elsewhere := fresh // a property of the same name in another company is another one
	elsewhere.Wanted = slices.Clone(fresh.Wanted)
	away := *fresh.Wanted[0]
	away.Company.DomainID = 2
	elsewhere.Wanted[0] = &away
	if p := planner.Build(elsewhere); needs(p, who, badge) {
		t.Errorf("a definition of another company is waited for: %+v", p.Changes)
	}
}

// TestFreeValues: lists are sets, everything else is compared as a whole; what is not
// written stays.
func TestFreeValues(t *testing.T) {
	link := func(text string) value.Object {
		return value.Object{"link": value.String("https://a.kr"), "text": value.String(text)}
	}
	one, two, three := value.Int(1), value.Int(2), value.String("3")
	for name, c := range map[string]struct {
		have, want value.Value
		same       bool
	}{
		"order of a list":   {value.List{one, two}, value.List{two, one}, true},
		"less of a list":    {value.List{one, two}, value.List{one}, false},
		"number as text":    {value.Int(3), three, false},
		"link":              {link("a"), link("a"), true},
		"text of a link":    {link("a"), link("b"), false},
		"link without text": {link("a"), value.Object{"link": value.String("https://a.kr")}, false},
		"links":             {value.List{link("a"), link("b")}, value.List{link("b"), link("a")}, true},
		"nothing":           {nil, three, false},
		"cleared already":   {nil, value.Clear{}, true},
		"cleared":           {three, value.Clear{}, false},
	} {
		r := newReal()
		r.add("custom_property", "badge", property("badge"))
		r.add("member", "1", custom(value.Object{"badge": value.String("x"), "kept": value.String("y")}))
		now := r.in.Live.Objects["member"][0].Attrs
		now["custom"] = value.Object{"kept": value.String("by hand")}
		if c.have != nil {
			now["custom"] = value.Object{"badge": c.have, "kept": value.String("by hand")}
		}
		r.in.Wanted[1].Attrs["custom"] = value.Object{"badge": c.want}
		if p := planner.Build(r.in); len(p.Changes) == 0 != c.same {
			t.Errorf("%s: %d changes", name, len(p.Changes))
		}
	}
}

func TestRelationsMayGoAltogether(t *testing.T) {
	r := newReal()
	r.company()
	r.in.Wanted[4].Attrs["relation"] = value.Clear{}
	r.in.Live.Objects["member"][1].Attrs["relation"] = value.List{value.Object{"member": value.String("I-" + r.in.Wanted[5].Addr.String())}}
	if p := planner.Build(r.in); len(p.Changes) != 1 || p.Diagnostics.HasErrors() {
		t.Errorf("%d changes, %v", len(p.Changes), p.Diagnostics)
	}
}
