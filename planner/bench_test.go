package planner

import (
	"fmt"
	"maps"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// company is a tenant of n people and a tenth as many units that is as wanted.
func company(n int) (*tenant, []*schema.Instance) {
	kinds := toyKinds()
	tn := newTenant(kinds)
	var wanted []*schema.Instance
	add := func(k *schema.Kind, key string, written bool, attrs value.Object) {
		wanted = append(wanted, &schema.Instance{Addr: addr.Instance(k.Type, "a", key), Kind: k, Company: acme, Attrs: attrs, Seq: len(wanted), Written: written})
	}
	for i := range max(1, n/10) {
		attrs := value.Object{"name": value.String(fmt.Sprint("unit ", i)), "key": value.String(fmt.Sprint("U", i)), "email": value.String(fmt.Sprint("unit", i))}
		if i > 0 {
			attrs["parent"] = value.ID(addr.Instance("unit", "a", fmt.Sprint((i-1)/8)))
		}
		add(kinds[1], fmt.Sprint(i), true, attrs)
	}
	for i := range n {
		unit := value.ID(addr.Instance("unit", "a", fmt.Sprint(i%max(1, n/10))))
		add(kinds[2], fmt.Sprint(i), false, value.Object{
			"key": value.String(fmt.Sprint("K", i)), "login": value.String(fmt.Sprint("person", i)), "last": value.String("홍"),
			"phone": value.String(fmt.Sprintf("010-0000-%04d", i)), "nick": value.Clear{}, "aliases": value.List{value.String(fmt.Sprint("alias", i))},
			"posts": value.List{value.Object{"unit": unit, "head": value.Bool(false), "primary": value.Bool(true)}},
		})
	}
	return tn, wanted
}

// settled is the tenant after an apply, made without running one.
func settled(tb testing.TB, n int) Input {
	tb.Helper()
	tn, wanted := company(n)
	for _, in := range wanted {
		id := in.Addr.String()
		tn.state.Objects = append(tn.state.Objects, state.Object{Address: in.Addr, Kind: in.Kind.Type, ID: id, DomainID: 1, Status: state.Ready, Attrs: in.Attrs})
	}
	in := tn.input(wanted)
	in.Live.Objects = liveOf(tn, wanted)
	if p := Build(in); !p.Empty() || p.Diagnostics.HasErrors() {
		tb.Fatalf("not settled: %d changes, %v", len(p.Changes), p.Diagnostics)
	}
	return in
}

func BenchmarkBuildUnchanged(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 50_000} {
		in := settled(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Build(in)
			}
		})
	}
}

// Everybody is moved to another unit.
func BenchmarkBuildChanged(b *testing.B) {
	in := settled(b, 10_000)
	in.Guards = noGuards(in.Kinds)
	for i, inst := range in.Wanted {
		if inst.Kind.Person {
			c := *inst
			c.Attrs = maps.Clone(inst.Attrs)
			c.Attrs["posts"] = value.List{value.Object{"unit": value.ID(addr.Instance("unit", "a", fmt.Sprint((i+1)%1000)))}}
			in.Wanted[i] = &c
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if p := Build(in); p.Summary.Update < 9_000 || p.Diagnostics.HasErrors() {
			b.Fatalf("%+v %v", p.Summary, p.Diagnostics)
		}
	}
}

func BenchmarkBuildCreate(b *testing.B) {
	tn, wanted := company(10_000)
	in := tn.input(wanted)
	b.ReportAllocs()
	for b.Loop() {
		Build(in)
	}
}
