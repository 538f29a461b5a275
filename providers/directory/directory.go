// Package directory describes the directory of a NAVER WORKS tenant as data: job
// grades, positions, user types, custom properties, org units, members and groups, with the
// product's rules. It does no I/O; the wire belongs to providers/works/directory.
//
// Facts come from reference/api/10-users.md, 20-orgunits.md,
// 21-levels-positions-employment-types.md, 22-groups.md (cited as 10, 20, 21 and
// 22) and reference/admin-formats-and-limits.md (cited as "limits").
package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// The kinds.
const (
	JobGrade       = "job_grade"
	Position       = "position"
	UserType       = "user_type"
	CustomProperty = "custom_property"
	OrgUnit        = "org_unit"
	Member         = "member"
	Group          = "group"
)

// Schemas returns the directory kinds in planning order: what is referred to
// comes before what refers to it. Each call makes new schemas, which the caller
// may extend before sharing them.
func Schemas() []*schema.Kind {
	return []*schema.Kind{jobGrade(), position(), userType(), customProperty(), orgUnit(), member(), group()}
}

// Languages are the languages of translated names and of a member's locale
// (10 §9.1, 20 §2, 21 §1).
func Languages() []string { return []string{"ko_KR", "en_US", "ja_JP", "zh_CN", "zh_TW"} }

// clone returns a copy of o that may be changed. Values in it are shared.
func clone(o value.Object) value.Object {
	out := make(value.Object, len(o)+1)
	for name, v := range o {
		out[name] = v
	}
	return out
}

// temporary is a legal, short mail name for an object that gives its own name
// up for a moment. It depends only on the name, so that a plan is repeatable.
func temporary(space, name string) string {
	sum := sha256.Sum256([]byte(space + "\x00" + name))
	return "isa." + hex.EncodeToString(sum[:6])
}

// MailName splits an address into its local part and domain. An address without
// a domain is of the company.
func MailName(address string, company schema.Company) (local, domain string) {
	local, domain, found := strings.Cut(address, "@")
	if !found {
		domain = company.Domain
	}
	return local, strings.ToLower(domain)
}

// LocalName is the canonical form of an address: lower case, without the
// company's own domain.
func LocalName(address string, company schema.Company) string {
	address = strings.ToLower(strings.TrimSpace(address))
	if local, domain, found := strings.Cut(address, "@"); found && domain == strings.ToLower(company.Domain) {
		return local
	}
	return address
}

// FullAddress is the address as the service writes it.
func FullAddress(name string, company schema.Company) string {
	if strings.Contains(name, "@") || name == "" {
		return name
	}
	return name + "@" + company.Domain
}

// mailClaim is the claim of one address, in the mail names of its domain.
func mailClaim(address string, company schema.Company) schema.Claim {
	local, domain := MailName(address, company)
	return schema.Claim{Space: "mail " + domain, Name: strings.ToLower(local)}
}

// keyClaim is the claim of the external key of an object, or none. scope is ""
// when keys are unique in the tenant.
func keyClaim(kind, scope string, attrs value.Object) []schema.Claim {
	key := value.Text(attrs["external_key"])
	if key == "" {
		return nil
	}
	return []schema.Claim{{
		Space: join(kind+" key", scope), Name: key, Path: value.Of("external_key"),
		Vacate: value.Object{"external_key": value.Clear{}},
	}}
}

// nameClaim is the claim of an object's name, unique in its company.
func nameClaim(kind string, company schema.Company, attrs value.Object, fold bool) []schema.Claim {
	name := value.Text(attrs["name"])
	if name == "" {
		return nil
	}
	held := name
	if fold {
		held = strings.ToLower(name)
	}
	space := join(kind+" name", company.Domain)
	return []schema.Claim{{
		Space: space, Name: held, Path: value.Of("name"),
		Vacate: value.Object{"name": value.String(temporary(space, name))},
	}}
}

// listClaims claims every address of a list; each is given up by writing the
// list without it.
func listClaims(attr string, attrs value.Object, company schema.Company) []schema.Claim {
	list, _ := attrs[attr].(value.List)
	var claims []schema.Claim
	for i, v := range list {
		if value.Text(v) == "" {
			continue
		}
		rest := make(value.List, 0, len(list)-1)
		rest = append(append(rest, list[:i]...), list[i+1:]...)
		claim := mailClaim(value.Text(v), company)
		claim.Path, claim.Vacate = value.Of(attr).Index(i), value.Object{attr: rest}
		claims = append(claims, claim)
	}
	return claims
}

// addressClaim claims the one address of an object; it is given up by taking a
// temporary one.
func addressClaim(attr string, attrs value.Object, company schema.Company) []schema.Claim {
	address := value.Text(attrs[attr])
	if address == "" {
		return nil
	}
	claim := mailClaim(address, company)
	claim.Path = value.Of(attr)
	name := temporary(claim.Space, claim.Name)
	if _, domain, found := strings.Cut(address, "@"); found {
		name += "@" + domain
	}
	claim.Vacate = value.Object{attr: value.String(name)}
	return []schema.Claim{claim}
}

