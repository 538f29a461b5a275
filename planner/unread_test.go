package planner

import (
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

func toySetting() *schema.Kind {
	return &schema.Kind{
		Type: "setting", Unread: "owner", Natural: []string{"owner"}, Removals: []string{"delete", "keep"},
		Attrs: []schema.Attr{
			{Name: "owner", Type: schema.RefTo("grade"), Required: true, CreateOnly: true},
			{Name: "to", Type: schema.Text(), Required: true},
			{Name: "keep", Type: schema.Switch()},
		},
	}
}

// TestRemembered: what cannot be read is there as it was applied, with the object
// that it belongs to; what was begun is written again; changes are written whole.
func TestRemembered(t *testing.T) {
	kinds := []*schema.Kind{toyGrade(), toySetting()}
	grade, at := addr.New("grade", "a"), addr.New("setting", "s")
	inst := func(k *schema.Kind, a addr.Address, attrs value.Object) *schema.Instance {
		return &schema.Instance{Kind: k, Addr: a, Attrs: attrs, Company: acme}
	}
	owner := inst(kinds[0], grade, value.Object{"name": value.String("A")})
	wish := func(to string) *schema.Instance {
		return inst(kinds[1], at, value.Object{"owner": value.Ref{Addr: grade, Attr: "id"}, "to": value.String(to), "keep": value.Bool(true)})
	}
	gradeAs := func(id string) state.Object {
		return state.Object{Address: grade, Kind: "grade", ID: id, DomainID: 1, Status: state.Ready, Attrs: owner.Attrs}
	}
	applied := state.Object{Address: at, Kind: "setting", ID: "g-1", DomainID: 1, Status: state.Ready, Attrs: wish("x").Attrs}
	begun := applied
	begun.ID, begun.Status = "", state.Pending
	for name, c := range map[string]struct {
		state  []state.Object
		grades []string // listed
		wanted []*schema.Instance
		action Action
		attrs  value.Object // of the step
	}{
		"new":                    {[]state.Object{gradeAs("g-1")}, []string{"g-1"}, []*schema.Instance{owner, wish("x")}, Create, wish("x").Attrs},
		"as it is":               {[]state.Object{gradeAs("g-1"), applied}, []string{"g-1"}, []*schema.Instance{owner, wish("x")}, "", nil},
		"changed":                {[]state.Object{gradeAs("g-1"), applied}, []string{"g-1"}, []*schema.Instance{owner, wish("y")}, Update, value.Object{"to": value.String("y"), "keep": value.Bool(true)}},
		"not wanted":             {[]state.Object{gradeAs("g-1"), applied}, []string{"g-1"}, []*schema.Instance{owner}, Delete, nil},
		"begun":                  {[]state.Object{gradeAs("g-1"), begun}, []string{"g-1"}, []*schema.Instance{owner, wish("x")}, Update, value.Object{"to": value.String("x"), "keep": value.Bool(true)}},
		"begun and not wanted":   {[]state.Object{gradeAs("g-1"), begun}, []string{"g-1"}, []*schema.Instance{owner}, Delete, nil},
		"its owner is another":   {[]state.Object{gradeAs("g-2"), applied}, []string{"g-2"}, []*schema.Instance{owner, wish("x")}, Create, wish("x").Attrs},
		"its owner was deleted":  {[]state.Object{gradeAs("g-1"), applied}, nil, []*schema.Instance{owner, wish("x")}, Create, wish("x").Attrs},
		"went with its owner":    {[]state.Object{gradeAs("g-1"), applied}, nil, nil, Forget, nil},
		"owner no longer of isa": {[]state.Object{applied}, []string{"g-1"}, nil, Delete, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tn := newTenant(kinds)
			tn.state.Objects = c.state
			for _, id := range c.grades {
				tn.objs["grade"] = append(tn.objs["grade"], live.Object{Kind: "grade", ID: id, DomainID: 1, Status: live.InUse, Attrs: value.Object{"name": value.String("A")}})
			}
			in := tn.input(c.wanted)
			before := len(in.Live.Objects)
			in.Live = Remembered(in.Live, kinds, tn.state)
			if len(tn.snapshot().Objects) != before {
				t.Error("the listing was changed")
			}
			p := Build(in)
			if p.Diagnostics.HasErrors() {
				t.Fatal(p.Diagnostics)
			}
			var got *Change
			for i := range p.Changes {
				if p.Changes[i].Address == at {
					got = &p.Changes[i]
				}
			}
			switch {
			case c.action == "" && got != nil:
				t.Errorf("%+v", got)
			case c.action == "":
			case got == nil || got.Action != c.action:
				t.Fatalf("%+v, want %s", p.Changes, c.action)
			case c.attrs != nil && !value.Equal(got.Steps[0].Attrs, c.attrs):
				t.Errorf("%+v, want %+v", got.Steps[0].Attrs, c.attrs)
			}
		})
	}
	if got := Remembered(live.Snapshot{}, kinds[:1], nil); got.Objects != nil {
		t.Error("a listing without such kinds became another one")
	}
}
