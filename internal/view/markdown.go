package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/planner"
)

// MarkdownBytes is how much Markdown writes when nobody says: less than what GitHub
// takes in a comment (65,536 characters).
const MarkdownBytes = 60_000

// Markdown writes a plan as GitHub-flavoured Markdown for a comment on a pull request:
// what is dangerous first, the rest folded. It takes at most limit bytes: what does not
// fit is counted and left out, except what goes away and what cannot be undone, which
// is written whatever it takes. whole reports whether all of it fitted.
func Markdown(w io.Writer, p *planner.Plan, limit int) (whole bool, err error) {
	r := reviewOf(p)
	m := &markdown{}
	m.head(r)
	m.section(section{title: "Errors", items: r.errors}, false)
	for _, s := range r.first {
		m.section(s, false)
	}
	for _, s := range append(r.kinds, r.others...) {
		m.section(s, true)
	}
	m.section(section{title: "Warnings", items: r.warnings}, true)
	m.foot(r)
	text, whole := m.fit(limit)
	_, err = io.WriteString(w, text)
	return whole, err
}

// markdown is a text in pieces, some of which may be left out.
type markdown struct {
	pieces []piece
	groups int
}

// piece is a line or a few; group is that of the section that a piece may be left out
// of, 0 of what is always written, and below 0 where it is counted what was left out.
type piece struct {
	text  string
	group int
	later bool // has the room that others leave
}

func (m *markdown) keep(text string) { m.pieces = append(m.pieces, piece{text: text}) }

func (m *markdown) head(r *review) {
	p := r.plan
	m.keep("## Plan of " + escape(tenantOf(p)) + "\n\n")
	switch {
	case p.Diagnostics.HasErrors():
		m.keep("**This plan cannot be carried out:** " + escape(DiagnosticCount(p.Diagnostics)) + ".\n\n")
	case p.Empty():
		m.keep("**No changes.** The tenant is as the configuration says.\n\n")
	}
	if p.Empty() {
		return
	}
	m.keep("**" + escape(Summary(p)) + "**\n\n" + escape(Cost(p.Cost)) + ". Plan hash " + code(ShortHash(p.Hash)) + ".\n\n")
}

// foot tells how to carry the plan out.
func (m *markdown) foot(r *review) {
	if r.plan.Empty() || r.plan.Diagnostics.HasErrors() {
		return
	}
	m.keep("Carry out exactly this plan, or nothing:\n\n```sh\n" + Approved(r.plan) + "\n```\n")
	if again := Again(r.plan); again != "" {
		m.keep("\n" + escape(again) + "\n")
	}
}

// Approved is the command that carries out this plan and no other: with the same date and
// the same guards lifted. See Again.
func Approved(p *planner.Plan) string {
	text := "isa apply --expect " + ShortHash(p.Hash)
	if p.AsOf != "" {
		text += " --as-of " + Line(p.AsOf)
	}
	for _, code := range slices.Sorted(maps.Keys(p.Allowed)) {
		text += fmt.Sprintf(" --allow %s=%d", Line(code), p.Allowed[code])
	}
	return text
}

// Again says what else the command of Approved wants, for a plan of a part or with variables;
// "": nothing. The plan does not have the values.
func Again(p *planner.Plan) string {
	if len(p.Flags) == 0 {
		return ""
	}
	return "Give " + Line(strings.Join(p.Flags, ", ")) + " again as it was given to isa plan; without, the plan is another one and refused."
}

// mostOpen is how many entries of a section stand open; what is removed always does.
const mostOpen = 10

// section writes a section, folded or not.
func (m *markdown) section(s section, folded bool) {
	if len(s.items) == 0 && s.note == "" {
		return
	}
	m.groups++
	if folded {
		count := ""
		if len(s.items) > 0 {
			count = " (" + Number(len(s.items)) + ")"
		}
		m.keep("<details><summary>" + hypertext(s.title+count) + "</summary>\n\n")
	} else {
		m.keep("### " + escape(s.title) + "\n\n")
	}
	if s.note != "" {
		m.keep(escape(s.note) + "\n")
	}
	if s.note != "" && len(s.items) > 0 {
		m.keep("\n")
	}
	open, rest := s.items, []item(nil)
	if !folded {
		open, rest = parted(s.items)
	}
	m.entries(open, false)
	if len(rest) > 0 {
		m.keep("\n<details><summary>" + Number(len(rest)) + " more</summary>\n\n")
		m.entries(rest, true)
		m.keep("\n</details>\n")
	}
	if folded {
		m.keep("\n</details>\n\n")
	} else {
		m.keep("\n")
	}
}

