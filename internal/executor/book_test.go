package executor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// one runs a plan of one change over a state of the given objects.
func one(t *testing.T, n *tenant, objects []state.Object, c planner.Change) *state.State {
	t.Helper()
	st := &state.State{Format: state.Format, Lineage: "l", Serial: 1, Tenant: "toy", Objects: objects}
	s := &memory{st: st}
	for i := range c.Steps {
		c.Steps[i].ID = c.Address.String() + "#" + string(rune('1'+i))
	}
	p := &planner.Plan{Lineage: "l", Serial: 1, Tenant: "toy", Changes: []planner.Change{c}}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	rep, err := Run(t.Context(), Options{Plan: p, Kinds: n.kinds(), Session: s, Live: live.Snapshot{}, Looks: quick(), Now: func() time.Time { return now }})
	if err != nil || !rep.Complete() {
		t.Fatalf("%+v, %v", rep, err)
	}
	return s.st
}

func person(status state.Status) state.Object {
	return state.Object{Address: addr.New("person", "kim"), Kind: "person", Schema: 1, ID: "p0", Status: status,
		Attrs: value.Object{"login": value.String("kim"), "note": value.String("x")}, Lifecycle: schema.Lifecycle{DeleteAfter: 90, Protect: true}}
}

func withKim(t *testing.T) *tenant {
	n := newTenant(t, "")
	n.write(entity{Kind: "person", ID: "p0", Attrs: value.Object{"login": value.String("kim"), "note": value.String("x")}})
	return n
}

func TestLeaversGoInStagesAndReturn(t *testing.T) {
	n, kim := withKim(t), person(state.Ready)
	left := planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Suspend, Managed: kim.Attrs,
		Steps: []planner.Step{{Verb: planner.DoRelease, Attrs: value.Object{"note": value.Clear{}}}, {Verb: planner.DoSuspend}}}
	st := one(t, n, []state.Object{kim}, left)
	o, ok := st.Find(kim.Address)
	if !ok || o.Status != state.Retired || o.Suspended.IsZero() || o.Lifecycle.DeleteAfter != 90 || o.ID != "p0" {
		t.Fatalf("after suspension: %+v", o)
	}
	back := planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Restore, Managed: kim.Attrs,
		Steps: []planner.Step{{Verb: planner.DoUnsuspend}, {Verb: planner.DoPatch, Attrs: value.Object{"note": value.String("x")}}}}
	o, _ = one(t, n, st.Objects, back).Find(kim.Address)
	if o.Status != state.Ready || !o.Suspended.IsZero() || o.Lifecycle.Protect {
		t.Errorf("after the return: %+v", o)
	}
	gone := planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Delete, Managed: kim.Attrs, Steps: []planner.Step{{Verb: planner.DoDelete}}}
	o, ok = one(t, n, st.Objects, gone).Find(kim.Address)
	if !ok || o.Status != state.Retired || o.Deleted.IsZero() {
		t.Errorf("a deleted person who can still return: %+v", o)
	}
	gone.Managed = nil
	if st := one(t, n, st.Objects, gone); len(st.Objects) != 0 {
		t.Errorf("deleted for good: %+v", st.Objects)
	}
}

func TestRecordTouchesOnlyTheState(t *testing.T) {
	n, kim := withKim(t), person(state.Ready)
	adopt := planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Adopt, Managed: kim.Attrs, Steps: []planner.Step{{Verb: planner.DoRecord}}}
	pending := person(state.Pending)
	pending.ID, pending.Known = "", []string{"p7"}
	for _, before := range [][]state.Object{nil, {pending}} {
		o, ok := one(t, n, before, adopt).Find(kim.Address)
		if !ok || o.ID != "p0" || o.Status != state.Ready || o.Known != nil {
			t.Errorf("adopted: %+v", o)
		}
	}
	forget := planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Forget, Steps: []planner.Step{{Verb: planner.DoRecord}}}
	if st := one(t, n, []state.Object{kim}, forget); len(st.Objects) != 0 || n.calls != 0 {
		t.Errorf("forgotten: %+v, %d calls", st.Objects, n.calls)
	}
}

