package planner

import (
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// toyPhone has attributes with calls of their own: one that no listing gives, one that
// a listing gives and that is over when its text is "over", one that may refer to what is made in the
// same plan.
func toyPhone() *schema.Kind {
	return &schema.Kind{
		Type: "phone", Natural: []string{"name"}, Removals: []string{"delete", "keep"},
		Attrs: []schema.Attr{
			{Name: "name", Type: schema.Text(), Required: true},
			{Name: "ring", Type: schema.Text(), Clearable: true, Aside: true, Unreadable: true},
			{Name: "until", Type: schema.Text(), Clearable: true, Aside: true, Over: func(v value.Value, _ time.Time) bool { return value.Text(v) == "over" }},
			{Name: "sees", Type: schema.RefTo("phone"), Clearable: true, Aside: true, Unreadable: true, Deferred: true},
		},
	}
}

// TestAside: what has calls of its own follows in a step of its own; what no listing
// gives counts as applied, unless it was read; what is over is as good as none.
func TestAside(t *testing.T) {
	kinds := []*schema.Kind{toyPhone()}
	at, other := addr.New("phone", "p"), addr.New("phone", "q")
	text := func(s string) value.Value { return value.String(s) }
	see := value.Ref{Addr: other, Attr: "id"}
	type object = value.Object
	for name, c := range map[string]struct {
		wanted, applied, live object // beside the name; applied nil: not in the state; live nil: not there
		id                    string // in the state, "" = that of the live object
		steps                 []object
		drift                 bool
	}{
		"new":                       {object{"ring": text("a"), "until": text("b")}, nil, nil, "", []object{{"name": text("P")}, {"ring": text("a"), "until": text("b")}}, false},
		"new, over":                 {object{"until": text("over")}, nil, nil, "", []object{{"name": text("P")}}, false},
		"new, cleared":              {object{"ring": value.Clear{}}, nil, nil, "", []object{{"name": text("P")}}, false},
		"new, refers to new":        {object{"sees": see}, nil, nil, "", []object{{"name": text("P")}, {"sees": see}}, false},
		"applied":                   {object{"ring": text("a")}, object{"ring": text("a")}, object{}, "", nil, false},
		"of another object":         {object{"ring": text("a")}, object{"ring": text("a")}, object{}, "gone", []object{{"ring": text("a")}}, false},
		"changed":                   {object{"ring": text("b")}, object{"ring": text("a")}, object{}, "", []object{{"ring": text("b")}}, false},
		"never applied":             {object{"ring": text("a")}, object{}, object{}, "", []object{{"ring": text("a")}}, false},
		"cleared":                   {object{"ring": value.Clear{}}, object{"ring": text("a")}, object{}, "", []object{{"ring": value.Clear{}}}, false},
		"cleared before":            {object{"ring": value.Clear{}}, object{"ring": value.Clear{}}, object{}, "", nil, false},
		"refers to what is new":     {object{"sees": see}, object{"sees": see}, object{}, "", []object{{"sees": see}}, false},
		"read, as wanted":           {object{"ring": text("a")}, object{"ring": text("x")}, object{"ring": text("a")}, "", nil, false},
		"read, changed by hand":     {object{"ring": text("a")}, object{"ring": text("a")}, object{"ring": text("x")}, "", []object{{"ring": text("a")}}, true},
		"read, emptied by hand":     {object{"ring": text("a")}, object{"ring": text("a")}, object{"ring": value.Clear{}}, "", []object{{"ring": text("a")}}, true},
		"read, empty as wanted":     {object{"ring": value.Clear{}}, object{}, object{"ring": value.Clear{}}, "", nil, false},
		"over":                      {object{"until": text("over")}, object{"until": text("over")}, object{}, "", nil, false},
		"over, and still shown":     {object{"until": text("over")}, object{"until": text("over")}, object{"until": text("over")}, "", nil, false},
		"over, another one shown":   {object{"until": text("over")}, object{"until": text("over")}, object{"until": text("b")}, "", []object{{"until": value.Clear{}}}, false},
		"cleared, one that is over": {object{"until": value.Clear{}}, object{"until": value.Clear{}}, object{"until": text("over")}, "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			tn := newTenant(kinds)
			inst := func(a addr.Address, attrs object) *schema.Instance {
				return &schema.Instance{Kind: kinds[0], Addr: a, Attrs: attrs, Company: acme}
			}
			named := func(attrs object) object {
				out := object{"name": text("P")}
				for k, v := range attrs {
					out[k] = v
				}
				return out
			}
			if c.live != nil {
				tn.objs["phone"] = []live.Object{{Kind: "phone", ID: "p-1", DomainID: 1, Status: live.InUse, Attrs: named(c.live)}}
			}
			if c.applied != nil {
				id := c.id
				if id == "" {
					id = "p-1"
				}
				tn.state.Objects = []state.Object{{Address: at, Kind: "phone", ID: id, DomainID: 1, Status: state.Ready, Attrs: named(c.applied)}}
			}
			wanted := []*schema.Instance{inst(at, named(c.wanted))}
			if c.wanted["sees"] != nil {
				wanted = append(wanted, inst(other, object{"name": text("Q")}))
			}
			p := Build(tn.input(wanted))
			if p.Diagnostics.HasErrors() {
				t.Fatal(p.Diagnostics)
			}
			var got []object
			for i := range p.Changes {
				for _, s := range p.Changes[i].Steps {
					if p.Changes[i].Address == at && s.Verb != DoRecord {
						got = append(got, s.Attrs)
					}
				}
			}
			if len(got) != len(c.steps) {
				t.Fatalf("steps %v, want %v", got, c.steps)
			}
			for i := range got {
				if !value.Equal(got[i], c.steps[i]) {
					t.Errorf("step %d writes %v, want %v", i, got[i], c.steps[i])
				}
			}
			if (len(p.Drift) > 0) != c.drift {
				t.Errorf("drift %v, want some: %v", p.Drift, c.drift)
			}
			if again := Build(tn.input(wanted)); Hash(again) != Hash(p) {
				t.Error("the plan is another one the second time")
			}
		})
	}
}
