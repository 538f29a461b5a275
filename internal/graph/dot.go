package graph

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/view"
)

// DOT writes a network in the language of Graphviz, from left to right. Nodes have
// their keys as IDs.
func (n *Network) DOT() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "// %s\ndigraph %s {\n", Made, dotText(n.Title))
	b.WriteString("  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n")
	for i := range n.Nodes {
		p := n.Nodes[i].Mark.paint()
		fmt.Fprintf(&b, "  %s [label=%s, fillcolor=\"%s\", color=\"%s\"];\n",
			dotText(n.Nodes[i].Key), dotText(n.Nodes[i].shown()...), p.fill, p.stroke)
	}
	for _, e := range n.Edges {
		fmt.Fprintf(&b, "  %s -> %s;\n", dotText(n.Nodes[e.From].Key), dotText(n.Nodes[e.To].Key))
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// dotText writes lines as one quoted string. Backslashes begin escapes in labels
// (\N is the node's name), and ampersands begin entities.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = escape.Replace(view.Line(l))
	}
	return `"` + strings.Join(out, `\n`) + `"`
}