// What became as wanted by itself is recorded once, without a call; then nothing is
// written any more.
func TestBookkeepingIsRecordedOnce(t *testing.T) {
	n, kim := withKim(t), person(state.Ready)
	lee := addr.New("person", "lee")
	attrs := value.Object{"login": value.String("kim"), "friend": value.ID(lee)}
	s := &memory{st: &state.State{Format: state.Format, Lineage: "l", Serial: 1, Tenant: "toy", Objects: []state.Object{kim}}}
	p := &planner.Plan{Lineage: "l", Serial: 1, Tenant: "toy", Records: []planner.Record{{Address: kim.Address, Attrs: attrs}}}
	run := func() {
		t.Helper()
		rep, err := Run(t.Context(), Options{Plan: p, Kinds: n.kinds(), Session: s, Looks: quick()})
		if err != nil || !rep.Complete() || n.calls != 0 {
			t.Fatalf("%+v, %v, %d calls", rep, err, n.calls)
		}
	}
	run()
	want := kim
	want.Attrs, want.Needs = attrs, []addr.Address{lee}
	if o, _ := s.st.Find(kim.Address); !cmp.Equal(o, want) {
		t.Errorf("recorded: %s", cmp.Diff(want, o))
	}
	s.entries, p.Records = nil, nil
	if run(); len(s.entries) != 0 {
		t.Errorf("nothing to record, and %d entries are journaled", len(s.entries))
	}
}

