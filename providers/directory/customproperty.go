package directory

import (
	"fmt"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// The limits of custom properties (10 §6, §9.10).
const (
	mostProperties = 50 // a company
	mostValues     = 10 // of a multi-valued property
)

// The types of custom properties.
const (
	stringProperty  = "string"
	linkProperty    = "link"
	integerProperty = "integer"
	dateProperty    = "date"
)

// customProperty defines a property of a company's members that the service does not
// have by itself (10 §6). What members have in it is their attribute custom.
func customProperty() *schema.Kind {
	return &schema.Kind{
		Type: CustomProperty, Version: 1, Attrs: customPropertyAttrs(),
		Natural: []string{"name"}, Order: "order",
		Removals: []string{"delete", "keep"},
		Prepare:  prepareCustomProperty,
		Claims: func(attrs value.Object, company schema.Company, _ func(value.Value) string) []schema.Claim {
			claims := fixedName(CustomProperty, company, attrs)
			if shown := value.Text(attrs["display_name"]); shown != "" {
				space := join(CustomProperty+" display name", company.Domain)
				claims = append(claims, schema.Claim{
					Space: space, Name: shown, Path: value.Of("display_name"),
					Vacate: value.Object{"display_name": value.String(temporary(space, shown))},
				})
			}
			return claims
		},
		Title: name,
		Lost:  "what all members have in it",
	}
}

// fixedName is the claim of a name that never changes and so is given up by deletion only.
func fixedName(kind string, company schema.Company, attrs value.Object) []schema.Claim {
	name := value.Text(attrs["name"])
	if name == "" {
		return nil
	}
	return []schema.Claim{{Space: join(kind+" name", company.Domain), Name: name, Path: value.Of("name")}}
}

func customPropertyAttrs() []schema.Attr {
	shown := func() schema.Attr {
		return schema.Attr{Name: "display_name", Type: schema.Text(), Required: true, Check: texts(length(20)),
			Doc: "What people read, up to 20 characters, unique among its like."}
	}
	translated := namesAttr(schema.Text(), "display_name in other languages, each up to 20 characters: { en_US = \"Badge\" }.")
	return []schema.Attr{
		{Name: "name", Type: schema.Text(), Required: true, CreateOnly: true, Check: texts(propertyName),
			Doc: "The name by which member.custom gives values, unique in the company: up to 120 letters, digits and _, not beginning with a digit. It never changes."},
		shown(), translated,
		{Name: "type", Type: schema.Text(), Required: true, CreateOnly: true, Enum: []string{stringProperty, linkProperty, integerProperty, dateProperty},
			Doc: "What its values are. It never changes."},
		{Name: "multi_valued", Type: schema.Switch(), CreateOnly: true, Doc: "Whether a member may have up to 10 values; default false. It never changes."},
		{Name: "order", Type: schema.Whole(), Clearable: true, Doc: "Its rank in the profile, ascending from 1; may be shared. clear puts it last."},
		{Name: "option", Type: schema.ListOf(schema.ObjectOf(
			schema.Attr{Name: "name", Type: schema.Text(), Required: true, Check: texts(length(100)), Doc: "The value that member.custom gives, up to 100 characters."},
			shown(), translated,
		)), Block: true, Set: true, ElemKey: "name",
			Doc: "A value to choose from, of type string only; two or more, or none. Members lose a value whose option goes."},
		toggle("mandatory", "Whether a value is needed where members are edited."),
		{Name: "read_access", Type: schema.Text(), Enum: []string{"all", "admin_and_self"}, Doc: "Who sees it; default all."},
		{Name: "write_access", Type: schema.Text(), Enum: []string{"admin", "admin_and_self"}, Doc: "Who changes it; default admin."},
	}
}

// propertyName is the rule of the names of custom properties (10 §6).
func propertyName(text string) string {
	if fault := length(120)(text); fault != "" {
		return fault
	}
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return "must be letters (A–Z), digits and _, and begin with a letter or _"
		}
	}
	return ""
}

func prepareCustomProperty(in *schema.Instance) []schema.Problem {
	problems := translations(in.Attrs, length(20))
	if n, ok := in.Attrs["order"].(value.Int); ok && n < 1 {
		problems = append(problems, ruleProperty.at(value.Of("order"), fmt.Sprintf("order is %d", n), "write a number from 1 on, or clear"))
	}
	options, written := in.Attrs["option"].(value.List)
	if !written {
		return problems
	}
	if typ := value.Text(in.Attrs["type"]); typ != stringProperty && typ != "" && len(options) > 0 {
		problems = append(problems, ruleProperty.at(value.Of("option"), "a property of type "+typ+" has no options", `remove the option blocks, or write type = "string" at a new property`))
	}
	if len(options) == 1 {
		problems = append(problems, ruleProperty.at(value.Of("option"), "there is one option", "write two or more"))
	}
	for i, e := range options {
		option, _ := e.(value.Object)
		for _, p := range translations(option, length(20)) {
			p.Path = append(value.Of("option").Index(i), p.Path...)
			problems = append(problems, p)
		}
	}
	for _, part := range []string{"name", "display_name"} {
		problems = append(problems, optionsTwice(options, part)...)
	}
	return problems
}

// optionsTwice finds options that share a name.
func optionsTwice(options value.List, part string) []schema.Problem {
	var problems []schema.Problem
	seen := map[string]bool{}
	for i, e := range options {
		option, _ := e.(value.Object)
		text := value.Text(option[part])
		if text != "" && seen[text] {
			problems = append(problems, ruleProperty.at(value.Of("option").Index(i).Name(part), fmt.Sprintf("another option has the %s %q", part, text), "give one of the two another one"))
		}
		seen[text] = true
	}
	return problems
}
