package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
)

// hidden stands for a word in a text for people.
const hidden = "(hidden)"

// explained is the way out of a warning that is not shown whole.
const explained = "isa explain %s; --privacy full shows the rest"

// hide remembers the words of a text that is hidden.
func (h *hiding) hide(text string) {
	for _, w := range words(text) {
		if utf8.RuneCountInString(w) > 1 {
			h.words[w] = true
		}
	}
}

// learn gathers the last words to hide: titles of content. What addresses say stays.
func (h *hiding) learn(p *planner.Plan) {
	for i := range p.Content {
		if h.nameless(p.Content[i].Address.Type) {
			h.hide(p.Content[i].Title)
		}
	}
	for w := range h.keys {
		delete(h.words, w)
	}
}

// inWord reports whether r is within a name, an address or a number.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || strings.ContainsRune("._@+-", r)
}

// words are the names, addresses and numbers of a text.
func words(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) }) {
		if w = strings.Trim(w, ".-+"); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// scrub replaces the hidden words of a text.
func (h *hiding) scrub(text string) string {
	if len(h.words) == 0 || text == "" {
		return text
	}
	var b strings.Builder
	for rest := text; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return !inWord(r) })
		if end < 0 {
			end = len(rest)
		}
		if end > 0 {
			b.WriteString(h.word(rest[:end]))
			rest = rest[end:]
			continue
		}
		_, size := utf8.DecodeRuneInString(rest)
		b.WriteString(rest[:size])
		rest = rest[size:]
	}
	return b.String()
}

// word replaces one word when it is hidden; what it ends with stays.
func (h *hiding) word(w string) string {
	core := strings.Trim(w, ".-+")
	if core == "" || !h.words[core] {
		return w
	}
	return strings.Replace(w, core, hidden, 1)
}

// texts takes what is hidden out of the texts of a change.
func (h *hiding) texts(c *planner.Change) {
	c.Reason = h.scrub(c.Reason)
	for i := range c.Steps {
		c.Steps[i].Note = h.scrub(c.Steps[i].Note)
	}
}

func (h *hiding) content(c planner.Content) planner.Content {
	if h.nameless(c.Address.Type) {
		c.Title = ""
	}
	c.Waits = h.scrub(c.Waits)
	return c
}

func (h *hiding) unserved(u planner.Unserved) planner.Unserved {
	u.What = h.scrub(u.What)
	return u
}

// diagnostic leaves the place of a diagnostic and what its code says.
func (h *hiding) diagnostic(d diag.Diagnostic) diag.Diagnostic {
	if h.quotes(d) {
		d.Detail, d.Paste = "", ""
		d.Fix = strings.Replace(explained, "%s", d.Code, 1)
		return d
	}
	d.Detail, d.Fix, d.Paste = h.scrub(d.Detail), h.scrub(d.Fix), h.scrub(d.Paste)
	return d
}

// quotes reports whether a diagnostic may quote what is hidden.
func (h *hiding) quotes(d diag.Diagnostic) bool {
	if d.Cell != nil {
		return true
	}
	a, err := addr.Parse(d.Address)
	if err != nil || !h.personal(a.Type) {
		return false
	}
	if h.level == IDs {
		return true
	}
	k := h.kinds[a.Type]
	if k == nil {
		return true
	}
	name, _, _ := strings.Cut(d.Attr, ".")
	name, _, _ = strings.Cut(name, "[")
	attr, ok := k.Attr(name)
	return ok && attr.Personal
}
