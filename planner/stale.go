package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
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

// Superseded tells which creations of a saved plan a plan made now, with the same
// guards lifted, would not do, one sentence each: somebody else may have made the
// object meanwhile, or a person like it, and creating it would make a second one.
func Superseded(saved, fresh *Plan) []string {
	now := make(map[addr.Address]*Change, len(fresh.Changes))
	for i := range fresh.Changes {
		now[fresh.Changes[i].Address] = &fresh.Changes[i]
	}
	wrong := map[string]*diag.Diagnostic{}
	for i := range fresh.Diagnostics {
		if d := &fresh.Diagnostics[i]; d.Severity == diag.Error && aboutIdentity(d.Code) && wrong[d.Address] == nil {
			wrong[d.Address] = d
		}
	}
	var out []string
	for i := range saved.Changes {
		c := &saved.Changes[i]
		if c.Action != Create {
			continue
		}
		f, d := now[c.Address], wrong[c.Address.String()]
		switch {
		case d != nil:
			out = append(out, fmt.Sprintf("%s (%s) was to be created: %s: %s", c.Address, c.Title, d.Summary, d.Detail))
		case f == nil:
			out = append(out, fmt.Sprintf("%s (%s) was to be created, and a plan made now would not create it", c.Address, c.Title))
		case f.Action != Create:
			out = append(out, fmt.Sprintf("%s (%s) was to be created; a plan made now says %s: %s", c.Address, c.Title, f.Action, f.Reason))
		}
	}
	return out
}

// aboutIdentity reports whether a diagnostic doubts that an object is new.
func aboutIdentity(code string) bool {
	family, _, _ := strings.Cut(strings.TrimPrefix(code, guardPrefix), ".")
	return family == "identity" || family == "claim" || family == "match"
}

func asExpected(name string, want value.Value, l *live.Object) bool {
	switch name {
	case statusKey:
		return want == value.String(l.Status)
	case companyKey:
		return want == value.Int(l.DomainID)
	}
	if _, absent := want.(value.Clear); absent {
		return empty(l.Attrs[name])
	}
	return value.Equal(want, l.Attrs[name]) || empty(want) && empty(l.Attrs[name])
}

func shownName(name string) string {
	switch name {
	case statusKey:
		return "status"
	case companyKey:
		return companyShown
	}
	return name
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
