package directory

import (
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// What follows depends on what isa doctor --calibrate found out about the tenant.
// Where nothing was found out, the service decides.

// found is how a message says where a fact comes from.
const found = ", as isa doctor --calibrate found out"

// employeeNumber is what is wrong with a number that first has too: an error where the
// tenant is known to refuse the second (10 §9.1).
func (c *checker) employeeNumber(first *schema.Instance) schema.Problem {
	path, detail := value.Of("employee_number"), first.Addr.String()+" has the same number"
	if c.tenant.Facts.Is("employee-number-unique", "yes") {
		return ruleEmployeeNumber.at(path, detail+", and this tenant takes each number once"+found, "correct one of the two")
	}
	return ruleEmployeeNumber.warn(path, detail, "check the source")
}

// emptyGroups tells of groups without members where the tenant is known to refuse them
// (22 §2). A group of which isa owns a part may have others.
func (c *checker) emptyGroups(groups []*schema.Instance) {
	if !c.tenant.Facts.Is("group-empty-members", "rejected") {
		return
	}
	for _, in := range groups {
		if list, written := in.Attrs["members"].(value.List); !written || len(list) > 0 {
			continue
		}
		tell := ruleNoMembers.warn
		if value.Text(in.Attrs["ownership"]) == "exact" {
			tell = ruleNoMembers.at
		}
		c.report(in, tell(value.Of("members"), "members is empty, and this tenant refuses a group without members"+found, "write a member, or leave members out"))
	}
}

// unitNames tells of siblings of one name where the tenant is known to refuse the second
// (20 §2). Units whose parent is not managed need not be siblings.
func (c *checker) unitNames(units []*schema.Instance) {
	if !c.tenant.Facts.Is("orgunit-name-unique", "yes") {
		return
	}
	first := map[string]*schema.Instance{}
	for _, in := range units {
		parent, tell := "", ruleUnitName.at
		switch v := in.Attrs["parent"].(type) {
		case value.Ref:
			parent = v.Addr.String()
		case value.String:
			parent = string(v)
		case value.Clear:
		default:
			tell = ruleUnitName.warn
		}
		key := strings.Join([]string{in.Company.Domain, parent, value.Text(in.Attrs["name"])}, "\x00")
		if other := first[key]; other != nil {
			c.report(in, tell(value.Of("name"), other.Addr.String()+" has the same name under the same parent, and this tenant refuses that"+found, "give one of the two another name"))
			continue
		}
		first[key] = in
	}
}
