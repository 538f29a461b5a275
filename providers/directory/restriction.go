package directory

import (
	"fmt"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// RestrictSpecified is the type of restriction that names units (20 §4.11); Restrictions
// are all, by what they are called at the service.
const RestrictSpecified = "only_my_and_specified_org_unit"

// Restrictions returns the types of restriction by their names at the service.
func Restrictions() map[string]string {
	return map[string]string{
		"ONLY_ME": "only_me", "ONLY_MY_ORGUNIT": "only_my_org_unit", "ONLY_MY_AND_SPECIFIED_ORGUNIT": RestrictSpecified,
	}
}

// maxSpecified is how many units a restriction names at most.
const maxSpecified = 200

// restrictionAttr says whom the members of a unit see in the org chart. It is written
// by calls of its own, and may name units that are created in the same plan.
func restrictionAttr() schema.Attr {
	below := toggle("include_sub_units", "Whether the units below it are seen too; default false.")
	return schema.Attr{
		Name: "access_restriction", Block: true, Clearable: true, Aside: true, Unreadable: true, Deferred: true,
		Type: schema.ObjectOf(
			schema.Attr{Name: "type", Type: schema.Text(), Required: true, Enum: []string{"only_me", "only_my_org_unit", RestrictSpecified},
				Doc: "Whom they see: only themselves, the units they belong to, or these and the specified ones."},
			schema.Attr{Name: "specified", Type: schema.ListOf(schema.ObjectOf(
				schema.Attr{Name: "org_unit", Type: schema.RefTo(OrgUnit), Required: true, Doc: "The unit."},
				below,
			)), Block: true, Set: true, ElemKey: "org_unit", Doc: "A unit they see besides, up to 200."},
		),
		Doc: "Restricts the org chart that members see whose primary unit this is; a restriction of the member or of the user type comes before it.",
	}
}

// prepareRestriction writes the restriction out, as the service keeps it.
func prepareRestriction(attrs value.Object) []schema.Problem {
	restriction, ok := attrs["access_restriction"].(value.Object)
	if !ok {
		return nil
	}
	at := value.Of("access_restriction").Name("specified")
	specified, _ := restriction["specified"].(value.List)
	kind := value.Text(restriction["type"])
	switch {
	case len(specified) > maxSpecified:
		return []schema.Problem{ruleRestriction.at(at, fmt.Sprintf("it names %d units", len(specified)), "name at most 200, or a unit above with include_sub_units = true")}
	case kind == RestrictSpecified && len(specified) == 0:
		return []schema.Problem{ruleRestriction.at(at, "no unit is specified", `write specified { org_unit = … }, or type = "only_my_org_unit"`)}
	case kind != "" && kind != RestrictSpecified && len(specified) > 0:
		return []schema.Problem{ruleRestriction.at(at, "units are specified, and the type is "+kind, "write type = \""+RestrictSpecified+"\", or remove them")}
	}
	var problems []schema.Problem
	out, seen := make(value.List, len(specified)), map[value.Value]bool{}
	for i, e := range specified {
		unit, ok := e.(value.Object)
		if !ok {
			out[i] = e
			continue
		}
		if ref := unit["org_unit"]; comparable(ref) {
			if seen[ref] {
				problems = append(problems, ruleRestriction.at(at.Index(i).Name("org_unit"), "another specified block names this unit", "remove one"))
			}
			seen[ref] = true
		}
		if unit["include_sub_units"] == nil {
			unit = clone(unit)
			unit["include_sub_units"] = value.Bool(false)
		}
		out[i] = unit
	}
	restriction = clone(restriction)
	if len(out) > 0 {
		restriction["specified"] = out
	}
	attrs["access_restriction"] = restriction
	return problems
}
