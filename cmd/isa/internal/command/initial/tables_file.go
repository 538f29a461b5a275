package initial

import (
	"fmt"
	"slices"
	"strings"
)

// tablesFile is the locals that read the tables.
func (c *company) tablesFile() string {
	var b strings.Builder
	b.WriteString("# The tables as the personnel department gives them. Only columns that are named\n# somewhere are read.\nlocals {\n")
	fmt.Fprintf(&b, "  rows = %s\n", c.people.expression())
	key := quote(c.people.fields[c.key()])
	if condition, why := c.working(); condition != "" {
		fmt.Fprintf(&b, "\n  # %s\n  working = [for r in local.rows : r if %s]\n", why, condition)
	} else {
		b.WriteString("  working = local.rows\n")
	}
	if c.people.repeated(c.key()) {
		fmt.Fprintf(&b, "\n  # 겸직: several rows a person; the first one says who it is.\n  posts = group_by(local.working, %s)\n  staff = { for k, rows in local.posts : k => rows[0] }\n", key)
	} else {
		fmt.Fprintf(&b, "  staff = { for r in local.working : r[%s] => r }\n", key)
		if c.posts != nil {
			fmt.Fprintf(&b, "\n  # 겸직: several rows a person.\n  posts = group_by(%s, %s)\n", c.posts.expression(), quote(c.posts.fields[number]))
		}
	}
	b.WriteString(c.unitTable())
	b.WriteString("}\n")
	return b.String()
}

// working is the condition that rows of people at work fulfil, "" when no column
// tells, and why.
func (c *company) working() (condition, why string) {
	if c.has(status) {
		texts, empty := c.people.values(status)
		here := slices.DeleteFunc(slices.Clone(texts), gone)
		if len(here) > 0 && (len(here) < len(texts) || empty == 0) {
			for i := range here {
				here[i] = quote(here[i])
			}
			return fmt.Sprintf("contains([%s], %s)", strings.Join(here, ", "), cellOf("r", c.people, status)),
				"Who has left is not in here: isa suspends them, and asks before."
		}
	}
	if c.has(left) {
		return cellOf("r", c.people, left) + " == null", "Who has a leaving date is not in here: isa suspends them, and asks before."
	}
	return "", ""
}

// gone reports whether a status means that somebody has left.
func gone(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"퇴", "해지", "해고", "만료", "resign", "retire", "left", "terminat", "inactive"}, func(word string) bool {
		return strings.Contains(text, word)
	})
}

// unitTable is the local that holds the units by code, or by name.
func (c *company) unitTable() string {
	switch h := c.home(); {
	case c.units != nil:
		text := fmt.Sprintf("\n  units = { for r in %s : r[%s] => r }\n", c.units.expression(), quote(c.units.fields[unitCode]))
		if h != nil && c.unit() == unitName {
			text += fmt.Sprintf("  unit_codes = { for code, r in local.units : r[%s] => code }\n", quote(c.units.fields[unitName]))
		}
		return text
	case h == nil || c.unit() == unitName || h.fields[unitName] == "":
		return ""
	default:
		code := cellOf("r", h, unitCode)
		return fmt.Sprintf("\n  # No table of units: they are those that people belong to, all at the top.\n  units = { for r in %s : %s => %s... if %s != null }\n",
			c.homeRows(), code, cellOf("r", h, unitName), code)
	}
}

// homeRows is the expression for all rows of the home table.
func (c *company) homeRows() string {
	if c.home() == c.people {
		return "local.working"
	}
	return c.posts.expression()
}
