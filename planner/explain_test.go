package planner

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// TestExplainSaysWhatThePlanDoes: for random tenants, each object is explained; the
// attributes that the rules write are those that the plan writes; each wait has a reason,
// and who waits is told on both sides. What a saved plan says is no less.
func TestExplainSaysWhatThePlanDoes(t *testing.T) {
	whys, rules := map[string]int{}, map[Rule]int{}
	for seed := range seeds / 2 {
		r := rand.New(rand.NewPCG(seed, 3))
		w := &world{r: r, kinds: toyKinds()}
		tn := newTenant(w.kinds)
		for round := range 3 {
			in := tn.input(w.make())
			p := Build(in)
			for i := range p.Changes {
				c := &p.Changes[i]
				again, e := Explain(in, c.Address)
				if e == nil || e.Action != c.Action || !strings.Contains(e.Verdict, c.Reason) || again.Hash != p.Hash {
					t.Fatalf("seed %d round %d: %s is explained as %+v", seed, round, c.Address, e)
				}
				checkRules(t, c, e, rules)
				checkWaits(t, c, e, whys)
				if saved := ExplainChange(p, c.Address); saved == nil || len(saved.Steps) != len(c.Steps) {
					t.Fatalf("%s of the saved plan: %+v", c.Address, saved)
				}
			}
			if p.Diagnostics.HasErrors() {
				continue
			}
			if err := tn.run(p, r); err != nil {
				t.Fatal(err)
			}
			in = tn.input(in.Wanted)
			for _, inst := range in.Wanted {
				if _, e := Explain(in, inst.Addr); e == nil || e.Action != "" || !strings.HasPrefix(e.Verdict, "nothing to do") {
					t.Fatalf("seed %d: %s after the apply: %+v", seed, inst.Addr, e)
				}
			}
		}
	}
	t.Log(whys, rules)
	for _, why := range []string{aboveIt, "parent refers to it", "the steps of one object follow each other"} {
		if whys[why] == 0 {
			t.Errorf("no step waits because %q: %v", why, whys)
		}
	}
}

func checkRules(t *testing.T, c *Change, e *Explanation, rules map[Rule]int) {
	t.Helper()
	for _, a := range e.Attributes {
		rules[a.Rule]++
		_, writes := c.After[a.Attr]
		switch a.Rule {
		case RuleChanged, RuleReverted:
			if !writes {
				t.Fatalf("%s: %s is told as %s, and the plan does not write it", c.Address, a.Attr, a.Rule)
			}
		case RuleEqual, RuleApplied, RuleSeed, RuleIgnored:
			if writes && !slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Verb == DoRelease }) {
				t.Fatalf("%s: %s is told as %s, and the plan writes it", c.Address, a.Attr, a.Rule)
			}
		}
	}
}

func checkWaits(t *testing.T, c *Change, e *Explanation, whys map[string]int) {
	t.Helper()
	if len(e.Steps) != len(c.Steps) {
		t.Fatalf("%s has %d steps, %d are explained", c.Address, len(c.Steps), len(e.Steps))
	}
	for i, s := range e.Steps {
		if len(s.WaitsFor) != len(c.Steps[i].Needs) {
			t.Fatalf("%s: needs %v, told %+v", s.ID, c.Steps[i].Needs, s.WaitsFor)
		}
		for _, wait := range slices.Concat(s.WaitsFor, s.Before) {
			whys[wait.Why]++
			if wait.Why == "" || wait.Verb == "" || wait.Address.IsZero() {
				t.Fatalf("%s: %+v", s.ID, wait)
			}
		}
	}
}

