package planner

import (
	"strings"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

var acme = schema.Company{Domain: "acme.test", DomainID: 1}

// toyKinds are a flat ordered kind, a tree, people with posts and heads, and
// groups: every trait that the planner obeys.
func toyKinds() []*schema.Kind { return []*schema.Kind{toyGrade(), toyUnit(), toyPerson(), toyGroup()} }

func mailName(attr string, person bool, attrs value.Object) []schema.Claim {
	n := value.Text(attrs[attr])
	if n == "" {
		return nil
	}
	return []schema.Claim{{Space: "mail", Name: strings.ToLower(n), Path: value.Of(attr), Person: person,
		Vacate: value.Object{attr: value.String("tmp-" + strings.ToLower(n))}}}
}

func keyName(kind string, attrs value.Object) []schema.Claim {
	n := value.Text(attrs["key"])
	if n == "" {
		return nil
	}
	return []schema.Claim{{Space: kind + " key", Name: n, Path: value.Of("key"), Vacate: value.Object{"key": value.Clear{}}}}
}

func plainTitle(o value.Object) string { return value.Text(o["name"]) }

func toyGrade() *schema.Kind {
	return &schema.Kind{
		Type: "grade", Key: "key", Natural: []string{"name"}, Removals: []string{"delete", "keep"}, Title: plainTitle, Order: "order",
		Attrs: []schema.Attr{
			{Name: "key", Type: schema.Text(), Clearable: true},
			{Name: "name", Type: schema.Text(), Required: true},
			{Name: "order", Type: schema.Whole()},
			{Name: "fixed", Type: schema.Text(), CreateOnly: true},
		},
		Claims: func(a value.Object, _ schema.Company, _ func(value.Value) string) []schema.Claim {
			out := keyName("grade", a)
			if n := value.Text(a["name"]); n != "" {
				out = append(out, schema.Claim{Space: "grade name", Name: n, Path: value.Of("name"), Vacate: value.Object{"name": value.String("tmp-" + n)}})
			}
			return out
		},
	}
}

func toyUnit() *schema.Kind {
	return &schema.Kind{
		Type: "unit", Key: "key", Natural: []string{"name", "parent"}, Parent: "parent", Order: "order", Placed: true,
		Removals: []string{"delete", "keep"}, Title: plainTitle,
		Attrs: []schema.Attr{
			{Name: "key", Type: schema.Text(), Clearable: true},
			{Name: "name", Type: schema.Text(), Required: true},
			{Name: "email", Type: schema.Text(), CaseFold: true, Clearable: true},
			{Name: "parent", Type: schema.RefTo("unit"), Clearable: true},
			{Name: "order", Type: schema.Whole()},
			{Name: "shown", Type: schema.Switch(), TopDown: true},
		},
		Claims: func(a value.Object, _ schema.Company, _ func(value.Value) string) []schema.Claim {
			return append(keyName("unit", a), mailName("email", false, a)...)
		},
	}
}

func digitsOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func toyPerson() *schema.Kind {
	return &schema.Kind{
		Type: "person", Key: "key", Natural: []string{"login"}, Person: true, Removals: []string{"suspend", "delete", "keep"},
		Title: func(o value.Object) string { return value.Text(o["login"]) }, Lost: "the mailbox",
		Attrs: []schema.Attr{
			{Name: "key", Type: schema.Text(), Clearable: true, Sensitive: "person.key"},
			{Name: "login", Type: schema.Text(), Required: true, CaseFold: true, Sensitive: "person.login"},
			{Name: "last", Type: schema.Text(), Sensitive: "person.name"},
			{Name: "phone", Type: schema.Text(), Personal: true, Normalise: digitsOnly, Clearable: true, Sensitive: "person.phone"},
			{Name: "nick", Type: schema.Text(), Clearable: true},
			{Name: "names", Type: schema.MapOf(schema.ObjectOf(schema.Attr{Name: "last", Type: schema.Text()}, schema.Attr{Name: "first", Type: schema.Text()}))},
			{Name: "aliases", Type: schema.ListOf(schema.Text()), Set: true, CaseFold: true, Clearable: true},
			{Name: "tags", Type: schema.ListOf(schema.Text())},
			{Name: "grade", Type: schema.RefTo("grade"), Clearable: true},
			{Name: "posts", ElemKey: "unit", Set: true, Vital: true, Type: schema.ListOf(schema.ObjectOf(
				schema.Attr{Name: "unit", Type: schema.RefTo("unit")},
				schema.Attr{Name: "head", Type: schema.Switch()},
				schema.Attr{Name: "primary", Type: schema.Switch(), Sensitive: "person.primary"},
				schema.Attr{Name: "grade", Type: schema.RefTo("grade"), Clearable: true},
			))},
			{Name: "password", Type: schema.ObjectOf(schema.Attr{Name: "mode", Type: schema.Text()}), CreateOnly: true, WriteOnly: true},
			{Name: "pin", Type: schema.SecretType(), WriteOnly: true},
			{Name: "former", Type: schema.ListOf(schema.Text()), Steering: true},
		},
		Claims: personClaims,
		Notices: func(a value.Object) int {
			return map[bool]int{true: 1}[value.Path.Get(value.Of("password", "mode"), a) == value.String("mail")]
		},
		Leave: func(a value.Object, unit value.Value) value.Object {
			if unit != nil {
				return value.Object{"posts": value.List{value.Object{"unit": unit, "head": value.Bool(false), "primary": value.Bool(true)}}}
			}
			posts, _ := a["posts"].(value.List)
			out, some := value.List{}, false
			for _, e := range posts {
				o := e.(value.Object)
				some = some || value.True(o["head"])
				out = append(out, withHead(o, false))
			}
			if !some {
				return value.Object{}
			}
			return value.Object{"posts": out}
		},
	}
}

func withHead(o value.Object, head bool) value.Object {
	out := value.Object{}
	for n, v := range o {
		out[n] = v
	}
	out["head"] = value.Bool(head)
	return out
}

func personClaims(a value.Object, _ schema.Company, id func(value.Value) string) []schema.Claim {
	out := append(keyName("person", a), mailName("login", true, a)...)
	aliases, _ := a["aliases"].(value.List)
	for i, v := range aliases {
		rest := append(append(value.List{}, aliases[:i]...), aliases[i+1:]...)
		out = append(out, schema.Claim{Space: "mail", Name: strings.ToLower(value.Text(v)), Path: value.Of("aliases").Index(i), Person: true,
			Vacate: value.Object{"aliases": rest}})
	}
	posts, _ := a["posts"].(value.List)
	for i, v := range posts {
		o := v.(value.Object)
		if !value.True(o["head"]) {
			continue
		}
		rest := append(value.List{}, posts...)
		rest[i] = withHead(o, false)
		out = append(out, schema.Claim{Space: "head", Name: id(o["unit"]), Path: value.Of("posts"), Vacate: value.Object{"posts": rest}})
	}
	return out
}

func toyGroup() *schema.Kind {
	return &schema.Kind{
		Type: "group", Key: "key", Natural: []string{"name"}, Removals: []string{"delete", "keep"}, Title: plainTitle,
		Attrs: []schema.Attr{
			{Name: "key", Type: schema.Text(), Clearable: true},
			{Name: "name", Type: schema.Text(), Required: true},
			{Name: "email", Type: schema.Text(), CaseFold: true, Clearable: true},
			{Name: "members", Type: schema.ListOf(schema.RefTo("person", "unit", "group")), Set: true, Ownership: "listed"},
			{Name: "ownership", Type: schema.Text(), Steering: true},
			{Name: "owner", Type: schema.RefTo("person"), Required: false, Clearable: true},
		},
		Claims: func(a value.Object, _ schema.Company, _ func(value.Value) string) []schema.Claim {
			return append(keyName("group", a), mailName("email", false, a)...)
		},
	}
}

// toyCalls sends one request a step.
func toyCalls(kind string, c schema.Company, s *Step) []lanes.Call {
	call := lanes.Call{Op: kind + "-" + string(s.Verb)}
	if kind == "unit" {
		call.Writer = "orgunits 1"
	}
	return []lanes.Call{call}
}
