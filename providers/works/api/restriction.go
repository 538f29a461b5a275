package api

import (
	"context"

	"github.com/isaworks/isa/internal/diag"
)

// AccessRestriction says whom the members of an org unit see in the org chart
// (reference/api/20-orgunits.md, section 4.11).
type AccessRestriction struct {
	Type      string          `json:"accessRestrictType"`         // ONLY_ME, ONLY_MY_ORGUNIT, ONLY_MY_AND_SPECIFIED_ORGUNIT
	Specified []SpecifiedUnit `json:"specifiedOrgUnits,omitzero"` // with the third type, up to 200
}

// SpecifiedUnit is an org unit that a restriction leaves visible.
type SpecifiedUnit struct {
	OrgUnitID          string  `json:"orgUnitId"`
	IncludeSubOrgUnits bool    `json:"includeSubOrgUnits"`
	OrgUnitExternalKey *string `json:"orgUnitExternalKey,omitzero"` // read-only
}

// AccessRestriction gets the restriction of an org unit, nil when there is none
// (orgunit-orgunit-access-restrict-get).
func (c *Client) AccessRestriction(ctx context.Context, unit string) (*AccessRestriction, error) {
	r, err := one[AccessRestriction](ctx, c, "orgunit-orgunit-access-restrict-get", Request{Path: orgUnitPath(unit)})
	switch {
	case diag.ClassOf(err) == diag.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case r.Type == "": // answered without one
		return nil, nil
	}
	return r, nil
}

// CreateAccessRestriction restricts an org unit that has no restriction yet
// (orgunit-orgunit-access-restrict-create).
func (c *Client) CreateAccessRestriction(ctx context.Context, domainID int, unit string, r AccessRestriction) error {
	return c.Call(ctx, "orgunit-orgunit-access-restrict-create", Request{Path: orgUnitPath(unit), Body: r, Writer: OrgUnitWriter(domainID)}, nil)
}

// PutAccessRestriction replaces the restriction of an org unit
// (orgunit-orgunit-access-restrict-update-put).
func (c *Client) PutAccessRestriction(ctx context.Context, domainID int, unit string, r AccessRestriction) error {
	return c.Call(ctx, "orgunit-orgunit-access-restrict-update-put", Request{Path: orgUnitPath(unit), Body: r, Writer: OrgUnitWriter(domainID)}, nil)
}

// DeleteAccessRestriction lifts the restriction of an org unit
// (orgunit-orgunit-access-restrict-delete). There being none is no error.
func (c *Client) DeleteAccessRestriction(ctx context.Context, domainID int, unit string) error {
	err := c.Call(ctx, "orgunit-orgunit-access-restrict-delete", Request{Path: orgUnitPath(unit), Writer: OrgUnitWriter(domainID)}, nil)
	if diag.ClassOf(err) == diag.NotFound {
		return nil
	}
	return err
}
