package planner

import (
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// What is there as wanted without having been written is recorded, and nothing
// else: neither what the lifecycle leaves alone nor what says the same in another way.
func TestRecords(t *testing.T) {
	text, list := func(s string) value.Value { return value.String(s) }, func(s ...string) value.List {
		l := value.List{}
		for _, e := range s {
			l = append(l, value.String(e))
		}
		return l
	}
	digest := Digest(value.Secret("env:PIN"))
	for name, c := range map[string]struct {
		wanted, last, live value.Object
		life               schema.Lifecycle
		want               value.Object // nil: nothing to record
		changes            int
	}{
		"nothing new": {wanted: value.Object{"nick": text("k")}, last: value.Object{"nick": text("k")}, live: value.Object{"nick": text("k")}},
		"became equal": {wanted: value.Object{"nick": text("k")}, last: value.Object{"nick": text("j")}, live: value.Object{"nick": text("k")},
			want: value.Object{"nick": text("k")}},
		"never written": {wanted: value.Object{"nick": text("k"), "aliases": list("a")}, last: value.Object{}, live: value.Object{"nick": text("k"), "aliases": list("A")},
			want: value.Object{"nick": text("k"), "aliases": list("a")}},
		"no longer managed": {wanted: value.Object{}, last: value.Object{"nick": text("k")}, live: value.Object{"nick": text("k")}, want: value.Object{}},
		"said in another way": {wanted: value.Object{"phone": text("010 1234"), "aliases": list("b", "a")}, last: value.Object{"phone": text("0101234"), "aliases": list("a", "b")},
			live: value.Object{"phone": text("010-1234"), "aliases": list("a", "b")}},
		"cleared and empty": {wanted: value.Object{"nick": value.Clear{}}, last: value.Object{"nick": text("k")}, live: value.Object{}, want: value.Object{"nick": value.Clear{}}},
		"ignored": {wanted: value.Object{"nick": text("k")}, last: value.Object{"nick": text("j")}, live: value.Object{"nick": text("x")},
			life: schema.Lifecycle{Ignore: []string{"nick"}}},
		"ignored and equal": {wanted: value.Object{"nick": text("k")}, last: value.Object{"nick": text("j")}, live: value.Object{"nick": text("k")},
			life: schema.Lifecycle{Ignore: []string{"nick"}}, want: value.Object{"nick": text("k")}},
		"seeded, ours otherwise": {wanted: value.Object{"nick": text("k"), "last": text("Kim")}, last: value.Object{"nick": text("k")}, live: value.Object{"nick": text("x"), "last": text("Kim")},
			life: schema.Lifecycle{Seed: []string{"nick"}}, want: value.Object{"nick": text("k"), "last": text("Kim")}},
		"write-only":     {wanted: value.Object{"pin": value.Secret("env:PIN")}, last: value.Object{"pin": digest}, live: value.Object{}},
		"first password": {wanted: value.Object{"password": value.Object{"mode": text("mail")}}, last: value.Object{}, live: value.Object{}},
		"a step does it": {wanted: value.Object{"nick": text("k"), "last": text("Kim")}, last: value.Object{}, live: value.Object{"last": text("Kim")}, changes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			kim := addr.New("person", "kim")
			wanted, last, there := value.Object{"login": text("kim")}, value.Object{"login": text("kim")}, value.Object{"login": text("kim")}
			for dst, src := range map[*value.Object]value.Object{&wanted: c.wanted, &last: c.last, &there: c.live} {
				for n, v := range src {
					(*dst)[n] = v
				}
			}
			kinds := toyKinds()
			objects := map[string][]live.Object{"person": {{Kind: "person", ID: "P", DomainID: 1, Status: live.InUse, Attrs: there}}}
			st := &state.State{Objects: []state.Object{{Address: kim, Kind: "person", ID: "P", DomainID: 1, Status: state.Ready, Attrs: last, Lifecycle: c.life}}}
			in := Input{Kinds: kinds, Now: noon, State: st, Live: live.Snapshot{Objects: objects}, Tenant: schema.Tenant{Companies: []schema.Company{acme}},
				Wanted: []*schema.Instance{{Addr: kim, Kind: kinds[2], Company: acme, Attrs: wanted, Lifecycle: c.life}}}
			p := Build(in)
			if len(p.Changes) != c.changes || p.Diagnostics.HasErrors() {
				t.Fatalf("changes %s, %v", mustJSON(t, p.Changes), p.Diagnostics)
			}
			if c.want == nil {
				if len(p.Records) > 0 {
					t.Errorf("records %s", mustJSON(t, p.Records))
				}
				return
			}
			want := value.Object{"login": text("kim")}
			for n, v := range c.want {
				want[n] = v
			}
			if len(p.Records) != 1 || p.Records[0].Address != kim || !value.Equal(p.Records[0].Attrs, want) {
				t.Fatalf("records %s, want %s", mustJSON(t, p.Records), mustJSON(t, want))
			}
			if !p.Empty() {
				t.Error("bookkeeping counts as something to do")
			}
			roundTrip(t, p)
			hash := p.Hash
			p.Records = nil
			if Hash(p) != hash {
				t.Error("bookkeeping is in the hash")
			}
			st.Objects[0].Attrs = want
			if p := Build(in); len(p.Records) > 0 {
				t.Errorf("recorded once, and again %s", mustJSON(t, p.Records))
			}
		})
	}
}

// What an edit writes to an element leaves the rest of the element as it is: here
// the office of head, which nobody else may take then.
func TestAnEditKeepsWhatItDoesNotWrite(t *testing.T) {
	p := newPlanner(Input{Kinds: toyKinds()})
	post := func(unit string, more value.Object) value.Object {
		o := value.Object{"unit": value.String(unit)}
		for n, v := range more {
			o[n] = v
		}
		return o
	}
	head := value.Object{"head": value.Bool(true)}
	now := value.Object{"posts": value.List{post("U", head), post("V", nil)}}
	edit := value.Edit{Add: value.List{post("U", value.Object{"primary": value.Bool(true)}), post("W", nil)}, Remove: value.List{post("V", nil)}}
	want := value.List{post("U", value.Object{"head": value.Bool(true), "primary": value.Bool(true)}), post("W", nil)}
	if got := p.image(p.kinds["person"], now, value.Object{"posts": edit}); !value.Equal(got["posts"], want) {
		t.Errorf("%s, want %s", mustJSON(t, got["posts"]), mustJSON(t, want))
	}
}
