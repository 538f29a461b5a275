package directory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// The product's limits.
const (
	freeMembers   = 30     // limits 4.8
	freeUnits     = 100    // limits 4.8
	paidUnits     = 10_000 // 20 §6, a company
	maxDepth      = 15     // 20 §6
	screenPosts   = 20     // limits 0.1: the admin screen's rule
	companyPosts  = 30     // 10 §9.5: the API's ceiling, a company
	circleIsShown = 5      // addresses of a circle that a message names
)

// Check applies the rules that concern more than one object, or the tenant. objs
// are all declared objects after Prepare; kinds of other services are ignored.
// Only what is declared is known: objects that isa does not manage are not
// counted.
func Check(t schema.Tenant, objs []*schema.Instance) diag.List {
	c := &checker{tenant: t, byAddr: make(map[addr.Address]*schema.Instance, len(objs)), once: map[string]bool{}}
	for _, in := range objs {
		if isDirectory(in.Kind.Type) {
			c.objs = append(c.objs, in)
			c.byAddr[in.Addr] = in
		}
	}
	slices.SortStableFunc(c.objs, func(a, b *schema.Instance) int { return a.Seq - b.Seq })
	if t.Workplace {
		c.workplace()
		c.list.Sort()
		return c.list
	}
	c.features()
	c.plan()
	c.tree()
	c.members()
	c.custom()
	c.groups()
	c.languages()
	c.list.Sort()
	return c.list
}

func isDirectory(kind string) bool {
	return slices.Contains([]string{JobGrade, Position, UserType, CustomProperty, OrgUnit, Member, Group}, kind)
}

type checker struct {
	tenant schema.Tenant
	objs   []*schema.Instance
	byAddr map[addr.Address]*schema.Instance
	list   diag.List
	once   map[string]bool // what was said about a whole block already
}

func (c *checker) report(in *schema.Instance, p schema.Problem) {
	c.list = append(c.list, in.Report(p))
}

// reportBlock reports what is wrong with all instances of a block, once.
func (c *checker) reportBlock(in *schema.Instance, about string, p schema.Problem) {
	key := p.Code + "\x00" + about + "\x00" + in.Addr.Block().String()
	if !c.once[key] {
		c.once[key] = true
		c.report(in, p)
	}
}

// of returns the declared objects of a kind in order of writing.
func (c *checker) of(kind string) []*schema.Instance {
	var out []*schema.Instance
	for _, in := range c.objs {
		if in.Kind.Type == kind {
			out = append(out, in)
		}
	}
	return out
}

// target returns the declared object a reference points to.
func (c *checker) target(v value.Value) (*schema.Instance, bool) {
	ref, ok := v.(value.Ref)
	if !ok {
		return nil, false
	}
	in, ok := c.byAddr[ref.Addr]
	return in, ok
}

func (c *checker) workplace() {
	for _, in := range c.objs {
		if in.Kind.Type != Group {
			c.reportBlock(in, "", ruleWorkplace.at(nil, in.Kind.Type+" blocks cannot be applied to a tenant that is managed by WORKPLACE",
				"remove them, or set managed_by_workplace = false when the bundle was ended"))
		}
	}
}

// features refuses kinds, and their uses, whose switch is off (21 §1).
func (c *checker) features() {
	f := c.tenant.Features
	off := map[string]string{}
	for kind, feature := range map[string]struct {
		on   bool
		name string
	}{JobGrade: {f.JobGrades, "job_grades"}, Position: {f.Positions, "positions"}, UserType: {f.UserTypes, "user_types"}} {
		if !feature.on {
			off[kind] = feature.name
		}
	}
	if len(off) == 0 {
		return
	}
	for _, in := range c.objs {
		if name, ok := off[in.Kind.Type]; ok {
			c.reportBlock(in, "", ruleFeature.at(nil, "tenant.features."+name+" is false",
				"switch the feature on in the admin console and set "+name+" = true, or remove the block"))
		}
		if in.Kind.Type == Member {
			c.featureUses(in, off)
		}
	}
}

func (c *checker) featureUses(in *schema.Instance, off map[string]string) {
	use := func(kind string, path value.Path, v value.Value) {
		if name, ok := off[kind]; ok && v != nil {
			c.reportBlock(in, kind, ruleFeature.at(path, "tenant.features."+name+" is false", "remove "+path.String()+", or switch the feature on and set "+name+" = true"))
		}
	}
	use(JobGrade, value.Of("job_grade"), in.Attrs["job_grade"])
	use(UserType, value.Of("user_type"), in.Attrs["user_type"])
	for i, post := range posts(in) {
		use(Position, value.Of("belongs_to").Index(i).Name("position"), post["position"])
	}
}

