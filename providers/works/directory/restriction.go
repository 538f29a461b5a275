package directory

import (
	"cmp"
	"context"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// accessRestriction is whom the members of a unit see in the org chart (20 §4.11).
func (d *directory) accessRestriction() aside {
	const prefix = "orgunit-orgunit-access-restrict-"
	return aside{
		attrs: []string{"access_restriction"},
		write: func(ctx context.Context, r providers.Request, want value.Object) error {
			wanted, ok := want["access_restriction"].(value.Object)
			if !ok {
				return d.client.DeleteAccessRestriction(ctx, r.Company.DomainID, r.ID)
			}
			body, err := restrictionBody(wanted)
			if err != nil {
				return err
			}
			return d.restrict(ctx, r, body)
		},
		calls: func(want value.Object) []string {
			if _, set := want["access_restriction"].(value.Object); !set {
				return []string{prefix + "delete"}
			}
			return []string{prefix + "get", prefix + "update-put"} // or create: one write
		},
		looks: prefix + "get",
		look: func(ctx context.Context, id string, _ value.Object) (value.Object, error) {
			r, err := d.client.AccessRestriction(ctx, id)
			if err != nil {
				return nil, err
			}
			return value.Object{"access_restriction": readRestriction(r)}, nil
		},
	}
}

// restrict creates the restriction, or replaces the one that is there.
func (d *directory) restrict(ctx context.Context, r providers.Request, body api.AccessRestriction) error {
	was, err := d.client.AccessRestriction(ctx, r.ID)
	if err != nil {
		return err
	}
	if was == nil {
		err = d.client.CreateAccessRestriction(ctx, r.Company.DomainID, r.ID, body)
		if class := diag.ClassOf(err); class != diag.Exists && class != diag.Conflict {
			return err
		}
	}
	return d.client.PutAccessRestriction(ctx, r.Company.DomainID, r.ID, body)
}

func restrictionBody(wanted value.Object) (api.AccessRestriction, error) {
	var out api.AccessRestriction
	for wire, name := range model.Restrictions() {
		if name == value.Text(wanted["type"]) {
			out.Type = wire
		}
	}
	specified, _ := wanted["specified"].(value.List)
	for _, e := range specified {
		unit, ok := e.(value.Object)
		if !ok || value.Text(unit["org_unit"]) == "" {
			return out, unresolved("access_restriction", e)
		}
		out.Specified = append(out.Specified, api.SpecifiedUnit{
			OrgUnitID: value.Text(unit["org_unit"]), IncludeSubOrgUnits: value.True(unit["include_sub_units"]),
		})
	}
	if out.Type == "" {
		return out, unresolved("access_restriction", wanted)
	}
	return out, nil
}

func readRestriction(r *api.AccessRestriction) value.Value {
	if r == nil {
		return value.Clear{}
	}
	out := value.Object{"type": value.String(cmp.Or(model.Restrictions()[r.Type], strings.ToLower(r.Type)))}
	var specified value.List
	for _, unit := range r.Specified {
		specified = append(specified, value.Object{"org_unit": value.String(unit.OrgUnitID), "include_sub_units": value.Bool(unit.IncludeSubOrgUnits)})
	}
	if specified != nil {
		out["specified"] = specified
	}
	return out
}