// While steps of a change remain, the state holds only what is certainly applied.
func TestThePartsOfAChangeAreRecordedOneByOne(t *testing.T) {
	n, kim := withKim(t), person(state.Ready)
	seen := []value.Object{}
	c := planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Update,
		Managed: value.Object{"login": value.String("lee"), "note": value.String("y")},
		Steps: []planner.Step{{Verb: planner.DoRelease, Attrs: value.Object{"login": value.String("tmp")}},
			{Verb: planner.DoPatch, Attrs: value.Object{"login": value.String("lee"), "note": value.String("y")}}}}
	st := &state.State{Format: state.Format, Lineage: "l", Serial: 1, Tenant: "toy", Objects: []state.Object{kim}}
	c.Steps[0].ID, c.Steps[1].ID = "a#1", "a#2"
	s := &memory{st: st}
	if _, err := Run(t.Context(), Options{Plan: &planner.Plan{Lineage: "l", Serial: 1, Tenant: "toy", Changes: []planner.Change{c}}, Kinds: n.kinds(), Session: s}); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.entries {
		if e.Put != nil {
			seen = append(seen, e.Put.Object.Attrs)
		}
	}
	want := []value.Object{{"login": value.String("tmp"), "note": value.String("x")}, {"login": value.String("lee"), "note": value.String("y")}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestNewAddressesReachObjectsAndReferences(t *testing.T) {
	a, b, c := addr.New("unit", "a"), addr.New("unit", "b"), addr.New("unit", "c")
	object := func(at addr.Address, id string, up addr.Address) state.Object {
		o := state.Object{Address: at, Kind: "unit", ID: id, Status: state.Ready, Attrs: value.Object{"name": value.String(id)}}
		if !up.IsZero() {
			o.Attrs["parent"], o.Needs = value.ID(up), []addr.Address{up}
		}
		return o
	}
	st := state.Fold(state.Empty(), []state.Entry{{Put: &state.Put{Object: object(a, "1", addr.Address{})}}, {Put: &state.Put{Object: object(b, "2", a)}},
		{Put: &state.Put{Object: object(c, "3", b)}}})
	for name, moves := range map[string]map[addr.Address]addr.Address{
		"swap":  {a: b, b: a},
		"chain": {a: b, b: addr.New("unit", "d")},
	} {
		p := &planner.Plan{}
		for from, to := range moves {
			p.Changes = append(p.Changes, planner.Change{Address: to, Previous: from})
		}
		after := state.Fold(st, rekey(st, p))
		now := func(x addr.Address) addr.Address {
			if to, ok := moves[x]; ok {
				return to
			}
			return x
		}
		want := state.Fold(state.Empty(), []state.Entry{{Put: &state.Put{Object: object(now(a), "1", addr.Address{})}},
			{Put: &state.Put{Object: object(now(b), "2", now(a))}}, {Put: &state.Put{Object: object(now(c), "3", now(b))}}})
		if diff := cmp.Diff(want.Objects, after.Objects, cmp.Comparer(func(x, y []addr.Address) bool { return len(x) == len(y) && (len(x) == 0 || x[0] == y[0]) })); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestReferencesBecomeWhatTheServiceKnows(t *testing.T) {
	hq, kim := addr.New("unit", "hq"), addr.New("person", "kim")
	r := resolver{func(a addr.Address) (target, bool) {
		if a == hq {
			return target{kind: "unit", id: "u1", attr: func(name string) value.Value {
				return value.Object{"email": value.String("hq@acme"), "odd": value.Clear{}}[name]
			}}, true
		}
		return target{kind: "person", id: "p1"}, a == kim
	}}
	attrs := []schema.Attr{{Name: "unit", Type: schema.RefTo("unit")}, {Name: "members", Type: schema.ListOf(schema.RefTo("unit", "person"))},
		{Name: "mail", Type: schema.Text()}, {Name: "posts", Type: schema.ListOf(schema.ObjectOf(schema.Attr{Name: "unit", Type: schema.RefTo("unit")}))},
		{Name: "by", Type: schema.MapOf(schema.RefTo("unit", "person"))}}
	gone := value.ID(addr.New("person", "gone"))
	got, err := r.object(value.Object{
		"unit": value.ID(hq), "members": value.Edit{Add: value.List{value.ID(kim), value.ID(hq)}, Remove: value.List{gone, value.ID(kim)}},
		"mail": value.Ref{Addr: hq, Attr: "email"}, "posts": value.List{value.Object{"unit": value.ID(hq)}}, "by": value.Object{"x": value.ID(kim)},
	}, attrs)
	want := value.Object{
		"unit": value.String("u1"), "members": value.Edit{Add: value.List{value.String("person:p1"), value.String("unit:u1")}, Remove: value.List{value.String("person:p1")}},
		"mail": value.String("hq@acme"), "posts": value.List{value.Object{"unit": value.String("u1")}}, "by": value.Object{"x": value.String("person:p1")},
	}
	if err != nil || !value.Equal(want, got) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, v := range []value.Value{gone, value.Ref{Addr: hq, Attr: "none"}, value.Ref{Addr: hq, Attr: "odd"}, value.List{gone}} {
		if got, err := r.value(v, schema.Text()); err == nil {
			t.Errorf("%v became %v", v, got)
		}
	}
}

func TestConfirmation(t *testing.T) {
	text := schema.Attr{Name: "x", Type: schema.Text(), CaseFold: true}
	set := schema.Attr{Name: "x", Type: schema.ListOf(schema.Text()), Set: true}
	list := schema.Attr{Name: "x", Type: schema.ListOf(schema.Text())}
	s := func(text string) value.Value { return value.String(text) }
	for _, c := range []struct {
		attr         schema.Attr
		sent, answer value.Value
		want         bool
	}{
		{text, s("A"), s("a"), true},
		{text, s("A"), s("b"), false},
		{text, s("A"), nil, false},
		{text, value.Clear{}, nil, true},
		{text, value.Clear{}, s("a"), false},
		{set, value.List{s("a"), s("b")}, value.List{s("b"), s("a")}, true},
		{list, value.List{s("a"), s("b")}, value.List{s("b"), s("a")}, false},
		{set, value.List{}, nil, true},
		{set, value.Edit{Add: value.List{s("a")}, Remove: value.List{s("b")}}, value.List{s("a"), s("c")}, true},
		{set, value.Edit{Add: value.List{s("a")}, Remove: value.List{s("c")}}, value.List{s("a"), s("c")}, false},
		{schema.Attr{Name: "x", WriteOnly: true}, s("a"), nil, true},
	} {
		answer := value.Object{}
		if c.answer != nil {
			answer["x"] = c.answer
		}
		if got := confirms([]schema.Attr{c.attr}, value.Object{"x": c.sent}, answer); got != c.want {
			t.Errorf("%v answered by %v: %v", c.sent, c.answer, got)
		}
	}
	if confirms(nil, value.Object{}, nil) {
		t.Error("no answer confirms")
	}
}