func join(words ...string) string {
	var used []string
	for _, w := range words {
		if w != "" {
			used = append(used, w)
		}
	}
	return strings.Join(used, " ")
}

// canonicalAddress brings the address at attr into canonical form and warns
// about capitals, which the service would fold (10 §9.1).
func canonicalAddress(attrs value.Object, attr string, company schema.Company) []schema.Problem {
	text, ok := attrs[attr].(value.String)
	if !ok {
		return nil
	}
	attrs[attr] = value.String(LocalName(string(text), company))
	return capitals(string(text), value.Of(attr))
}

// canonicalAddresses does the same for a list of addresses.
func canonicalAddresses(attrs value.Object, attr string, company schema.Company) []schema.Problem {
	list, ok := attrs[attr].(value.List)
	if !ok {
		return nil
	}
	var problems []schema.Problem
	out, seen := make(value.List, 0, len(list)), map[value.Value]int{}
	for i, v := range list {
		text, ok := v.(value.String)
		if !ok {
			out = append(out, v)
			continue
		}
		problems = append(problems, capitals(string(text), value.Of(attr).Index(i))...)
		name := value.String(LocalName(string(text), company))
		if _, twice := seen[name]; twice {
			problems = append(problems, ruleAddressTwice.at(value.Of(attr).Index(i),
				string(name)+" stands here twice", "remove one"))
			continue
		}
		seen[name] = i
		out = append(out, name)
	}
	attrs[attr] = out
	return problems
}

func capitals(text string, at value.Path) []schema.Problem {
	if lower := strings.ToLower(text); lower != text {
		return []schema.Problem{ruleCapitals.warn(at, "the service keeps addresses in lower case: "+lower, "write it in lower case")}
	}
	return nil
}

// translations checks the languages and texts of translated names.
func translations(attrs value.Object, check func(string) string) []schema.Problem {
	names, ok := attrs["names"].(value.Object)
	if !ok {
		return nil
	}
	var problems []schema.Problem
	value.Walk(names, func(at value.Path, v value.Value) {
		text, ok := v.(value.String)
		if !ok {
			return
		}
		if fault := check(string(text)); fault != "" {
			problems = append(problems, ruleName.at(append(value.Of("names"), at...), fault, "write a name that follows the rule"))
		}
	})
	for lang := range names {
		if !known(lang) {
			problems = append(problems, ruleLanguage.at(value.Of("names").Name(lang), lang+" is not a language of the service",
				"use one of "+strings.Join(Languages(), ", ")))
		}
	}
	return problems
}

func known(lang string) bool {
	for _, l := range Languages() {
		if l == lang {
			return true
		}
	}
	return false
}

// rooms are the switches of a message room. All but the first need the first
// (20 §7, 22 §4).
func rooms() []string {
	return []string{"use_message", "use_note", "use_calendar", "use_task", "use_folder"}
}

// roomProblems finds switches that need use_message while it is not on: the
// service would store them as off, and the plan would never come to rest.
func roomProblems(attrs value.Object) []schema.Problem {
	if value.True(attrs["use_message"]) {
		return nil
	}
	var problems []schema.Problem
	for _, name := range rooms()[1:] {
		if value.True(attrs[name]) {
			problems = append(problems, ruleRoom.at(value.Of(name), name+" works only in a message room",
				"write use_message = true too"))
		}
	}
	return problems
}

func roomAttrs() []schema.Attr {
	docs := map[string]string{
		"use_message":  "Whether it has a message room. Switching it off deletes the room's data after 30 days.",
		"use_note":     "Whether the room has notes; needs use_message.",
		"use_calendar": "Whether the room has a calendar; needs use_message.",
		"use_task":     "Whether the room has tasks; needs use_message.",
		"use_folder":   "Whether the room has a folder; needs use_message.",
	}
	var attrs []schema.Attr
	for _, name := range rooms() {
		attrs = append(attrs, toggle(name, docs[name]))
	}
	return append(attrs, toggle("use_service_notification", "Whether service notifications go to the room."))
}

func toggle(name, doc string) schema.Attr {
	return schema.Attr{Name: name, Type: schema.Switch(), Doc: doc}
}

func keyAttr(scope, sensitive string) schema.Attr {
	return schema.Attr{
		Name: "external_key", Type: schema.Text(), Clearable: true, Sensitive: sensitive, Check: texts(keyText),
		Doc: `The customer's own key, up to 100 characters without % \ # / ?, unique in the ` + scope + ". isa finds the object by it.",
	}
}

func namesAttr(elem schema.Type, doc string) schema.Attr {
	return schema.Attr{Name: "names", Type: schema.MapOf(elem), Clearable: true, Doc: doc}
}
