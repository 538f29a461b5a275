package api

import (
	"context"
	"iter"
	"net/url"
)

// The types of a group's member.
const (
	MemberUser    = "USER"
	MemberOrgUnit = "ORGUNIT"
	MemberGroup   = "GROUP"
)

// Group is a group (reference/api/22-groups.md, section 2). Marshalled, it leaves
// out what is zero, except the two lists that creation requires.
type Group struct {
	DomainID               int                  `json:"domainId,omitzero"`
	GroupID                string               `json:"groupId,omitzero"` // read-only
	GroupName              string               `json:"groupName,omitzero"`
	Description            *string              `json:"description,omitzero"`
	Visible                *bool                `json:"visible,omitzero"` // default true
	UseServiceNotification bool                 `json:"useServiceNotification,omitzero"`
	ServiceManageable      *bool                `json:"serviceManageable,omitzero"` // default true
	GroupExternalKey       *string              `json:"groupExternalKey,omitzero"`
	Administrators         []GroupAdministrator `json:"administrators"`
	Members                []GroupMember        `json:"members"`
	UseMessage             bool                 `json:"useMessage,omitzero"`
	UseNote                bool                 `json:"useNote,omitzero"`
	UseCalendar            bool                 `json:"useCalendar,omitzero"`
	UseTask                bool                 `json:"useTask,omitzero"`
	UseFolder              bool                 `json:"useFolder,omitzero"`
	UseMail                bool                 `json:"useMail,omitzero"`
	GroupEmail             *string              `json:"groupEmail,omitzero"`
	AliasEmails            []string             `json:"aliasEmails,omitzero"`
	CanReceiveExternalMail bool                 `json:"canReceiveExternalMail,omitzero"`
	ToExternalEmails       []string             `json:"toExternalEmails,omitzero"`
	AllowedRecipients      []AllowedMember      `json:"membersAllowedToUseGroupEmailAsRecipient,omitzero"`
	AllowedSenders         []AllowedMember      `json:"membersAllowedToUseGroupEmailAsSender,omitzero"`
}

// GroupAdministrator is a group's master.
type GroupAdministrator struct {
	UserID          string  `json:"userId"`
	UserExternalKey *string `json:"userExternalKey,omitzero"` // read-only
}

// GroupMember is a member, an org unit or another group in a group.
type GroupMember struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`                 // MemberUser, MemberOrgUnit, MemberGroup
	ExternalKey *string `json:"externalKey,omitzero"` // read-only
}

// Groups lists the groups of a company with their members and masters (group-list).
func (c *Client) Groups(ctx context.Context, o ListOptions) iter.Seq2[*Group, error] {
	return listing[Group]{c, "group-list", nil, "groups", func(g *Group) string { return g.GroupID }, o}.all(ctx)
}

// Group gets a group (group-get). External groups cannot be read.
func (c *Client) Group(ctx context.Context, id string) (*Group, error) {
	return one[Group](ctx, c, "group-get", Request{Path: groupPath(id)})
}

// CreateGroup creates a group from a Props or a *Group (group-create).
func (c *Client) CreateGroup(ctx context.Context, body any) (*Group, error) {
	return created(ctx, c, "group-create", Request{Body: body}, func(g *Group) string { return g.GroupID })
}

// PutGroup replaces everything of a group, members and masters included
// (group-update-put). Switches that are left out become false, which deletes room data.
func (c *Client) PutGroup(ctx context.Context, id string, body any) (*Group, error) {
	return one[Group](ctx, c, "group-update-put", Request{Path: groupPath(id), Body: body})
}

// PatchGroup changes the properties in patch (group-update-patch).
func (c *Client) PatchGroup(ctx context.Context, id string, patch Props) (*Group, error) {
	return one[Group](ctx, c, "group-update-patch", Request{Path: groupPath(id), Body: patch})
}

// DeleteGroup deletes a group with its messages, notes, events and folders
// (group-delete).
func (c *Client) DeleteGroup(ctx context.Context, id string) error {
	return c.Call(ctx, "group-delete", Request{Path: groupPath(id)}, nil)
}

// GroupMembers lists a group's members (group-member-list).
func (c *Client) GroupMembers(ctx context.Context, id string, o ListOptions) iter.Seq2[*GroupMember, error] {
	return listing[GroupMember]{c, "group-member-list", groupPath(id), "members", func(m *GroupMember) string { return m.ID }, o}.all(ctx)
}

// AddGroupMember adds one member (group-member-add); diag.Exists or Conflict when
// it is one already.
func (c *Client) AddGroupMember(ctx context.Context, id string, m GroupMember) error {
	body := Props{"id": m.ID, "type": m.Type}
	return c.Call(ctx, "group-member-add", Request{Path: groupPath(id), Body: body}, nil)
}

// RemoveGroupMember removes one member (group-member-remove).
func (c *Client) RemoveGroupMember(ctx context.Context, id string, m GroupMember) error {
	path := groupPath(id)
	path["id"] = m.ID
	return c.Call(ctx, "group-member-remove", Request{Path: path, Query: url.Values{"type": {m.Type}}}, nil)
}

// GroupAdministrators lists a group's masters (group-administrator-list).
func (c *Client) GroupAdministrators(ctx context.Context, id string, o ListOptions) iter.Seq2[*GroupAdministrator, error] {
	return listing[GroupAdministrator]{c, "group-administrator-list", groupPath(id), "administrators", func(a *GroupAdministrator) string { return a.UserID }, o}.all(ctx)
}

// AddGroupAdministrator adds one master (group-administrator-add).
func (c *Client) AddGroupAdministrator(ctx context.Context, id, userID string) error {
	return c.Call(ctx, "group-administrator-add", Request{Path: groupPath(id), Body: Props{"userId": userID}}, nil)
}

// RemoveGroupAdministrator removes one master (group-administrator-remove).
func (c *Client) RemoveGroupAdministrator(ctx context.Context, id, userID string) error {
	path := groupPath(id)
	path["userId"] = userID
	return c.Call(ctx, "group-administrator-remove", Request{Path: path}, nil)
}

// GroupKeys lists groups' external keys (group-external-key-list).
func (c *Client) GroupKeys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return keys(c, "group-external-key-list", "groups", o).all(ctx)
}

// SetGroupKeys changes up to MaxKeyChanges external keys
// (group-external-key-create). No other write to these groups may run.
func (c *Client) SetGroupKeys(ctx context.Context, changes []KeyChange) error {
	return c.Call(ctx, "group-external-key-create", Request{Body: Props{"groups": changes}, Writer: "group-external-keys"}, nil)
}

func groupPath(id string) map[string]string { return map[string]string{"groupId": id} }
