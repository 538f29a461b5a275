package initial

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/view"
)

// leavers are the rows of people who have left, and how they are known.
type leavers struct {
	field     field    // the status, or the leaving date
	texts     []string // of the field: of those who have left
	condition string   // that rows of people at work fulfil
}

// has reports whether a row is one of them.
func (l *leavers) has(text string, empty bool) bool {
	return !empty && slices.Contains(l.texts, text)
}

// leavers tells who is left out; nil: nobody. A status that is not known to mean that
// somebody has left keeps them in, also one that the table has not yet, and so does a
// leaving date that is to come: whom isa leaves out, it suspends.
func (c *company) leavers() *leavers {
	if c.has(status) {
		texts, _ := c.people.values(status)
		texts = slices.DeleteFunc(texts, func(text string) bool { return !gone(c.people.fields[status], text) })
		if len(texts) > 0 {
			return &leavers{status, texts, fmt.Sprintf("!contains(%s, %s)", list(texts), cellOf("r", c.people, status))}
		}
	}
	if !c.has(left) {
		return nil
	}
	texts, _ := c.people.values(left)
	over := slices.DeleteFunc(texts, func(text string) bool {
		day, err := hr.Date(text)
		return err != nil || day > c.today
	})
	if len(over) == 0 {
		return nil
	}
	return &leavers{left, over, fmt.Sprintf("!contains(%s, %s)", list(over), cellOf("r", c.people, left))}
}

// leaveByDate reports whether the leaving dates say when people are suspended: where no
// status tells who has left, and each date can be read.
func (c *company) leaveByDate() bool {
	if c.has(status) || !c.has(left) {
		return false
	}
	texts, _ := c.people.values(left)
	return !slices.ContainsFunc(texts, func(text string) bool {
		_, err := hr.Date(text)
		return err != nil
	})
}

// list writes texts as a list of the language.
func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// departed are the words for having left, alone: who is about to leave (퇴직예정), was
// taken back (퇴직후재고용) or is away (휴직) still works.
var departed = regexp.MustCompile(`^(정년|명예|희망|조기|권고|자진|의원|중도|당연|직권)?(퇴직|퇴사|퇴임|퇴직자|퇴사자|사직|면직|해고|해임|파면|계약만료|계약해지|계약종료)(완료|처리)?$|^(resigned|retired|terminated|dismissed|left|former)$`)

// gone reports whether a status in the column with that heading means that somebody has
// left. 재직여부 may be answered with yes and no.
func gone(heading, text string) bool {
	return departed.MatchString(strings.Join(strings.Fields(strings.ToLower(text)), "")) ||
		folded(heading) == "재직여부" && answers(status).is(text, false)
}

// told says how many rows are left out, and what those have that stay.
func (c *company) told() []string {
	l := c.leavers()
	if l == nil {
		return nil
	}
	col, _ := c.people.Column(c.people.fields[l.field])
	out, in, total := map[string]int{}, map[string]int{}, 0
	for row := range c.people.Len() {
		text, empty := c.people.Text(row, col)
		if l.has(text, empty) {
			out[text]++
			total++
		} else if empty {
			in["empty"]++
		} else {
			in[text]++
		}
	}
	line := fmt.Sprintf("  left out:   %d of %s, by %s", total, view.Plural(c.people.Len(), "row"), c.people.fields[l.field])
	if l.field == status && total > 0 {
		line += ": " + counted(out)
	}
	return []string{line, "  left in:    " + cmp.Or(counted(in), "nobody")}
}

// counted lists texts with how often they occur.
func counted(texts map[string]int) string {
	var out []string
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		out = append(out, fmt.Sprintf("%s %d", view.Line(text), texts[text]))
	}
	return strings.Join(out, ", ")
}