// parted takes those apart that stand folded.
func parted(items []item) (open, rest []item) {
	if len(items) <= mostOpen {
		return items, nil
	}
	n := 0
	for _, i := range items {
		switch {
		case i.removal:
			open = append(open, i)
		case n < mostOpen:
			n++
			open = append(open, i)
		default:
			rest = append(rest, i)
		}
	}
	return open, rest
}

// entries writes a list, of which all may be left out that does not tell of a removal.
func (m *markdown) entries(items []item, later bool) {
	for _, i := range items {
		p := piece{text: i.markdown(), group: m.groups, later: later}
		if i.removal {
			p.group = 0
		}
		m.pieces = append(m.pieces, p)
	}
	m.pieces = append(m.pieces, piece{group: -m.groups})
}

// markdown writes an item as one entry of a list.
func (i item) markdown() string {
	var b strings.Builder
	b.WriteString("-")
	if i.sign != "" {
		b.WriteString(" " + code(i.sign))
	}
	if i.title != "" {
		b.WriteString(" **" + escape(strings.TrimSpace(i.title)) + "**")
	}
	if i.address != "" {
		b.WriteString(" " + code(i.address))
	}
	for n, d := range i.details {
		switch {
		case n == 0 && b.Len() > 1:
			b.WriteString(" — ")
		case n > 0:
			b.WriteString("; ")
		default:
			b.WriteString(" ")
		}
		b.WriteString(escape(d.text()))
	}
	b.WriteByte('\n')
	return b.String()
}

// counted is how many bytes it takes at most to count what is left out of a section.
const counted = 80

// fit puts the pieces together in at most limit bytes: pieces that may be left out are
// written as long as there is room for all that must be, and for counting the rest.
func (m *markdown) fit(limit int) (text string, whole bool) {
	room := limit
	for _, p := range m.pieces {
		switch {
		case p.group == 0:
			room -= len(p.text)
		case p.group < 0:
			room -= counted
		}
	}
	whole = room >= 0
	written := make([]bool, len(m.pieces))
	room = m.choose(written, false, room)
	m.choose(written, true, room)
	var b strings.Builder
	omitted := 0
	for i, p := range m.pieces {
		switch {
		case p.group == 0 || written[i]:
			b.WriteString(p.text)
		case p.group > 0:
			omitted++
		case omitted > 0:
			fmt.Fprintf(&b, "- … and %s more: see the whole plan\n", Number(omitted))
			omitted, whole = 0, false
		}
	}
	return b.String(), whole
}

// choose marks what is written of the pieces that may be left out: from the beginning of
// each section, up to the first that there is no room for. It returns the room left.
func (m *markdown) choose(written []bool, later bool, room int) int {
	full := false
	for i, p := range m.pieces {
		switch {
		case p.group < 0:
			full = false
		case p.group == 0 || p.later != later:
		case full || len(p.text) > room:
			full = true
		default:
			written[i] = true
			room -= len(p.text)
		}
	}
	return room
}

// escape writes text so that Markdown shows it as it is: no markup, no HTML, no link,
// and no mention of people, issues or commits of wherever it is posted.
func escape(text string) string {
	var b strings.Builder
	text = Line(text)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '&':
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case strings.IndexByte("@#!$%~", c) >= 0: // mentions and references of GitHub and GitLab
			b.WriteString("\\" + string(c) + apart)
		case c == ':' && strings.HasPrefix(text[i:], "://"), c == '.' && i >= 3 && strings.EqualFold(text[i-3:i], "www"):
			b.WriteString("\\" + string(c) + apart)
		case c == '-' && i >= 2 && strings.EqualFold(text[i-2:i], "GH"):
			b.WriteString("\\-" + apart)
		case strings.IndexByte("\\`*_{}[]()+|^", c) >= 0:
			b.WriteString("\\" + string(c))
		case c == '-' && i == 0, c == '=' && i == 0: // would begin a list or underline a heading
			b.WriteString("\\" + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// apart keeps what stands before and behind it from being read as one word: a comment
// shows nothing and is copied as nothing.
const apart = "<!-- -->"

// code writes text as a code span, in which nothing is markup, mention or link.
func code(text string) string {
	text = Line(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.Trim(text, " ") == "" {
		text = " " + text + " "
	}
	return fence + text + fence
}

// hypertext writes text for HTML inside Markdown, where a line of it is no Markdown.
func hypertext(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(Line(text))
}