// posts returns the belongs_to blocks of a member, by index; entries that are
// no objects are nil.
func posts(in *schema.Instance) []value.Object {
	list, _ := in.Attrs["belongs_to"].(value.List)
	out := make([]value.Object, len(list))
	for i, p := range list {
		out[i], _ = p.(value.Object)
	}
	return out
}

// plan checks seats, units and mail against the tenant's plan.
func (c *checker) plan() {
	members, units := c.of(Member), c.of(OrgUnit)
	if licences := c.tenant.Features.Licences; licences > 0 && len(members) > licences {
		c.report(members[licences], ruleLicences.at(nil, fmt.Sprintf("%d members are declared for %d licences; this is the first without one", len(members), licences),
			"buy licences and raise tenant.features.licences, or remove members"))
	}
	if c.tenant.Plan == "free" && len(members) > freeMembers {
		c.report(members[freeMembers], ruleFree.at(nil, fmt.Sprintf("%d members are declared; the Free plan has %d", len(members), freeMembers), "remove members or choose a paid plan"))
	}
	if c.tenant.Plan == "free" && len(units) > freeUnits {
		c.report(units[freeUnits], ruleFree.at(nil, fmt.Sprintf("%d units are declared; the Free plan has %d", len(units), freeUnits), "remove units or choose a paid plan"))
	}
	count := map[string]int{}
	for _, in := range units {
		count[in.Company.Domain]++
		if count[in.Company.Domain] == paidUnits+1 {
			c.report(in, ruleUnits.at(nil, fmt.Sprintf("this is unit %d of %s", paidUnits+1, in.Company.Domain), "remove units"))
		}
	}
	if c.tenant.Plan == "free" || c.tenant.Plan == "lite" {
		c.mailless()
	}
}

// mailless refuses what needs mail on plans that have none (limits 4.8).
func (c *checker) mailless() {
	for _, in := range c.objs {
		for _, name := range []string{"aliases", "receives_external_mail", "use_mail", "external_emails", "senders", "send_as"} {
			v := in.Attrs[name]
			if list, ok := v.(value.List); v == nil || v == value.Value(value.Bool(false)) || ok && len(list) == 0 {
				continue
			}
			c.reportBlock(in, name, ruleNoMail.at(value.Of(name), "the plan "+c.tenant.Plan+" has no mail", "remove "+name+", or write the right tenant.plan"))
		}
	}
}

// languages warns about translated names in languages that are not shown.
func (c *checker) languages() {
	for _, in := range c.objs {
		names, _ := in.Attrs["names"].(value.Object)
		for _, lang := range Languages() {
			if _, taken := names[lang].(value.Clear); taken || names[lang] == nil {
				continue
			}
			if !slices.Contains(c.tenant.Features.MultilingualNames, lang) {
				c.reportBlock(in, lang, ruleMultilingual.warn(value.Of("names").Name(lang),
					lang+" is not among tenant.features.multilingual_names", "switch the language on in the admin console and add it there"))
			}
		}
	}
}

// sameCompany refuses a reference to an object of another company.
func (c *checker) sameCompany(in *schema.Instance, path value.Path, v value.Value, company schema.Company) {
	to, ok := c.target(v)
	if ok && to.Company.DomainID != company.DomainID {
		c.report(in, ruleCompany.at(path, fmt.Sprintf("%s belongs to %s, not to %s", to.Addr, to.Company.Domain, company.Domain),
			"refer to one of "+company.Domain))
	}
}

// circles follows next from each object and reports each circle it meets once.
func (c *checker) circles(objs []*schema.Instance, next func(*schema.Instance) []*schema.Instance, report func(path []*schema.Instance)) {
	const (
		fresh = iota
		open
		done
	)
	mark := map[*schema.Instance]int{}
	var path []*schema.Instance
	var visit func(in *schema.Instance)
	visit = func(in *schema.Instance) {
		mark[in] = open
		path = append(path, in)
		for _, to := range next(in) {
			switch mark[to] {
			case fresh:
				visit(to)
			case open:
				report(path[slices.Index(path, to):])
			}
		}
		path = path[:len(path)-1]
		mark[in] = done
	}
	for _, in := range objs {
		if mark[in] == fresh {
			visit(in)
		}
	}
}

func route(path []*schema.Instance) string {
	var names []string
	for i, in := range path {
		if i == circleIsShown {
			names = append(names, "…")
			break
		}
		names = append(names, in.Addr.String())
	}
	return strings.Join(append(names, path[0].Addr.String()), " → ")
}
