package graph

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/view"
)

// Chart is an org chart.
type Chart struct {
	Title string // whose chart it is
	Note  string // one line below the title
	Top   []*Unit
}

// Unit is an org unit with what hangs below it.
type Unit struct {
	Key     string   // its address; unique in a chart
	Name    string   // "" is not drawn as one: write something
	Heads   []string // who heads it
	Members int      // people who belong to the unit itself
	Total   int      // different people in it and below
	Mark    Mark
	Note    string // about the mark: "was 전략실"
	Below   []*Unit
}

// Find returns the unit with that key, nil when there is none.
func (c *Chart) Find(key string) *Unit { return find(c.Top, key) }

func find(units []*Unit, key string) *Unit {
	for _, u := range units {
		if u.Key == key {
			return u
		}
		if f := find(u.Below, key); f != nil {
			return f
		}
	}
	return nil
}

// Cut leaves out what lies deeper than depth levels (from 1 on) and returns how many
// units that were.
func (c *Chart) Cut(depth int) int { return cut(c.Top, depth) }

func cut(units []*Unit, depth int) int {
	n := 0
	for _, u := range units {
		if depth == 1 {
			n += count(u.Below)
			u.Below = nil
			continue
		}
		n += cut(u.Below, depth-1)
	}
	return n
}

func count(units []*Unit) int {
	n := len(units)
	for _, u := range units {
		n += count(u.Below)
	}
	return n
}

// Network is the chart as boxes with arrows from each unit to those below it.
func (c *Chart) Network() *Network {
	n := &Network{Title: c.Title}
	var add func(u *Unit)
	add = func(u *Unit) {
		i := len(n.Nodes)
		n.Nodes = append(n.Nodes, Node{Key: u.Key, Mark: u.Mark,
			Lines: []string{u.Name, strings.Join(u.Heads, ", "), u.people(), u.Note}})
		for _, b := range u.Below {
			n.Edges = append(n.Edges, Edge{i, len(n.Nodes)})
			add(b)
		}
	}
	for _, u := range c.Top {
		add(u)
	}
	return n
}

// people tells how many there are: "12 people, 58 with units below".
func (u *Unit) people() string {
	switch {
	case u.Total == 0:
		return ""
	case u.Total == u.Members:
		return persons(u.Members)
	case u.Members == 0:
		return persons(u.Total) + " below"
	}
	return fmt.Sprintf("%s, %s with units below", persons(u.Members), view.Number(u.Total))
}

func persons(n int) string {
	if n == 1 {
		return "1 person"
	}
	return view.Number(n) + " people"
}
