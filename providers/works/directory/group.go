package directory

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// groups (22).
func (d *directory) groups() *kind[api.Group] {
	c := d.client
	return &kind[api.Group]{
		directory: d, schema: d.schemas[model.Group],
		service: service[api.Group]{
			noun: "group",
			writer: func(r providers.Request) string {
				if r.ID == "" {
					return ""
				}
				return api.GroupWriter(r.ID)
			},
			list:   c.Groups,
			get:    func(ctx context.Context, _ int, id string) (*api.Group, error) { return c.Group(ctx, id) },
			create: func(ctx context.Context, _ int, b api.Props) (*api.Group, error) { return c.CreateGroup(ctx, b) },
			patch: func(ctx context.Context, _ int, id string, b api.Props) (*api.Group, error) {
				return c.PatchGroup(ctx, id, b)
			},
			put: func(ctx context.Context, _ int, id string, b api.Props) (*api.Group, error) {
				return c.PutGroup(ctx, id, b)
			},
			fixed:  []string{"groupId"},
			remove: func(ctx context.Context, _ int, id string) error { return c.DeleteGroup(ctx, id) },
		},
		props: append([]prop[api.Group]{
			plain[api.Group]("groupName", "name"),
			plain[api.Group]("groupExternalKey", "external_key"),
			plain[api.Group]("description", "description"),
			plain[api.Group]("visible", "visible"),
			list("members", "members", groupMember),
			list("administrators", "administrators", userItem[api.Group]),
			plain[api.Group]("serviceManageable", "service_manageable"),
			plain[api.Group]("useMail", "use_mail"),
			address[api.Group]("groupEmail", "email"),
			addresses[api.Group]("aliasEmails", "aliases"),
			plain[api.Group]("canReceiveExternalMail", "receives_external_mail"),
			addresses[api.Group]("toExternalEmails", "external_emails"),
			list("membersAllowedToUseGroupEmailAsRecipient", "senders", userItem[api.Group]),
			list("membersAllowedToUseGroupEmailAsSender", "send_as", userItem[api.Group]),
		}, rooms[api.Group]()...),
		read: d.readGroup,
		// Both lists are required in creations; members may be empty (22 §2).
		defaults: func(_ context.Context, _ providers.Request, b api.Props) error {
			for _, name := range []string{"members", "administrators"} {
				if _, ok := b[name]; !ok {
					b[name] = []any{}
				}
			}
			return nil
		},
	}
}

func userItem[T any](_ *writing[T], id string) any { return map[string]any{"userId": id} }

// groupMember writes a reference "member:ID" as the service wants it.
func groupMember(_ *writing[api.Group], text string) any {
	kind, id, _ := strings.Cut(text, ":")
	typ := api.MemberUser
	switch kind {
	case model.OrgUnit:
		typ = api.MemberOrgUnit
	case model.Group:
		typ = api.MemberGroup
	}
	return map[string]any{"id": id, "type": typ}
}

func (d *directory) readGroup(g *api.Group) live.Object {
	company := d.company(g.DomainID)
	attrs := value.Object{}
	put(attrs, "name", g.GroupName)
	putNull(attrs, "external_key", g.GroupExternalKey)
	putNull(attrs, "description", g.Description)
	putDefault(attrs, "visible", g.Visible)
	attrs["members"] = d.readMembers(g.Members)
	administrators := make(value.List, 0, len(g.Administrators))
	for _, a := range g.Administrators {
		administrators = append(administrators, value.String(a.UserID))
	}
	attrs["administrators"] = administrators
	putBool(attrs, "use_message", g.UseMessage)
	putBool(attrs, "use_note", g.UseNote)
	putBool(attrs, "use_calendar", g.UseCalendar)
	putBool(attrs, "use_task", g.UseTask)
	putBool(attrs, "use_folder", g.UseFolder)
	putBool(attrs, "use_service_notification", g.UseServiceNotification)
	putDefault(attrs, "service_manageable", g.ServiceManageable)
	putBool(attrs, "use_mail", g.UseMail)
	put(attrs, "email", model.LocalName(dereference(g.GroupEmail), company))
	putAddresses(attrs, "aliases", g.AliasEmails, company)
	putBool(attrs, "receives_external_mail", g.CanReceiveExternalMail)
	putAddresses(attrs, "external_emails", g.ToExternalEmails, schema.Company{})
	attrs["senders"], attrs["send_as"] = allowed(g.AllowedRecipients), allowed(g.AllowedSenders)
	return live.Object{Kind: model.Group, ID: g.GroupID, DomainID: g.DomainID, Attrs: attrs, Status: live.InUse}
}

func (d *directory) readMembers(members []api.GroupMember) value.List {
	attr, _ := d.schemas[model.Group].Attr("members")
	out := make(value.List, 0, len(members))
	for _, m := range members {
		kind := model.Member
		switch m.Type {
		case api.MemberOrgUnit:
			kind = model.OrgUnit
		case api.MemberGroup:
			kind = model.Group
		}
		out = append(out, value.String(schema.RefText(*attr.Type.Elem, kind, m.ID)))
	}
	return out
}

func allowed(members []api.AllowedMember) value.List {
	out := make(value.List, 0, len(members))
	for _, m := range members {
		out = append(out, value.String(m.UserID))
	}
	return out
}
