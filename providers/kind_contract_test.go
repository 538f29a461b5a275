package providers_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
)

// labels is a Kind of named labels.
type labels struct {
	kind *schema.Kind
	byID map[string]value.Object
	next int
	lost bool // the next answer is lost
}

func newLabels() *labels {
	return &labels{byID: map[string]value.Object{}, kind: &schema.Kind{
		Type: "label", Version: 1, Natural: []string{"name"}, Removals: []string{"delete"},
		Attrs: []schema.Attr{{Name: "name", Type: schema.Text(), Required: true, Doc: "Name."}},
		Title: func(o value.Object) string { return value.Text(o["name"]) },
	}}
}

func (l *labels) Schema() *schema.Kind { return l.kind }

func (l *labels) List(_ context.Context, progress func(int)) ([]live.Object, error) {
	var out []live.Object
	for _, id := range slices.Sorted(maps.Keys(l.byID)) {
		out = append(out, live.Object{Kind: "label", ID: id, Attrs: l.byID[id], Status: live.InUse})
	}
	if progress != nil {
		progress(len(out))
	}
	return out, nil
}

func (l *labels) Do(_ context.Context, r providers.Request) (providers.Result, error) {
	switch planner.Verb(r.Verb) {
	case planner.DoCreate:
		l.next++
		id := fmt.Sprint("L", l.next)
		l.byID[id] = r.Attrs
		if l.lost {
			l.lost = false
			return providers.Result{}, &diag.Failure{Class: diag.Unavailable, Op: "label-create", Unknown: true}
		}
		return providers.Result{ID: id, Attrs: r.Attrs}, nil
	case planner.DoDelete:
		delete(l.byID, r.ID)
		return providers.Result{ID: r.ID}, nil
	}
	return providers.Result{}, &diag.Failure{Class: diag.Internal, Op: r.Verb}
}

func (l *labels) Find(ctx context.Context, r providers.Request) ([]live.Object, error) {
	all, err := l.List(ctx, nil)
	return slices.DeleteFunc(all, func(o live.Object) bool { return !value.Equal(o.Attrs["name"], r.Attrs["name"]) }), err
}

func (l *labels) Calls(r providers.Request) []lanes.Call {
	return []lanes.Call{{Op: "label-" + r.Verb}}
}

func TestALostCreationIsFoundNotRepeated(t *testing.T) {
	ctx := t.Context()
	l := newLabels()
	var k providers.Kind = l
	l.lost = true
	r := providers.Request{Verb: string(planner.DoCreate), Attrs: value.Object{"name": value.String("VIP")}}
	if _, err := k.Do(ctx, r); !diag.MayHaveHappened(err) {
		t.Fatalf("Do: %v, want a lost answer", err)
	}
	found, err := k.Find(ctx, r)
	if err != nil || len(found) != 1 || found[0].ID != "L1" {
		t.Fatalf("Find: %v, %v", found, err)
	}
	for range 2 { // deletion is repeatable
		if _, err := k.Do(ctx, providers.Request{Verb: string(planner.DoDelete), ID: "L1"}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := k.List(ctx, func(n int) {
		if n != 0 {
			t.Errorf("progress tells %d objects", n)
		}
	}); err != nil || len(all) != 0 {
		t.Errorf("List: %v, %v", all, err)
	}
}
