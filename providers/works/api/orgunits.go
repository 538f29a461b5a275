package api

import (
	"context"
	"iter"
)

// OrgUnit is an org unit (reference/api/20-orgunits.md, section 2). Marshalled, it
// leaves out what is zero; use Props to send an exact body.
type OrgUnit struct {
	DomainID               int             `json:"domainId,omitzero"`
	OrgUnitID              string          `json:"orgUnitId,omitzero"` // read-only
	OrgUnitExternalKey     *string         `json:"orgUnitExternalKey,omitzero"`
	OrgUnitName            string          `json:"orgUnitName,omitzero"`
	I18nNames              []I18nName      `json:"i18nNames,omitzero"`
	I18nName               []I18nName      `json:"i18nName,omitzero"` // as some pages of the docs print it; merged into I18nNames
	Email                  string          `json:"email,omitzero"`
	Description            *string         `json:"description,omitzero"`
	Visible                *bool           `json:"visible,omitzero"`           // default true
	ParentOrgUnitID        *string         `json:"parentOrgUnitId,omitzero"`   // nil: top level
	ParentExternalKey      *string         `json:"parentExternalKey,omitzero"` // read-only
	DisplayOrder           int             `json:"displayOrder,omitzero"`      // from 1; creation and move only
	DisplayLevel           int             `json:"displayLevel,omitzero"`      // read-only; 1: top level
	AliasEmails            []string        `json:"aliasEmails,omitzero"`
	CanReceiveExternalMail bool            `json:"canReceiveExternalMail,omitzero"`
	UseMessage             bool            `json:"useMessage,omitzero"`
	UseNote                bool            `json:"useNote,omitzero"`
	UseCalendar            bool            `json:"useCalendar,omitzero"`
	UseTask                bool            `json:"useTask,omitzero"`
	UseFolder              bool            `json:"useFolder,omitzero"`
	UseServiceNotification bool            `json:"useServiceNotification,omitzero"`
	AllowedRecipients      []AllowedMember `json:"membersAllowedToUseOrgUnitEmailAsRecipient,omitzero"`
	AllowedSenders         []AllowedMember `json:"membersAllowedToUseOrgUnitEmailAsSender,omitzero"`
}

func (u *OrgUnit) mergeNames() { mergeNames(&u.I18nNames, &u.I18nName) }

// AllowedMember may send to an address, or send from it.
type AllowedMember struct {
	UserID          string  `json:"userId"`
	UserExternalKey *string `json:"userExternalKey,omitzero"` // read-only
}

// OrgUnitMember is a row of an org unit's member list; read-only.
type OrgUnitMember struct {
	UserID          string  `json:"userId"`
	UserExternalKey *string `json:"userExternalKey"`
	IsManager       bool    `json:"isManager"`
	Visible         bool    `json:"visible"`
	UseTeamFeature  bool    `json:"useTeamFeature"`
}

// OrgUnits lists the org units of a company, in no particular order (orgunit-list).
func (c *Client) OrgUnits(ctx context.Context, o ListOptions) iter.Seq2[*OrgUnit, error] {
	return listing[OrgUnit]{c, "orgunit-list", nil, "orgUnits", func(u *OrgUnit) string { return u.OrgUnitID }, o}.all(ctx)
}

// OrgUnit gets an org unit (orgunit-get).
func (c *Client) OrgUnit(ctx context.Context, id string) (*OrgUnit, error) {
	return one[OrgUnit](ctx, c, "orgunit-get", Request{Path: orgUnitPath(id)})
}

// CreateOrgUnit creates an org unit of a company from a Props or an *OrgUnit;
// domainId, orgUnitName and displayOrder are required (orgunit-create).
func (c *Client) CreateOrgUnit(ctx context.Context, domainID int, body any) (*OrgUnit, error) {
	return created(ctx, c, "orgunit-create", Request{Body: body, Writer: OrgUnitWriter(domainID)}, func(u *OrgUnit) string { return u.OrgUnitID })
}

// PutOrgUnit replaces everything writable except place (orgunit-update-put).
// Switches that are left out become false, which deletes room data.
func (c *Client) PutOrgUnit(ctx context.Context, domainID int, id string, body any) (*OrgUnit, error) {
	return one[OrgUnit](ctx, c, "orgunit-update-put", Request{Path: orgUnitPath(id), Body: body, Writer: OrgUnitWriter(domainID)})
}

// PatchOrgUnit changes the properties in patch (orgunit-update-patch). Parent and
// order are changed by MoveOrgUnit only.
func (c *Client) PatchOrgUnit(ctx context.Context, domainID int, id string, patch Props) (*OrgUnit, error) {
	return one[OrgUnit](ctx, c, "orgunit-update-patch", Request{Path: orgUnitPath(id), Body: patch, Writer: OrgUnitWriter(domainID)})
}

// DeleteOrgUnit deletes an org unit and its room data for good; refused while it
// or a unit below it has members (orgunit-delete).
func (c *Client) DeleteOrgUnit(ctx context.Context, domainID int, id string) error {
	return c.Call(ctx, "orgunit-delete", Request{Path: orgUnitPath(id), Writer: OrgUnitWriter(domainID)}, nil)
}

// MoveOrgUnit puts an org unit at place order (from 1) below parent, "" for the
// top level; later siblings shift by one (orgunit-move).
func (c *Client) MoveOrgUnit(ctx context.Context, domainID int, id, parent string, order int) (*OrgUnit, error) {
	body := Props{"displayOrder": order, "parentOrgUnitId": nil}
	if parent != "" {
		body["parentOrgUnitId"] = parent
	}
	return one[OrgUnit](ctx, c, "orgunit-move", Request{Path: orgUnitPath(id), Body: body, Writer: OrgUnitWriter(domainID)})
}

// OrgUnitMembers lists an org unit's members (orgunit-member-list).
func (c *Client) OrgUnitMembers(ctx context.Context, id string, o ListOptions) iter.Seq2[*OrgUnitMember, error] {
	return listing[OrgUnitMember]{c, "orgunit-member-list", orgUnitPath(id), "members", func(m *OrgUnitMember) string { return m.UserID }, o}.all(ctx)
}

// OrgUnitKeys lists org units' external keys (orgunit-external-key-list).
func (c *Client) OrgUnitKeys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return keys(c, "orgunit-external-key-list", "orgUnits", o).all(ctx)
}

// SetOrgUnitKeys changes up to MaxKeyChanges external keys of one company's org
// units (orgunit-external-key-create).
func (c *Client) SetOrgUnitKeys(ctx context.Context, domainID int, changes []KeyChange) error {
	return c.Call(ctx, "orgunit-external-key-create", Request{Body: Props{"orgUnits": changes}, Writer: OrgUnitWriter(domainID)}, nil)
}

func orgUnitPath(id string) map[string]string { return map[string]string{"orgUnitId": id} }
