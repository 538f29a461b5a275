package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// hidden stands for a word in a text for people.
const hidden = "(hidden)"

// explained is the way out of a warning that is not shown whole.
const explained = "isa explain %s; --privacy full shows the rest"

// allow is the flag by which the way out of a guard is told.
const allow = "--allow "

// hide remembers the words of a text that tells who somebody is. Single letters and the
// numbers that plans count with are no such words.
func (h *hiding) hide(text string) {
	for _, w := range words(text) {
		if n := utf8.RuneCountInString(w); n > 1 && (n > 4 || strings.Trim(w, "0123456789") != "") {
			h.words[w] = true
		}
	}
}

// hideWord remembers a text of one word, such as a number or an address. Longer ones are
// sentences, whose words say nothing by themselves.
func (h *hiding) hideWord(text string) {
	if len(words(text)) == 1 {
		h.hide(text)
	}
}

// identify remembers what people are known by, of the attributes of one object: title,
// login ID and addresses.
func (h *hiding) identify(typ string, company schema.Company, attrs value.Object) {
	k := h.kinds[typ]
	if k == nil || !h.nameless(typ) {
		return
	}
	if k.Title != nil {
		h.hide(k.Title(attrs))
	}
	if k.Claims == nil {
		return
	}
	for _, c := range k.Claims(attrs, company, func(value.Value) string { return "" }) {
		if c.Person {
			name, _, _ := strings.Cut(c.Name, "@")
			h.hide(c.Name)
			h.hide(name)
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
	h.showKeys()
}

// showKeys keeps what addresses say from being hidden.
func (h *hiding) showKeys() {
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
		if colour := escape(rest); colour > 0 {
			b.WriteString(rest[:colour])
			rest = rest[colour:]
			continue
		}
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

// escape is how long the sequence is that colours what follows on a terminal; 0: none.
func escape(text string) int {
	if !strings.HasPrefix(text, "\x1b[") {
		return 0
	}
	return 1 + strings.IndexFunc(text, unicode.IsLetter)
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
	fix, flag, lifts := strings.Cut(d.Fix, allow)
	d.Detail, d.Fix, d.Paste = h.scrub(d.Detail), h.scrub(fix), h.scrub(d.Paste)
	if lifts { // the flag has codes and counts, and is typed as it stands
		d.Fix += allow + flag
	}
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
