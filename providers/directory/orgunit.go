package directory

import (
	"fmt"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// orgUnit is a team of the official org chart (조직).
func orgUnit() *schema.Kind {
	return &schema.Kind{
		Type: OrgUnit, Version: 1, Attrs: orgUnitAttrs(),
		Key: "external_key", Natural: []string{"name", "parent"},
		Parent: "parent", Order: "order", Placed: true,
		Removals: []string{"delete", "keep"},
		Prepare:  prepareOrgUnit,
		Claims: func(attrs value.Object, company schema.Company, _ func(value.Value) string) []schema.Claim {
			claims := keyClaim(OrgUnit, "", attrs)
			claims = append(claims, addressClaim("email", attrs, company)...)
			return append(claims, listClaims("aliases", attrs, company)...)
		},
		Title:    name,
		Released: schema.Fact{Name: "orgunit-delete-counts", Value: "in-use"},
		Rooted:   schema.Fact{Name: "move-without-parent", Value: "keep"},
		Lost:     "the unit's message room, notes, calendar and folder",
	}
}

func orgUnitAttrs() []schema.Attr {
	visible := toggle("visible", "Whether it is shown in the org chart and in search; below a hidden unit only false is allowed.")
	visible.TopDown = true // 20 §2
	attrs := []schema.Attr{
		keyAttr("tenant", ""),
		{Name: "name", Type: schema.Text(), Required: true, Check: texts(nameText),
			Doc: "The name, up to 100 characters; besides letters, digits and spaces it may have ! @ & ( ) - _ + [ ] { } , . and /."},
		namesAttr(schema.Text(), "The name in other languages, each up to 100 characters: { en_US = \"Sales\" }."),
		{Name: "email", Type: schema.Text(), CaseFold: true, ServerFilled: true, Check: texts(listAddress),
			Doc: "The list address: 2 to 64 characters before @; the domain may be left out. The service makes one up when none is given."},
		{Name: "description", Type: schema.Text(), Clearable: true, Check: texts(note(160)),
			Doc: "A description, up to 160 characters."},
		visible,
		{Name: "parent", Type: schema.RefTo(OrgUnit), Clearable: true,
			Doc: "The unit above, of the same company; clear = the top level. A nested block needs none."},
		{Name: "order", Type: schema.Whole(),
			Doc: "Where it stands among its siblings, ascending. Written units stand as written."},
		{Name: "aliases", Type: schema.ListOf(schema.Text()), Set: true, CaseFold: true, Clearable: true, Check: atMost(20, listAddress),
			Doc: "Up to 20 further addresses; plans with mail only."},
		toggle("receives_external_mail", "Whether senders outside the company reach the list."),
	}
	senders, sendAs := sendersAttrs()
	senders.Deferred, sendAs.Deferred = true, true // units come before the members who have posts in them
	return append(append(attrs, roomAttrs()...), senders, sendAs, restrictionAttr())
}

func prepareOrgUnit(in *schema.Instance) []schema.Problem {
	attrs := clone(in.Attrs)
	problems := canonicalAddress(attrs, "email", in.Company)
	problems = append(problems, canonicalAddresses(attrs, "aliases", in.Company)...)
	problems = append(problems, translations(attrs, nameText)...)
	problems = append(problems, roomProblems(attrs)...)
	problems = append(problems, prepareRestriction(attrs)...)
	if n, ok := attrs["order"].(value.Int); ok && n < 1 {
		problems = append(problems, ruleOrder.at(value.Of("order"), fmt.Sprintf("order is %d", n), "write a number from 1 on"))
	}
	in.Attrs = attrs
	return problems
}
