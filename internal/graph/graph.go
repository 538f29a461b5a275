// Package graph draws org charts and dependencies as SVG, Mermaid and DOT. It is
// pure: the same drawing gives the same bytes. Texts from outside are escaped for
// each format, so that a name never becomes markup.
package graph

import "github.com/isaworks/isa/internal/view"

// Mark tells what a plan does to what is drawn; it decides the colour.
type Mark string

// The marks. What has none stays as it is.
const (
	New     Mark = "new"
	Changed Mark = "changed"
	Moved   Mark = "moved"
	Gone    Mark = "gone"
)

// Marks lists all marks in the order of a legend.
func Marks() []Mark { return []Mark{New, Changed, Moved, Gone} }

// paint is how a mark looks, in colours that are told apart in grey too.
type paint struct{ fill, stroke string }

func (m Mark) paint() paint {
	switch m {
	case New:
		return paint{"#d7f2dc", "#1f7a34"}
	case Changed:
		return paint{"#fdf0c4", "#8a6500"}
	case Moved:
		return paint{"#d9e8fb", "#1d5fae"}
	case Gone:
		return paint{"#fadadd", "#a81e2d"}
	}
	return paint{"#f6f8fa", "#57606a"}
}

// Made is in the first line of every drawing: a file that has it there may be
// written over by another drawing.
const Made = "made by isa graph"

// Network is boxes and arrows between them.
type Network struct {
	Title string
	Nodes []Node
	Edges []Edge
}

// Node is a box. Keys are unique.
type Node struct {
	Key   string
	Lines []string // the first is its name; empty ones are left out
	Mark  Mark
}

// Edge is an arrow between two nodes, by their index in Network.Nodes.
type Edge struct{ From, To int }

// shown returns the lines of a node that are not empty, safe to show.
func (n *Node) shown() []string {
	var out []string
	for _, l := range n.Lines {
		if l = view.Line(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
