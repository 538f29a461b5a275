package directory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
)

// tree is an org chart as the service keeps it: a unit put at place N pushes the
// former N and later ones down.
type tree struct {
	children map[string][]string
	parent   map[string]string
}

func (tr *tree) take(id string) {
	if p, ok := tr.parent[id]; ok {
		tr.children[p] = slices.DeleteFunc(tr.children[p], func(c string) bool { return c == id })
	}
}

func (tr *tree) put(id, parent string, number int64) {
	tr.take(id)
	list := tr.children[parent]
	at := min(max(int(number)-1, 0), len(list))
	tr.children[parent], tr.parent[id] = slices.Insert(list, at, id), parent
}

func (tr *tree) objects() []live.Object {
	var out []live.Object
	for parent, list := range tr.children {
		for i, id := range list {
			attrs := value.Object{"order": value.Int(i + 1)}
			if parent != "" {
				attrs["parent"] = value.String(parent)
			}
			out = append(out, live.Object{ID: id, Attrs: attrs})
		}
	}
	return out
}

// below reports whether id stands in the subtree of top.
func (tr *tree) below(id, top string) bool {
	for id != "" {
		if id == top {
			return true
		}
		id = tr.parent[id]
	}
	return false
}

func TestNumbersPutUnitsWhereTheyAreWanted(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		tr := &tree{children: map[string][]string{}, parent: map[string]string{}}
		for i := range 6 {
			tr.put(fmt.Sprint("u", i), "", int64(i+1))
		}
		p := newPlaces(func(context.Context, int) ([]live.Object, error) { return tr.objects(), nil })
		c, free, err := p.hold(t.Context(), 1, "", "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			oneWrite(t, random, tr, c, fmt.Sprint("n", i))
			if t.Failed() {
				t.Fatalf("seed %d, write %d", seed, i)
			}
		}
		free()
	}
}

// oneWrite creates, moves or deletes a unit and compares the place with the one
// that was asked for, and the model with the tree.
func oneWrite(t *testing.T, random *rand.Rand, tr *tree, c *chart, fresh string) {
	ids := make([]string, 0, len(tr.parent))
	for _, o := range tr.objects() {
		ids = append(ids, o.ID)
	}
	slices.Sort(ids)
	id := ids[random.IntN(len(ids))]
	switch random.IntN(5) {
	case 0:
		if len(tr.children[id]) > 0 || len(ids) < 4 {
			return
		}
		tr.take(id)
		delete(tr.parent, id)
		c.drop(id)
		return
	case 1:
		id = fresh
	}
	parent := append(ids, "")[random.IntN(len(ids)+1)]
	if tr.below(parent, id) {
		return
	}
	others := slices.DeleteFunc(slices.Clone(tr.children[parent]), func(o string) bool { return o == id })
	after, last := "", random.IntN(4) == 0
	if len(others) > 0 {
		after = append(others, "")[random.IntN(len(others)+1)]
	}
	want := slices.Index(others, after) + 1
	if last {
		want = len(others)
	}
	place, number := c.number(id, parent, after, last)
	tr.put(id, parent, number)
	c.put(id, parent, place, number)
	if got := slices.Index(tr.children[parent], id); got != want {
		t.Errorf("%s under %q after %q (last %v): place %d, want %d of %v", id, parent, after, last, got, want, tr.children[parent])
	}
	for parent, list := range tr.children {
		for i, child := range list {
			if c.siblings[parent][i].id != child || c.siblings[parent][i].order != int64(i)+1 {
				t.Errorf("model %v, service %v under %q", c.siblings[parent], list, parent)
				return
			}
		}
	}
}

func TestNumbersWhereSiblingsHaveGaps(t *testing.T) {
	c := &chart{}
	var objs []live.Object
	for i, order := range []int{5, 10, 20} {
		objs = append(objs, live.Object{ID: fmt.Sprint("u", i), Attrs: value.Object{"order": value.Int(order)}})
	}
	c.fill(objs)
	if place, number := c.number("", "", "u1", false); place != 2 || number != 11 {
		t.Errorf("after u1: place %d, number %d, want 2 and 11", place, number)
	}
	if place, number := c.number("", "", "", false); place != 0 || number != 1 {
		t.Errorf("first: place %d, number %d", place, number)
	}
	if place, number := c.number("", "", "vanished", false); place != 3 || number != 21 {
		t.Errorf("after a sibling that is gone: place %d, number %d, want the end", place, number)
	}
}

