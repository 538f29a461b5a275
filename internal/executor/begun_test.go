package executor

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/value"
)

// TestTheStateKnowsWhatWasBegun: an attribute whose write has no recorded end is named in
// the state, whatever became of the write, until an apply has recorded it; so nobody takes
// it for a change by hand.
func TestTheStateKnowsWhatWasBegun(t *testing.T) {
	for _, fault := range []string{"lost answer", "lost request"} {
		t.Run(fault, func(t *testing.T) {
			n, path := newTenant(t, ""), statePath(t)
			want := wishes(rand.New(rand.NewPCG(1, 1)), 3)
			if _, err := apply(t, t.Context(), n, path, want, nil); err != nil {
				t.Fatal(err)
			}
			a, old := want[0].addr, want[0].attrs["name"]
			want[0].attrs = value.Object{"name": value.String("새 이름"), "key": want[0].attrs["key"]}
			n.fault = func(verb, _ string) string {
				if verb == "patch" {
					return fault
				}
				return ""
			}
			rep, err := apply(t, t.Context(), n, path, want, nil)
			if err != nil || len(rep.Failed) != 1 {
				t.Fatalf("%+v, %v", rep, err)
			}
			o, _ := stateAt(t, path).Find(a)
			if !slices.Contains(o.Begun, "name") || !value.Equal(o.Attrs["name"], old) {
				t.Errorf("after the fault: begun %q, name %v", o.Begun, o.Attrs["name"])
			}
			n.fault = nil
			if rep, err = apply(t, t.Context(), n, path, want, nil); err != nil || !rep.Complete() {
				t.Fatalf("%+v, %v", rep, err)
			}
			o, _ = stateAt(t, path).Find(a)
			if len(o.Begun) > 0 || !value.Equal(o.Attrs["name"], value.String("새 이름")) {
				t.Errorf("in the end: begun %q, name %v", o.Begun, o.Attrs["name"])
			}
		})
	}
}
