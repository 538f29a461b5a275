package planner

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// maxPlanAge is how long a saved plan may lie.
const maxPlanAge = 24 * time.Hour

// Stale tells what has changed since a saved plan was made that the plan relied
// on, one sentence each; nil: it may be applied. The listing must be fresh. A
// plan older than a day is stale whatever the tenant says.
func Stale(p *Plan, fresh live.Snapshot, st *state.State) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if st.Lineage != p.Lineage {
		say("the state is another one (lineage %s, planned with %s)", orNone(st.Lineage), orNone(p.Lineage))
	} else if st.Serial != p.Serial {
		say("the state was written since: serial %d, planned with %d", st.Serial, p.Serial)
	}
	if fresh.Identity != p.Tenant {
		say("the tenant is another one: %s, planned for %s", fresh.Identity, p.Tenant)
	}
	if age := fresh.TakenAt.Sub(p.Created); age > maxPlanAge {
		say("the plan is %s old; plans are good for a day", age.Round(time.Hour))
	}
	index := map[string]map[string]*live.Object{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.ID == "" {
			continue
		}
		if index[c.Kind] == nil {
			list := fresh.Objects[c.Kind]
			m := make(map[string]*live.Object, len(list))
			for j := range list {
				m[list[j].ID] = &list[j]
			}
			index[c.Kind] = m
		}
		l := index[c.Kind][c.ID]
		if l == nil {
			if unseen := c.Action == Restore && c.Expect == nil; c.Action != Forget && c.Action != Keep && !unseen {
				say("%s (%s) is not at the service any more", c.Address, c.Title)
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(c.Expect)) {
			if !asExpected(name, c.Expect[name], l) {
				say("%s (%s): %s was changed since", c.Address, c.Title, shownName(name))
			}
		}
	}
	return out
}

func asExpected(name string, want value.Value, l *live.Object) bool {
	if name == statusKey {
		return want == value.String(l.Status)
	}
	if _, absent := want.(value.Clear); absent {
		return empty(l.Attrs[name])
	}
	return value.Equal(want, l.Attrs[name]) || empty(want) && empty(l.Attrs[name])
}

func shownName(name string) string {
	if name == statusKey {
		return "status"
	}
	return name
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
