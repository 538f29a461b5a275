package initial

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// orgFile declares job grades, positions, user types and org units.
func (c *company) orgFile() string {
	var b strings.Builder
	for _, l := range levels() {
		if t := c.column(l.field); t != nil {
			b.WriteString(l.block(t))
		}
	}
	switch h := c.home(); {
	case c.units != nil:
		c.unitsFromTable(&b)
	case h == nil:
		fmt.Fprintf(&b, "# The org tree is written as a tree; siblings keep the order in which they stand.\norg_unit \"hq\" {\n  name = %s\n\n  # org_unit \"sales\" { name = \"영업팀\" }\n}\n", quote(companyName(c.domain)))
	case c.unit() == unitCode && h.fields[unitName] != "":
		b.WriteString("org_unit \"hr\" {\n  for_each = local.units\n  external_key = each.key\n  name = each.value[0]\n}\n")
	default:
		cell := cellOf("r", h, c.unit())
		fmt.Fprintf(&b, "# Units are those that people belong to, all at the top.\norg_unit \"hr\" {\n  for_each = toset([for r in %s : %s if %s != null])\n  name = each.key\n}\n", c.homeRows(), cell, cell)
	}
	return b.String()
}

// companyName makes a name for the top unit from a domain: acme for acme.co.kr.
func companyName(domain string) string {
	name, _, _ := strings.Cut(domain, ".")
	return name
}

// level is a list of the tenant that people are sorted by.
type level struct {
	field       field
	kind, label string
	korean      string
}

func levels() []level {
	return []level{{grade, "job_grade", "g", "직급"}, {position, "position", "p", "직책"}, {userType, "user_type", "t", "고용형태"}}
}

// block declares the values that a table has.
func (l level) block(t *table) string {
	texts, _ := t.values(l.field)
	slices.SortStableFunc(texts, func(a, b string) int { return cmp.Compare(seniority(a), seniority(b)) })
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, as the table has them, in the order that the console is to show: correct it.\n%s %s {\n  for_each = {\n", l.korean, l.kind, quote(l.label))
	for i, text := range texts {
		fmt.Fprintf(&b, "    %s = %d\n", quote(text), i+1)
	}
	b.WriteString("  }\n  name = each.key\n  order = each.value\n}\n\n")
	return b.String()
}

// seniority sorts usual grades and positions, high ones first; others come behind.
func seniority(text string) int {
	usual := []string{"회장", "부회장", "대표이사", "대표", "사장", "부사장", "전무", "상무", "이사", "본부장", "실장", "센터장", "부장", "차장", "팀장", "과장", "파트장", "대리", "주임", "사원", "인턴"}
	if i := slices.Index(usual, text); i >= 0 {
		return i
	}
	return len(usual)
}

// unitsFromTable declares the units of a table with codes.
func (c *company) unitsFromTable(b *strings.Builder) {
	t := c.units
	fmt.Fprintf(b, "org_unit \"hr\" {\n  for_each = local.units\n  external_key = each.key\n  name = %s\n", cellOf("each.value", t, unitName))
	if t.fields[unitMail] != "" {
		fmt.Fprintf(b, "  email = %s\n", cellOf("each.value", t, unitMail))
	}
	if texts, _ := t.values(order); len(texts) > 0 && !slices.ContainsFunc(texts, noNumber) {
		fmt.Fprintf(b, "  order = number(%s)\n", cellOf("each.value", t, order))
	}
	if t.fields[parentCode] != "" {
		fmt.Fprintf(b, "  parent = %s\n", c.parent())
	}
	b.WriteString("}\n")
}

// parent is the expression for a unit's parent. Codes that no row has stand for the
// top, as 0 and ROOT do.
func (c *company) parent() string {
	cell := cellOf("each.value", c.units, parentCode)
	codes, _ := c.units.values(unitCode)
	above, _ := c.units.values(parentCode)
	var top []string
	for _, code := range above {
		if !slices.Contains(codes, code) {
			top = append(top, quote(code))
		}
	}
	condition := cell + " == null"
	if len(top) > 0 && len(top) <= 3 {
		condition += fmt.Sprintf(" || contains([%s], %s)", strings.Join(top, ", "), cell)
	}
	return fmt.Sprintf("%s ? null : org_unit.hr[%s]", condition, cell)
}

func noNumber(text string) bool {
	return text == "" || strings.Trim(text, "0123456789") != "" || strings.Trim(text, "0") == ""
}
