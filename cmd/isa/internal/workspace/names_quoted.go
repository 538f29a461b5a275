package workspace

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// planTexts are the texts of a plan that may quote people.
func planTexts(p *planner.Plan) []string {
	var out []string
	for _, d := range p.Diagnostics {
		out = append(out, d.Detail, d.Fix, d.Paste)
	}
	for i := range p.Changes {
		out = append(out, p.Changes[i].Reason)
		for _, s := range p.Changes[i].Steps {
			out = append(out, s.Note)
		}
	}
	for i := range p.Content {
		out = append(out, p.Content[i].Waits)
	}
	for _, u := range p.Unserved {
		out = append(out, u.What)
	}
	return out
}

// handTexts are those of what was changed by hand.
func handTexts(h *planner.Hands) []string {
	var out []string
	for i := range h.Changes {
		out = append(out, h.Changes[i].Note)
	}
	for _, u := range h.Unseen {
		out = append(out, u.Why)
	}
	return out
}

// quoted names the people whose titles occur in texts, whoever manages them.
func (n *naming) quoted(texts []string) {
	all := strings.Join(texts, "\n")
	words := map[string]bool{}
	for w := range strings.FieldsFuncSeq(all, noWord) {
		words[w] = true
	}
	if len(words) == 0 {
		return
	}
	occurs := func(text string) bool {
		for first := range strings.FieldsFuncSeq(text, noWord) { // saves looking for most of them
			return words[first] && strings.Contains(all, text)
		}
		return false
	}
	for id, l := range n.live {
		if l.kind.Person && id == l.ID && occurs(title(l.kind, l.Attrs)) {
			n.id(id)
		}
	}
	known := func(a addr.Address, id string, k *schema.Kind, attrs value.Object) {
		if k == nil || !k.Person {
			return
		}
		l := n.live[k.Type+":"+id]
		titles := []string{title(k, attrs)}
		if l.Object != nil {
			titles = append(titles, title(k, overlaid(l.Attrs, attrs)), title(k, overlaid(attrs, l.Attrs)))
		}
		for i, text := range titles {
			if !occurs(text) {
				continue
			}
			n.address(a)
			if l.Object != nil {
				n.id(l.ID)
			}
			if i > 0 && text != titles[0] {
				n.out[a.String()+"~"+strconv.Itoa(i)] = planner.Name{Title: text, Kind: k.Type}
			}
		}
	}
	for a, o := range n.known {
		known(a, o.ID, n.kinds[o.Kind], o.Attrs)
	}
	for a, in := range n.wanted {
		id := ""
		if o := n.known[a]; o != nil {
			id = o.ID
		}
		known(a, id, n.kinds[a.Type], in.Attrs)
	}
}

func noWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// overlaid is attributes with others over them, as the planner makes titles of both.
func overlaid(below, above value.Object) value.Object {
	out := make(value.Object, len(below)+len(above))
	for _, attrs := range []value.Object{below, above} {
		for name, v := range attrs {
			if _, clears := v.(value.Clear); clears {
				delete(out, name)
				continue
			}
			out[name] = v
		}
	}
	return out
}
