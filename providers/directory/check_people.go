package directory

import (
	"fmt"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// members checks posts, heads, keys, invitations and employee numbers.
func (c *checker) members() {
	heads := map[addr.Address]*schema.Instance{}
	type numbered struct{ company, number string }
	numbers := map[numbered]*schema.Instance{}
	for _, in := range c.of(Member) {
		c.posts(in, heads)
		c.access(in)
		c.sameCompany(in, value.Of("job_grade"), in.Attrs["job_grade"], in.Company)
		c.sameCompany(in, value.Of("user_type"), in.Attrs["user_type"], in.Company)
		c.concurrent(in)
		number := numbered{in.Company.Domain, value.Text(in.Attrs["employee_number"])}
		if first, twice := numbers[number]; twice && number.number != "" {
			c.report(in, c.employeeNumber(first))
		} else {
			numbers[number] = in
		}
	}
}

func (c *checker) posts(in *schema.Instance, heads map[addr.Address]*schema.Instance) {
	count, all := map[int]int{}, posts(in)
	if len(all) == 0 {
		c.report(in, ruleNoUnit.warn(nil, "no belongs_to block is written", "write one, or leave it if that is meant"))
	}
	if len(all) > screenPosts {
		c.report(in, ruleUnitCount.warn(value.Of("belongs_to"), fmt.Sprintf("%d units; the admin screen allows %d", len(all), screenPosts), "remove some"))
	}
	for i, post := range all {
		at := value.Of("belongs_to").Index(i)
		unit, ok := c.target(post["org_unit"])
		if !ok {
			continue
		}
		count[unit.Company.DomainID]++
		if count[unit.Company.DomainID] == companyPosts+1 {
			c.report(in, ruleUnitCount.at(at, fmt.Sprintf("more than %d units of %s", companyPosts, unit.Company.Domain), "remove some"))
		}
		c.sameCompany(in, at.Name("position"), post["position"], unit.Company)
		if value.True(post["primary"]) && unit.Company.DomainID != in.Company.DomainID {
			c.report(in, rulePrimaryCompany.at(at.Name("primary"), fmt.Sprintf("%s lies in %s, the member in %s", unit.Addr, unit.Company.Domain, in.Company.Domain),
				"write primary = true at a unit of "+in.Company.Domain+", or set the member's company"))
		}
		if value.True(post["head"]) {
			if first, twice := heads[unit.Addr]; twice {
				c.report(in, ruleHeads.at(at.Name("head"), fmt.Sprintf("%s is head of %s already", first.Addr, unit.Addr), "write head = true at one of the two"))
			} else {
				heads[unit.Addr] = in
			}
		}
	}
}

// access checks what a member needs to sign in (10 §2.2).
func (c *checker) access(in *schema.Instance) {
	password, written := in.Attrs["password"].(value.Object)
	key, mail := in.Attrs["external_key"], in.Attrs["private_email"]
	if c.tenant.Features.SSO {
		if key == nil || key == value.Value(value.Clear{}) {
			c.report(in, ruleKeySSO.at(value.Of("external_key"), "the tenant signs in by SSO", "write external_key"))
		}
		if written {
			c.reportBlock(in, "", rulePasswordSSO.warn(value.Of("password"), "the tenant signs in by SSO", "remove the password block"))
		}
		return
	}
	if mail != nil && mail != value.Value(value.Clear{}) {
		return
	}
	switch {
	case written && value.Text(password["mode"]) == "member":
		c.report(in, ruleInvitation.at(value.Of("private_email"), `password mode "member" sends an invitation to private_email`, `write private_email, or mode = "admin"`))
	case !written:
		c.reportBlock(in, "", ruleInvitation.warn(value.Of("private_email"), "neither private_email nor a password block is written: the service refuses to create such a member",
			`write private_email, or password { mode = "admin" }; nothing when the member exists already`))
	}
}

// tree checks parents, depth and visibility of units.
func (c *checker) tree() {
	units := c.of(OrgUnit)
	inCircle := map[*schema.Instance]bool{}
	c.circles(units, func(in *schema.Instance) []*schema.Instance {
		if parent, ok := c.target(in.Attrs["parent"]); ok && parent.Kind.Type == OrgUnit {
			return []*schema.Instance{parent}
		}
		return nil
	}, func(path []*schema.Instance) {
		for _, in := range path {
			inCircle[in] = true
		}
		c.report(path[0], ruleTree.at(value.Of("parent"), route(path), "change the parent of one of them"))
	})
	c.unitNames(units)
	depth := map[*schema.Instance]int{}
	for _, in := range units {
		if !inCircle[in] {
			c.unit(in, depth, inCircle)
		}
	}
}

func (c *checker) unit(in *schema.Instance, depth map[*schema.Instance]int, inCircle map[*schema.Instance]bool) {
	c.sameCompany(in, value.Of("parent"), in.Attrs["parent"], in.Company)
	if c.depth(in, depth, inCircle) == maxDepth+1 {
		c.report(in, ruleDepth.at(value.Of("parent"), fmt.Sprintf("it would stand on level %d of %d", maxDepth+1, maxDepth), "hang it higher"))
	}
	parent, ok := c.target(in.Attrs["parent"])
	if !ok || parent.Attrs["visible"] != value.Value(value.Bool(false)) {
		return
	}
	switch in.Attrs["visible"] {
	case value.Bool(true):
		c.report(in, ruleHidden.at(value.Of("visible"), parent.Addr.String()+" is hidden", "write visible = false, or show "+parent.Addr.String()))
	case nil:
		c.report(in, ruleHidden.warn(nil, parent.Addr.String()+" is hidden, so this unit is hidden whatever it says", "write visible = false"))
	}
}

// depth is the level of a unit, 1 at the top. A unit below a circle has none.
func (c *checker) depth(in *schema.Instance, known map[*schema.Instance]int, inCircle map[*schema.Instance]bool) int {
	if n, ok := known[in]; ok {
		return n
	}
	n := 1
	if parent, ok := c.target(in.Attrs["parent"]); ok && !inCircle[parent] {
		n = c.depth(parent, known, inCircle) + 1
	}
	known[in] = n
	return n
}

// groups checks administrators and circles of groups.
func (c *checker) groups() {
	groups := c.of(Group)
	for _, in := range groups {
		list, ok := in.Attrs["administrators"].(value.List)
		if !ok || len(list) == 0 {
			c.report(in, ruleAdministrator.at(value.Of("administrators"), "administrators names nobody (people whom find() did not find are left out)", "write administrators = [member.…]"))
		}
	}
	c.emptyGroups(groups)
	c.circles(groups, func(in *schema.Instance) []*schema.Instance {
		var out []*schema.Instance
		list, _ := in.Attrs["members"].(value.List)
		for _, v := range list {
			if to, ok := c.target(v); ok && to.Kind.Type == Group {
				out = append(out, to)
			}
		}
		return out
	}, func(path []*schema.Instance) {
		c.report(path[0], ruleGroupCycle.at(value.Of("members"), route(path), "remove one of the memberships"))
	})
}
