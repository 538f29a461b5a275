package graph

import (
	"testing"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/graph"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
)

// TestRemovedSubtree: units that go keep their places below each other, in whatever
// order the plan removes them.
func TestRemovedSubtree(t *testing.T) {
	names := map[string]string{"leaf": "middle", "middle": "top", "top": ""}
	for _, order := range [][]string{{"leaf", "middle", "top"}, {"top", "middle", "leaf"}, {"middle", "leaf", "top"}} {
		plan := &planner.Plan{Names: map[string]planner.Name{}}
		for _, name := range order {
			a := addr.Address{Type: directory.OrgUnit, Label: name}
			parent := ""
			if above := names[name]; above != "" {
				parent = addr.Address{Type: directory.OrgUnit, Label: above}.String()
			}
			plan.Names[a.String()] = planner.Name{Title: name, Parent: parent}
			plan.Changes = append(plan.Changes, planner.Change{Address: a, Kind: directory.OrgUnit, Title: name, Action: planner.Delete})
		}
		at, depth := chart(&config.Config{}, plan).Top, 0
		for _, want := range []string{"top", "middle", "leaf"} {
			if len(at) != 1 || at[0].Name != want || at[0].Mark != graph.Gone {
				t.Fatalf("%v: at depth %d are %v, want %s", order, depth, at, want)
			}
			at, depth = at[0].Below, depth+1
		}
	}
}
