package graph

import (
	"fmt"
	"strings"
)

// MermaidEdges is how many edges Mermaid draws unless its site is configured for
// more, and MermaidText how many characters (maxEdges and maxTextSize of its
// configuration).
const (
	MermaidEdges = 500
	MermaidText  = 50_000
)

// Mermaid writes a network as a Mermaid flowchart, from left to right.
func (n *Network) Mermaid() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%%%% %s\nflowchart LR\n", Made)
	byMark := map[Mark][]string{}
	for i := range n.Nodes {
		var lines []string
		for _, l := range n.Nodes[i].shown() {
			lines = append(lines, mermaidText(l))
		}
		fmt.Fprintf(&b, "  n%d[\"%s\"]\n", i, strings.Join(lines, "<br/>"))
		if m := n.Nodes[i].Mark; m != "" {
			byMark[m] = append(byMark[m], fmt.Sprintf("n%d", i))
		}
	}
	for _, e := range n.Edges {
		fmt.Fprintf(&b, "  n%d --> n%d\n", e.From, e.To)
	}
	for _, m := range Marks() {
		if names := byMark[m]; len(names) > 0 {
			p := m.paint()
			fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:%s,color:#1f2328\n  class %s %s\n", m, p.fill, p.stroke, strings.Join(names, ","), m)
		}
	}
	return []byte(b.String())
}

// mermaidText writes text for a quoted label: what means something to Mermaid, to
// the HTML that it makes or to the Markdown that it reads becomes an entity by
// number.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\"#&<>`\\;*_~[]{}()|%", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
