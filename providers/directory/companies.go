package directory

import (
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// concurrentAttr is what a member has in companies besides the own one (겸직): the
// service keeps one grade and one address a company (10 §9.5). Which companies these are
// follows from the posts.
func concurrentAttr() schema.Attr {
	entry := schema.ObjectOf(
		schema.Attr{Name: "job_grade", Type: schema.RefTo(JobGrade), Clearable: true, Doc: "The grade there, of that company."},
		schema.Attr{Name: "email", Type: schema.Text(), CaseFold: true, Clearable: true, Check: texts(loginAddress),
			Doc: "The address there, without the domain; plans with an address a company only. clear = the login ID."},
	)
	return schema.Attr{
		Name: "concurrent", Type: schema.MapOf(entry), Clearable: true,
		Doc: `What the member has in other companies where they hold posts, by the company's domain: { "acme-lab.co.kr" = { job_grade = job_grade.lab_senior, email = "g.hong" } }.`,
	}
}

// preserveAttr steers the move between companies.
func preserveAttr() schema.Attr {
	a := toggle("preserve_groups", "Whether the member stays in groups and their rooms when the company changes. The default is the service's: they leave all of them, and lose the history.")
	a.Steering = true
	return a
}

// relocation is the move of a member to another company of the tenant (10 §2.13).
func relocation() *schema.Relocation {
	return &schema.Relocation{
		Attrs:   []string{"login_id", "external_key", "job_grade", "belongs_to", "concurrent"},
		Needs:   []string{"belongs_to"},
		Again:   []string{"aliases", "user_type", "custom"},
		Ends:    []string{"job_grade", "user_type", "custom"},
		Leaves:  []string{Group},
		Keep:    "preserve_groups",
		Lost:    "the posts, the grade and the values of custom fields of the old company are gone",
		Reframe: reframe,
	}
}

// reframe writes what a member of company from has as it would be read in company to:
// addresses that were short get their domain, those of the new company lose it. What the
// member has in the new company already is the own from then on: the grade there, and the
// address as an alias.
func reframe(attrs value.Object, from, to schema.Company) value.Object {
	out := clone(attrs)
	anew := func(name string) value.String { return value.String(LocalName(FullAddress(name, from), to)) }
	if login, ok := out["login_id"].(value.String); ok {
		out["login_id"] = anew(string(login))
	}
	if list, ok := out["aliases"].(value.List); ok {
		aliases := make(value.List, len(list))
		for i, v := range list {
			aliases[i] = v
			if name, ok := v.(value.String); ok {
				aliases[i] = anew(string(name))
			}
		}
		out["aliases"] = aliases
	}
	if there, ok := out["concurrent"].(value.Object); ok {
		rest, domain := clone(there), strings.ToLower(to.Domain)
		if entry, ok := rest[domain].(value.Object); ok {
			ownFromNow(out, entry)
		}
		delete(rest, domain)
		out["concurrent"] = rest
		if len(rest) == 0 {
			delete(out, "concurrent")
		}
	}
	return out
}

// ownFromNow makes what a member has in a company besides the own one what they have in
// the own one.
func ownFromNow(attrs, entry value.Object) {
	switch grade := entry["job_grade"].(type) {
	case nil, value.Clear:
	default:
		attrs["job_grade"] = grade
	}
	email, ok := entry["email"].(value.String)
	aliases, _ := attrs["aliases"].(value.List)
	if ok && email != "" && email != attrs["login_id"] && !slices.Contains(aliases, value.Value(email)) {
		attrs["aliases"] = append(slices.Clone(aliases), email)
	}
}

// eachConcurrent calls f for what is written about each other company, in order.
func eachConcurrent(attrs value.Object, f func(domain string, at value.Path, entry value.Object)) {
	all, _ := attrs["concurrent"].(value.Object)
	for _, domain := range slices.Sorted(maps.Keys(all)) {
		if entry, ok := all[domain].(value.Object); ok {
			f(domain, value.Of("concurrent").Name(domain), entry)
		}
	}
}

// concurrentClaims are the addresses that a member has in other companies. One is given
// up by having none of its own there.
func concurrentClaims(attrs value.Object) []schema.Claim {
	var claims []schema.Claim
	eachConcurrent(attrs, func(domain string, at value.Path, entry value.Object) {
		email := value.Text(entry["email"])
		if email == "" {
			return
		}
		c := mailClaim(email, schema.Company{Domain: domain})
		c.Path = at.Name("email")
		c.Vacate = value.Object{"concurrent": value.Object{domain: value.Object{"email": value.Clear{}}}}
		claims = append(claims, c)
	})
	return claims
}

// prepareConcurrent brings domains and addresses into canonical form.
func prepareConcurrent(attrs value.Object, own schema.Company) []schema.Problem {
	all, ok := attrs["concurrent"].(value.Object)
	if !ok {
		return nil
	}
	var problems []schema.Problem
	out := make(value.Object, len(all))
	for _, domain := range slices.Sorted(maps.Keys(all)) {
		at, name := value.Of("concurrent").Name(domain), strings.ToLower(domain)
		entry, isObject := all[domain].(value.Object)
		if isObject {
			entry = clone(entry)
			problems = append(problems, canonicalEmail(entry, at, name)...)
			all[domain] = entry
		}
		if name == strings.ToLower(own.Domain) {
			problems = append(problems, ruleConcurrent.at(at, domain+" is the member's own company", "write job_grade and login_id of the member"))
		}
		out[name] = all[domain]
	}
	attrs["concurrent"] = out
	return problems
}

// canonicalEmail writes the address of an entry in lower case and without its domain.
func canonicalEmail(entry value.Object, at value.Path, domain string) []schema.Problem {
	text, ok := entry["email"].(value.String)
	if !ok {
		return nil
	}
	entry["email"] = value.String(LocalName(string(text), schema.Company{Domain: domain}))
	return capitals(string(text), at.Name("email"))
}

// concurrent checks what a member has in other companies: they are declared, the member
// has a post there, and the grade is theirs.
func (c *checker) concurrent(in *schema.Instance) {
	held := map[string]bool{}
	certain := true
	for _, post := range posts(in) {
		if unit, ok := c.target(post["org_unit"]); ok {
			held[strings.ToLower(unit.Company.Domain)] = true
		} else {
			certain = false
		}
	}
	listed := value.Text(in.Attrs["ownership"]) == "listed" || in.Attrs["belongs_to"] == nil
	eachConcurrent(in.Attrs, func(domain string, at value.Path, entry value.Object) {
		company, declared := c.companyOf(domain)
		switch {
		case !declared:
			c.report(in, ruleConcurrent.at(at, domain+" is the domain of no company block", "write the domain as the company block has it"))
			return
		case !held[domain] && certain && !listed:
			c.report(in, ruleConcurrent.at(at, "the member has no post in "+domain, "write a belongs_to block with a unit of "+domain))
		}
		c.sameCompany(in, at.Name("job_grade"), entry["job_grade"], company)
	})
}

func (c *checker) companyOf(domain string) (schema.Company, bool) {
	for _, company := range c.tenant.Companies {
		if strings.EqualFold(company.Domain, domain) {
			return company, true
		}
	}
	return schema.Company{}, false
}