func TestAHeldChartWaitsAndGivesUp(t *testing.T) {
	loads := 0
	p := newPlaces(func(context.Context, int) ([]live.Object, error) { loads++; return nil, nil })
	_, free, err := p.hold(t.Context(), 1, "", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.hold(ctx, 1, "", ""); err == nil {
		t.Error("a held chart was given twice")
	}
	free()
	c, free, err := p.hold(t.Context(), 1, "", "")
	if err != nil || loads != 1 {
		t.Fatalf("%d loads, %v", loads, err)
	}
	c.known = false
	free()
	if _, free, err = p.hold(t.Context(), 1, "", ""); err != nil || loads != 2 {
		t.Errorf("a chart that is not certain is not loaded again: %d loads, %v", loads, err)
	}
	free()
}

// TestAStaleListingIsReadAgain: after a create whose answer was lost, a listing
// that has forgotten what was certain is not believed.
func TestAStaleListingIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unit := func(id string, order int) live.Object {
			return live.Object{ID: id, Attrs: value.Object{"order": value.Int(order)}}
		}
		listings := [][]live.Object{
			{unit("a", 1)},                               // older than the creation of b
			{unit("b", 1), unit("a", 2)},                 // older than the move of a
			{unit("a", 1), unit("new", 2), unit("b", 3)}, // now
		}
		p := newPlaces(func(context.Context, int) ([]live.Object, error) {
			now := listings[0]
			if len(listings) > 1 {
				listings = listings[1:]
			}
			return now, nil
		})
		if err := p.seen(t.Context(), 1, []live.Object{unit("a", 1), unit("b", 2)}); err != nil {
			t.Fatal(err)
		}
		p.domains[1].doubt("")
		c, free, err := p.hold(t.Context(), 1, "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer free()
		if place, number := c.number("", "", "new", false); place != 2 || number != 3 {
			t.Errorf("behind the new unit is place %d, number %d; want 2 and 3", place, number)
		}
	})
}

// TestAListingWithoutTheNeighbourIsReadAgain: a chart of the listing that the plan
// was made from may be older than a unit that an apply before it made.
func TestAListingWithoutTheNeighbourIsReadAgain(t *testing.T) {
	unit := func(id string, order int) live.Object {
		return live.Object{ID: id, Attrs: value.Object{"order": value.Int(order)}}
	}
	loads := 0
	p := newPlaces(func(context.Context, int) ([]live.Object, error) {
		loads++
		return []live.Object{unit("a", 1), unit("new", 2), unit("b", 3)}, nil
	})
	if err := p.seen(t.Context(), 1, []live.Object{unit("a", 1), unit("b", 2)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		parent, after string
		loads         int
	}{{"", "a", 0}, {"", "", 0}, {"", "new", 1}, {"new", "", 1}, {"", "b", 1}} {
		chart, free, err := p.hold(t.Context(), 1, c.parent, c.after)
		if err != nil {
			t.Fatal(err)
		}
		if place, _ := chart.number("", c.parent, c.after, false); c.after == "new" && place != 2 {
			t.Errorf("behind the new unit is place %d, want 2", place)
		}
		free()
		if loads != c.loads {
			t.Errorf("below %q behind %q: listed %d times, want %d", c.parent, c.after, loads, c.loads)
		}
	}
}

// TestAChartIsFreeAfterAPanic: a fault while the chart is loaded does not keep all
// other writers waiting.
func TestAChartIsFreeAfterAPanic(t *testing.T) {
	broken := true
	p := newPlaces(func(context.Context, int) ([]live.Object, error) {
		if broken {
			panic("broken answer")
		}
		return nil, nil
	})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _, _ = p.hold(t.Context(), 1, "", "")
	}()
	broken = false
	_, free, err := p.hold(t.Context(), 1, "", "")
	if err != nil {
		t.Fatal(err)
	}
	free()
}

// TestAStopEndsWaitingForAChart: whoever would write gives up at once; what has
// happened is recorded all the same.
func TestAStopEndsWaitingForAChart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unit := live.Object{ID: "a", Attrs: value.Object{"order": value.Int(1)}}
		p := newPlaces(func(context.Context, int) ([]live.Object, error) { return nil, nil })
		if err := p.seen(t.Context(), 1, []live.Object{unit}); err != nil {
			t.Fatal(err)
		}
		p.domains[1].doubt("")
		stop, end := context.WithCancel(t.Context())
		ctx := lanes.WithStop(t.Context(), stop)
		ends := make(chan error, 2)
		for range 2 { // one lists again and again, the other waits for it
			go func() {
				_, _, err := p.hold(ctx, 1, "", "")
				ends <- err
			}()
		}
		synctest.Wait()
		began := time.Now()
		end()
		for range 2 {
			// A Failure, since a bare error may mean that the write was sent.
			var f *diag.Failure
			if err := <-ends; !errors.As(err, &f) || f.Class != diag.Cancelled || f.Unknown {
				t.Errorf("ends with %v", err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("went on for %v", took)
		}
		if _, _, err := p.hold(ctx, 1, "", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a write is begun after the stop: %v", err)
		}
		if err := p.seen(ctx, 1, []live.Object{unit}); err != nil {
			t.Errorf("what was seen is not recorded: %v", err)
		}
	})
}
