package view

import (
	"cmp"
	"slices"

	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// parentAttr is the attribute that makes objects of a kind a tree.
const parentAttr = "parent"

// orderAttr is the attribute that orders objects of a kind.
const orderAttr = "order"

// statusAttr stands for an object's status among what was changed by hand.
const statusAttr = "status"

// node is one object of a tree: changed, or only the place where others hang.
type node struct {
	key      string
	change   *planner.Change
	children []*node
}

// isTree reports whether the changes of one kind are drawn as a tree: one of them
// has a place.
func isTree(changes []*planner.Change) bool {
	return slices.ContainsFunc(changes, func(c *planner.Change) bool {
		if _, ok := c.Managed[parentAttr]; ok {
			return true
		}
		return slices.ContainsFunc(c.Steps, func(s planner.Step) bool { return s.Place != nil })
	})
}

// forest arranges changed objects below each other and below the unchanged ones
// above them.
func forest(changes []*planner.Change, n names) []*node {
	nodes := map[string]*node{}
	var top []*node
	for _, c := range changes {
		nodes[c.Address.String()] = &node{key: c.Address.String(), change: c}
	}
	var hang func(key, parent string, depth int)
	hang = func(key, parent string, depth int) {
		if parent == "" || parent == key || depth > maxDepth {
			top = append(top, nodes[key])
			return
		}
		above, ok := nodes[parent]
		if !ok {
			above = &node{key: parent}
			nodes[parent] = above
			hang(parent, n[parent].Parent, depth+1)
		}
		above.children = append(above.children, nodes[key])
	}
	for _, c := range changes {
		hang(c.Address.String(), parentOf(c, n), 0)
	}
	for _, nd := range nodes {
		nd.children = inOrder(nd.children)
	}
	return inOrder(top)
}

// maxDepth bounds trees against plans that are not from isa.
const maxDepth = 64

// parentOf returns the key in names of the unit above c after the plan, "" at the
// top.
func parentOf(c *planner.Change, n names) string {
	for _, s := range c.Steps {
		if s.Place != nil {
			return key(s.Place.Parent)
		}
	}
	for _, attrs := range []value.Object{c.After, c.Managed, c.Before} {
		if v, ok := attrs[parentAttr]; ok {
			return key(v)
		}
	}
	return n[c.Address.String()].Parent
}

// key returns the key in names that a reference or service ID stands for.
func key(v value.Value) string {
	if r, ok := v.(value.Ref); ok {
		return r.Addr.String()
	}
	return value.Text(v)
}

// inOrder sorts siblings: each right behind the one its place names, the others
// as they come; context without a change first.
func inOrder(siblings []*node) []*node {
	slices.SortStableFunc(siblings, func(a, b *node) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.key, b.key))
	})
	here := map[string]bool{}
	for _, s := range siblings {
		here[s.key] = true
	}
	behind := map[string][]*node{}
	var heads []*node
	for _, s := range siblings {
		if after := placedAfter(s.change); after != s.key && here[after] {
			behind[after] = append(behind[after], s)
			continue
		}
		heads = append(heads, s)
	}
	out := make([]*node, 0, len(siblings))
	var follow func(s *node)
	follow = func(s *node) {
		out = append(out, s)
		next := behind[s.key]
		delete(behind, s.key)
		for _, f := range next {
			follow(f)
		}
	}
	for _, h := range heads {
		follow(h)
	}
	for _, s := range siblings { // rings of places: only in damaged plans
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func rank(n *node) int {
	if n.change == nil {
		return -1
	}
	if order, ok := n.change.Managed[orderAttr].(value.Int); ok {
		return int(order)
	}
	return 0
}

func placedAfter(c *planner.Change) string {
	if c == nil {
		return ""
	}
	for _, s := range c.Steps {
		if s.Place != nil {
			return key(s.Place.After)
		}
	}
	return ""
}

// treeRows draws a forest. Roots stand at the margin.
func treeRows(top []*node, n names) []row {
	var rows []row
	var draw func(nd *node, lead, below string)
	draw = func(nd *node, lead, below string) {
		r := row{title: n.title(nd.key)}
		if nd.change != nil {
			r = changeRow(nd.change, n)
		}
		r.lead, r.below = lead, below
		if len(nd.children) > 0 {
			r.below = below + "│"
		}
		rows = append(rows, r)
		for i, child := range nd.children {
			if i == len(nd.children)-1 {
				draw(child, below+"└─ ", below+"   ")
			} else {
				draw(child, below+"├─ ", below+"│  ")
			}
		}
	}
	for _, nd := range top {
		draw(nd, "", "")
	}
	return rows
}
