package initial

import (
	"fmt"
	"strings"
)

// tablesFile is the locals that read the tables.
func (c *company) tablesFile() string {
	var b strings.Builder
	b.WriteString("# The tables as the personnel department gives them. Only columns that are named\n# somewhere are read.\nlocals {\n")
	fmt.Fprintf(&b, "  rows = %s\n", c.people.expression())
	key := quote(c.people.fields[c.key()])
	if l := c.leavers(); l != nil {
		fmt.Fprintf(&b, "\n  # Who has left is not in here: isa suspends them, and asks before.\n  working = [for r in local.rows : r if %s]\n", l.condition)
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
