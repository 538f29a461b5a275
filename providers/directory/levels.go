package directory

import (
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// jobGrade is a grade (직급): one for each member and company.
func jobGrade() *schema.Kind {
	k := listKind(JobGrade, "company")
	k.Attrs = append(k.Attrs, toggle("executive", "Whether members of this grade are executives, who come first in the org chart."))
	return k
}

// position is a position (직책): one for each member and unit.
func position() *schema.Kind { return listKind(Position, "company") }

// userType is a user type (사용자 유형): one for each member.
func userType() *schema.Kind {
	k := listKind(UserType, "tenant")
	k.Attrs = append(k.Attrs, schema.Attr{
		Name: "code", Type: schema.Text(), Clearable: true, Check: texts(codeText),
		Doc: "A code of up to 50 letters, digits and _, beginning with a letter.",
	})
	return k
}

// listKind is what grades, positions and user types share (21 §1). keys says
// where their external keys are unique.
func listKind(typ, keys string) *schema.Kind {
	return &schema.Kind{
		Type: typ, Version: 1,
		Attrs: []schema.Attr{
			keyAttr(keys, ""),
			{Name: "name", Type: schema.Text(), Required: true, Check: texts(length(100)),
				Doc: "The name, up to 100 characters, unique in the company."},
			{Name: "order", Type: schema.Whole(),
				Doc: "Its rank in the list, ascending; may be negative or shared. Left out everywhere, blocks are ranked as written."},
			namesAttr(schema.Text(), "The name in other languages, each up to 100 characters: { en_US = \"Manager\" }."),
		},
		Key: "external_key", Natural: []string{"name"}, Order: "order",
		Removals: []string{"delete", "keep"},
		Prepare:  prepareListItem,
		Claims: func(attrs value.Object, company schema.Company, _ func(value.Value) string) []schema.Claim {
			scope := company.Domain
			if keys == "tenant" {
				scope = ""
			}
			return append(keyClaim(typ, scope, attrs), nameClaim(typ, company, attrs, false)...)
		},
		Title: name,
	}
}

// prepareListItem checks names. The set of special characters is documented for
// grades only; the others are warned about (21 §1).
func prepareListItem(in *schema.Instance) []schema.Problem {
	problems := translations(in.Attrs, length(100))
	text := value.Text(in.Attrs["name"])
	fault := onlySpecials(nameSpecials)(text)
	switch {
	case fault == "":
	case in.Kind.Type == JobGrade:
		problems = append(problems, ruleName.at(value.Of("name"), "the name "+fault, "replace the character"))
	default:
		problems = append(problems, ruleNameUnsure.warn(value.Of("name"), "the name "+fault, "replace the character if the service refuses it"))
	}
	return problems
}

func name(attrs value.Object) string { return value.Text(attrs["name"]) }
