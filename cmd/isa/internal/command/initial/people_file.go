package initial

import (
	"fmt"
	"slices"
	"strings"
)

// peopleFile declares the members.
func (c *company) peopleFile() string {
	if c.people == nil {
		return `# The people, by hand or from a table of the personnel department: put it beside this
# file, remove what isa init wrote, and run isa init again.
#
# member "ceo" {
#   external_key = "1001"
#   login_id = "gildong.hong"
#   last_name = "홍"
#   first_name = "길동"
#   private_email = "gildong.hong@example.com"
#
#   password { mode = "member" }
#   belongs_to { org_unit = org_unit.hq }
# }
`
	}
	var b strings.Builder
	b.WriteString("member \"staff\" {\n  for_each = local.staff\n")
	cell := func(f field) string { return cellOf("each.value", c.people, f) }
	if c.has(number) {
		b.WriteString("  external_key = each.key\n")
	}
	c.login(&b)
	if c.has(fullName) {
		fmt.Fprintf(&b, "  last_name = split_name(%s).last\n  first_name = split_name(%s).first\n", cell(fullName), cell(fullName))
	} else {
		fmt.Fprintf(&b, "  last_name = %s\n  first_name = %s\n", cell(lastName), cell(firstName))
	}
	if c.english() {
		fmt.Fprintf(&b, "  names = { en_US = { last = %s, first = %s } }\n", cell(englishLast), cell(englishFirst))
	}
	for _, l := range levels() {
		if c.has(l.field) && l.field != position {
			fmt.Fprintf(&b, "  %s = %s\n", l.kind, c.optional(c.people, l.field, cell(l.field), fmt.Sprintf("%s.%s[%s]", l.kind, l.label, cell(l.field))))
		}
	}
	for _, a := range []struct {
		field field
		text  string
	}{{privateMail, "private_email = %s"}, {cellPhone, "cell_phone = phone(%s)"}, {hired, "hired_on = date(%s)"}} {
		if c.has(a.field) {
			fmt.Fprintf(&b, "  "+a.text+"\n", cell(a.field))
		}
	}
	if c.leaveByDate() {
		fmt.Fprintf(&b, "  suspend_on = date(%s) # from that day on: no account any more\n", cell(left))
	}
	c.password(&b)
	c.belongs(&b)
	b.WriteString("\n  # Who is in no table any more is suspended, and deleted by a later plan that shows it.\n  lifecycle {\n    on_remove = \"suspend\"\n    delete_after = \"90d\"\n  }\n}\n")
	return b.String()
}

// english tells that the table has English names too.
func (c *company) english() bool { return c.has(englishLast) && c.has(englishFirst) }

// login writes the login ID, which everybody needs.
func (c *company) login(b *strings.Builder) {
	for _, f := range []field{login, workMail} {
		if !c.has(f) {
			continue
		}
		cell := cellOf("each.value", c.people, f)
		texts, _ := c.people.values(f)
		login := "lower(" + cell + ")"
		if slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, "@") }) {
			// an empty cell must say that it is empty
			login = fmt.Sprintf("%s == null ? null : lower(split(\"@\", %s)[0])", cell, cell)
		}
		fmt.Fprintf(b, "  login_id = %s\n", login)
		return
	}
	b.WriteString("  login_id = lower(each.key) # no column has login IDs: the employee number stands in. Decide before the first apply\n")
}

// optional writes a reference that is not managed where the cell is empty.
func (c *company) optional(t *table, f field, cell, reference string) string {
	if _, empty := t.values(f); empty == 0 {
		return reference
	}
	return fmt.Sprintf("%s == null ? null : %s", cell, reference)
}

// password decides how people get their first password.
func (c *company) password(b *strings.Builder) {
	_, empty := c.people.values(privateMail)
	switch {
	case c.has(privateMail) && empty == 0:
		b.WriteString("\n  # An invitation goes to the private address, and the member chooses a password.\n  password { mode = \"member\" }\n")
	case c.has(privateMail):
		fmt.Fprintf(b, "\n  # %d cells of %q are empty: nobody can be invited there. Fill them in and write\n  # password { mode = \"member\" }, or let isa make passwords: mode = \"admin\".\n", empty, c.people.fields[privateMail])
	default:
		b.WriteString("\n  # No column has private addresses, where invitations go. isa can make passwords\n  # instead: password { mode = \"admin\", generate = true }, shown by isa handout.\n")
	}
}

// belongs writes the posts.
func (c *company) belongs(b *strings.Builder) {
	h := c.home()
	if h == nil {
		b.WriteString("\n  # No column says who belongs where.\n  belongs_to { org_unit = org_unit.hq }\n")
		return
	}
	row := "each.value"
	_, empty := h.values(c.unit())
	switch {
	case c.several():
		row = "belongs_to.value"
		b.WriteString("\n  dynamic \"belongs_to\" {\n    for_each = lookup(local.posts, each.key, [])\n    content {\n")
	case empty > 0:
		row = "belongs_to.value"
		fmt.Fprintf(b, "\n  # %d cells of %q are empty: these people get no unit.\n  dynamic \"belongs_to\" {\n    for_each = %s == null ? [] : [each.value]\n    content {\n", empty, h.fields[c.unit()], cellOf("each.value", h, c.unit()))
	default:
		b.WriteString("\n  belongs_to {\n")
	}
	unit := cellOf(row, h, c.unit())
	if c.units != nil && c.unit() == unitName {
		unit = "local.unit_codes[" + unit + "]"
	}
	fmt.Fprintf(b, "      org_unit = org_unit.hr[%s]\n", unit)
	if h.fields[position] != "" {
		cell := cellOf(row, h, position)
		fmt.Fprintf(b, "      position = %s\n", c.optional(h, position, cell, "position.p["+cell+"]"))
	}
	for _, f := range flags() {
		if h.fields[f] != "" && (f != primary || c.several()) {
			fmt.Fprintf(b, "      %s = %s\n", map[field]string{head: "head", primary: "primary"}[f], h.yesNo(f, cellOf(row, h, f)))
		}
	}
	if row != "each.value" {
		b.WriteString("    }\n")
	}
	b.WriteString("  }\n")
}