// TestExplain: the words for what a reader asks.
func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		make func(*tenant, []*schema.Instance) Input
		ask  string
		want []string // parts of verdict, match and rules
	}{
		"as wanted": {func(tn *tenant, w []*schema.Instance) Input { return tn.input(w) }, "unit.b",
			[]string{"nothing to do: it is as", "by the ID in the state", "name equal"}},
		"changed by hand": {func(tn *tenant, w []*schema.Instance) Input {
			tn.rename("unit.b", "손댐")
			return tn.input(w)
		}, "unit.b", []string{"update, changed by hand", "name reverted"}},
		"left alone": {func(tn *tenant, w []*schema.Instance) Input {
			tn.rename("unit.b", "손댐")
			w[1].Lifecycle.Ignore = []string{"name"}
			tn.stateOf(w[1].Addr).Lifecycle.Ignore = []string{"name"}
			return tn.input(w)
		}, "unit.b", []string{"nothing to do", "name ignored"}},
		"left out": {func(tn *tenant, w []*schema.Instance) Input {
			in := tn.input(w)
			in.Exclude = []addr.Address{addr.New("unit", "b")}
			return in
		}, "unit.b", []string{"left out by --target"}},
		"not declared any more": {func(tn *tenant, w []*schema.Instance) Input { return tn.input(w[:1]) }, "unit.b",
			[]string{"delete, no longer declared"}},
		"not there yet": {func(tn *tenant, w []*schema.Instance) Input {
			tn.state.Objects = tn.state.Objects[:1]
			tn.objs["unit"] = tn.objs["unit"][:1]
			return tn.input(w)
		}, "unit.b",
			[]string{"create, declared, and not there yet", "nothing at the service is it", "name created"}},
		"deleted by hand": {func(tn *tenant, w []*schema.Instance) Input {
			tn.objs["unit"] = tn.objs["unit"][:1]
			return tn.input(w)
		}, "unit.b",
			[]string{"create, deleted by hand", "the state's ID is not at the service"}},
		"applied moments ago": {func(tn *tenant, w []*schema.Instance) Input {
			tn.objs["unit"] = tn.objs["unit"][:1]
			tn.stateOf(w[1].Addr).Applied = tn.now.Add(-time.Second)
			return tn.input(w)
		}, "unit.b", []string{"applied moments ago", "name awaited"}},
		"moved": {func(tn *tenant, w []*schema.Instance) Input {
			in := tn.input(w)
			w[1].Addr = addr.New("unit", "c")
			in.Moves = []schema.Move{{From: addr.New("unit", "b"), To: addr.New("unit", "c")}}
			return in
		}, "unit.b", []string{"known as unit.b before"}},
	} {
		t.Run(name, func(t *testing.T) {
			tn := newTenant(toyKinds())
			var wanted []*schema.Instance
			for i, name := range []string{"a", "b"} {
				wanted = append(wanted, &schema.Instance{Addr: addr.New("unit", name), Kind: tn.kind("unit"), Company: acme, Seq: i, Written: true,
					Attrs: value.Object{"key": value.String(name), "name": value.String(name)}})
			}
			if err := tn.run(Build(tn.input(wanted)), rand.New(rand.NewPCG(1, 1))); err != nil {
				t.Fatal(err)
			}
			a, err := addr.Parse(c.ask)
			if err != nil {
				t.Fatal(err)
			}
			_, e := Explain(c.make(tn, wanted), a)
			if e == nil {
				t.Fatal("not explained")
			}
			said := e.Verdict + " | " + e.Matched
			for _, w := range e.Attributes {
				said += " | " + w.Attr + " " + string(w.Rule)
			}
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q is missing in %q", want, said)
				}
			}
		})
	}
	if _, e := Explain(newTenant(toyKinds()).input(nil), addr.New("unit", "nobody")); e != nil {
		t.Errorf("nobody is explained: %+v", e)
	}
}

// rename changes the name of an object at the service.
func (t *tenant) rename(address, name string) {
	a, err := addr.Parse(address)
	if err != nil {
		panic(err)
	}
	l := t.find(t.idOf(a))
	l.Attrs = maps.Clone(l.Attrs)
	l.Attrs["name"] = value.String(name)
}

// TestExplainContent: blocks of content, which are no objects, are explained too.
func TestExplainContent(t *testing.T) {
	mail := &schema.Kind{Type: "mail_migration", Content: true, Attrs: []schema.Attr{{Name: "source", Type: schema.Text()}}}
	source := &schema.Kind{Type: "mail_source", Content: true}
	box, old, wave := addr.Instance("mail_migration", "staff", "1"), addr.New("mail_source", "old"), addr.New("wave", "one")
	place := func(value.Path) diag.Place { return diag.Place{Cell: &diag.Cell{File: "m.csv", Ref: "B2"}} }
	in := Input{
		Wanted: []*schema.Instance{
			{Addr: box, Kind: mail, Attrs: value.Object{"source": value.ID(old)}, Where: place},
			{Addr: old, Kind: source, Attrs: value.Object{}},
			{Addr: wave, Kind: &schema.Kind{Type: "wave", Content: true}, Attrs: value.Object{}},
		},
		State: &state.State{Waves: []state.Wave{{Address: wave, Phase: "presync", Since: noon, Who: "kim@host"}}},
	}
	p := &Plan{
		Content: []Content{
			{Address: box, Route: "gateway", Phase: "presync", NewItems: 12, Surveyed: noon},
			{Address: addr.New("mail_migration", "left"), Forgotten: true},
		},
		Waves: []WaveChange{{Address: wave, From: "presync", To: "live"}},
	}
	for a, want := range map[addr.Address]string{
		box:                                "12 new items wait for isa sync",
		old:                                "one block refers to it",
		wave:                               "comes into phase live with the next apply; the state has the wave in phase presync since 2026-03-02 12:00:00 UTC, by kim@host",
		addr.New("mail_migration", "left"): "no block declares it any more",
	} {
		e := ExplainContent(in, p, a)
		if e == nil || !strings.Contains(e.Verdict, want) {
			t.Errorf("%s: %+v, want %q", a, e, want)
		}
	}
	if e := ExplainContent(in, p, box); len(e.Attributes) != 1 || e.Attributes[0].Sources[0].Cell.Ref != "B2" {
		t.Errorf("where it comes from: %+v", e.Attributes)
	}
	if e := ExplainContent(in, p, addr.New("wave", "two")); e != nil {
		t.Errorf("nothing is explained: %+v", e)
	}
}
