package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/graph"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

// web collects boxes and arrows by key; neither is drawn twice.
type web struct {
	net   graph.Network
	at    map[string]int
	drawn map[graph.Edge]bool
}

func newWeb(title string) *web {
	return &web{net: graph.Network{Title: title}, at: map[string]int{}, drawn: map[graph.Edge]bool{}}
}

func (w *web) node(n graph.Node) {
	if _, ok := w.at[n.Key]; !ok {
		w.at[n.Key] = len(w.net.Nodes)
		w.net.Nodes = append(w.net.Nodes, n)
	}
}

// edge draws an arrow between two boxes that are both there.
func (w *web) edge(from, to string) {
	f, ok := w.at[from]
	t, ok2 := w.at[to]
	e := graph.Edge{From: f, To: t}
	if ok && ok2 && !w.drawn[e] {
		w.drawn[e] = true
		w.net.Edges = append(w.net.Edges, e)
	}
}

// references is which blocks of a configuration refer to which; with instances,
// which objects.
func references(cfg *config.Config, instances bool) *graph.Network {
	w := newWeb("configuration")
	key := func(a addr.Address) string {
		if instances {
			return a.String()
		}
		return a.Block().String()
	}
	count := map[string]int{}
	for _, in := range cfg.Objects {
		count[key(in.Addr)]++
	}
	for _, in := range cfg.Objects {
		lines := []string{key(in.Addr)}
		if instances || !in.Addr.Keyed {
			lines = append(lines, title(in))
		} else {
			lines = append(lines, view.Plural(count[key(in.Addr)], view.KindWord(in.Addr.Type)))
		}
		w.node(graph.Node{Key: key(in.Addr), Lines: lines})
	}
	for _, in := range cfg.Objects {
		for _, to := range value.Refs(in.Attrs) {
			w.edge(key(in.Addr), key(to))
		}
		w.edge(key(in.Addr), key(in.Lifecycle.LeaversUnit))
	}
	return &w.net
}

func title(in *schema.Instance) string {
	if in.Kind.Title != nil {
		return in.Kind.Title(in.Attrs)
	}
	return value.Text(in.Attrs["name"])
}

// steps is which changes of a plan wait for which, a box a block; with instances,
// which steps.
func steps(p *planner.Plan, instances bool) *graph.Network {
	w := newWeb("plan " + view.ShortHash(p.Hash))
	home := map[string]string{} // step → box
	for i := range p.Changes {
		c := &p.Changes[i]
		for _, s := range c.Steps {
			home[s.ID] = s.ID
			if !instances {
				home[s.ID] = c.Address.Block().String()
				continue
			}
			w.node(graph.Node{Key: s.ID, Mark: markOf(c), Lines: []string{
				strings.TrimSpace(string(s.Verb) + " " + cmp.Or(c.Title, c.Address.String())), c.Address.String(), s.Note}})
		}
	}
	if !instances {
		blocks(w, p)
	}
	for i := range p.Changes {
		for _, s := range p.Changes[i].Steps {
			for _, need := range s.Needs {
				if instances || home[s.ID] != home[need] {
					w.edge(home[s.ID], home[need])
				}
			}
		}
	}
	return &w.net
}

// blocks draws a box for each block that has changes: "12 to create, 3 to update".
func blocks(w *web, p *planner.Plan) {
	actions := map[string]map[planner.Action]int{}
	marks := map[string]map[graph.Mark]bool{}
	var order []string
	for i := range p.Changes {
		c := &p.Changes[i]
		key := c.Address.Block().String()
		if actions[key] == nil {
			actions[key], marks[key] = map[planner.Action]int{}, map[graph.Mark]bool{}
			order = append(order, key)
		}
		actions[key][c.Action]++
		marks[key][markOf(c)] = true
	}
	for _, key := range order {
		var parts []string
		for _, a := range slices.Sorted(maps.Keys(actions[key])) {
			parts = append(parts, fmt.Sprintf("%s to %s", view.Number(actions[key][a]), a))
		}
		mark := graph.Changed
		if len(marks[key]) == 1 {
			for m := range marks[key] {
				mark = m
			}
		}
		w.node(graph.Node{Key: key, Lines: []string{key, strings.Join(parts, ", ")}, Mark: mark})
	}
}
