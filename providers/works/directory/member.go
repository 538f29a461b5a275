package directory

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// members are users on the wire (10).
func (d *directory) members() *kind[api.User] {
	c := d.client
	linked := c.WithScopes("user")
	k := &kind[api.User]{
		directory: d, schema: d.schemas[model.Member],
		service: service[api.User]{
			noun: "user",
			writer: func(r providers.Request) string {
				if r.ID == "" {
					return ""
				}
				return api.UserWriter(r.ID)
			},
			list:   c.Users,
			get:    func(ctx context.Context, _ int, id string) (*api.User, error) { return c.User(ctx, id) },
			create: func(ctx context.Context, _ int, b api.Props) (*api.User, error) { return c.CreateUser(ctx, b) },
			patch: func(ctx context.Context, _ int, id string, b api.Props) (*api.User, error) {
				return c.PatchUser(ctx, id, b)
			},
			put: func(ctx context.Context, _ int, id string, b api.Props) (*api.User, error) {
				return c.PutUser(ctx, id, b)
			},
			// employmentTypeId is the older name of userTypeId (21).
			fixed: []string{
				"userId", "employmentTypeId", "isAdministrator", "isPending", "isSuspended", "isDeleted", "isAwaiting", "suspendedReason", "leaveOfAbsence",
				"employmentTypeExternalKey", "employmentTypeName", "userTypeExternalKey", "userTypeName", "userTypeCode",
				"passwordConfig", "i18nName",
			},
			remove: func(ctx context.Context, _ int, id string) error { return c.DeleteUser(ctx, id) },
		},
		props:  d.memberProps(),
		asides: []aside{d.photo(), d.leave(), externalChat(linked)}, linked: linked,
		read: d.readMember,
		locate: func(ctx context.Context, r providers.Request) (*api.User, error) {
			return c.User(ctx, model.FullAddress(value.Text(r.Attrs["login_id"]), r.Company))
		},
	}
	k.steps = steps[api.User]{
		relocate:  func(ctx context.Context, r providers.Request) (*api.User, error) { return relocate(ctx, k, r) },
		remove:    &toggled{call: c.DeleteUser, done: func(o live.Object) bool { return o.Status == live.Deleted }},
		suspend:   &toggled{call: c.SuspendUser, done: func(o live.Object) bool { return o.Status == live.Suspended }},
		unsuspend: &toggled{call: c.UnsuspendUser, done: func(o live.Object) bool { return o.Status != live.Suspended && o.Status != live.Deleted }},
		undelete: &toggled{done: func(o live.Object) bool { return o.Status != live.Deleted }, call: func(ctx context.Context, id string) error {
			_, err := c.UndeleteUser(ctx, id)
			return err
		}},
	}
	return k
}

func (d *directory) memberProps() []prop[api.User] {
	return append([]prop[api.User]{
		address[api.User]("email", "login_id"),
		plain[api.User]("userExternalKey", "external_key"),
		{wire: "userName", attrs: []string{"last_name", "first_name", "phonetic_last_name", "phonetic_first_name"}, fresh: true, write: userName},
		{wire: "i18nNames", attrs: []string{"names"}, fresh: true, write: userNames},
		plain[api.User]("nickName", "nickname"),
		plain[api.User]("privateEmail", "private_email"),
		addresses[api.User]("aliasEmails", "aliases"),
		plain[api.User]("userTypeId", "user_type"),
		plain[api.User]("searchable", "searchable"),
		plain[api.User]("telephone", "telephone"),
		plain[api.User]("cellPhone", "cell_phone"),
		plain[api.User]("location", "location"),
		plain[api.User]("task", "task"),
		plain[api.User]("employeeNumber", "employee_number"),
		plain[api.User]("hiredDate", "hired_on"),
		plain[api.User]("activationDate", "activation_date"),
		plain[api.User]("locale", "locale"),
		plain[api.User]("timeZone", "time_zone"),
		{wire: "organizations", attrs: []string{"belongs_to", "job_grade", "concurrent"}, fresh: true, write: organizations},
		{wire: "passwordConfig", attrs: []string{"password"}, write: d.passwordConfig},
	}, profileProps()...)
}

// userName writes the whole name; what is cleared is sent as null.
func userName(w *writing[api.User]) (any, error) {
	out := map[string]any{}
	for wire, attr := range map[string]string{
		"lastName": "last_name", "firstName": "first_name",
		"phoneticLastName": "phonetic_last_name", "phoneticFirstName": "phonetic_first_name",
	} {
		v, err := scalar(w.merged[attr])
		if err != nil {
			return nil, err
		}
		_, cleared := w.request.Attrs[attr].(value.Clear)
		if v != nil || cleared && w.was != nil {
			out[wire] = v
		}
	}
	return out, nil
}

func userNames(w *writing[api.User]) (any, error) {
	names, _ := w.merged["names"].(value.Object)
	out := []any{}
	for _, lang := range model.Languages() {
		name, ok := names[lang].(value.Object)
		if !ok || len(name) == 0 {
			continue
		}
		entry := map[string]any{"language": lang}
		if last := value.Text(name["last"]); last != "" {
			entry["lastName"] = last
		}
		if first := value.Text(name["first"]); first != "" {
			entry["firstName"] = first
		}
		out = append(out, entry)
	}
	return out, nil
}

// passwordConfig is sent at creation only and never with SSO, where it has no
// role (10 §2.2).
func (d *directory) passwordConfig(w *writing[api.User]) (any, error) {
	password, ok := w.merged["password"].(value.Object)
	if !ok || d.tenant.Features.SSO || w.request.ID != "" {
		return nil, nil
	}
	if value.Text(password["mode"]) != "admin" {
		return map[string]any{"passwordCreationType": "MEMBER"}, nil
	}
	out := map[string]any{"passwordCreationType": "ADMIN"}
	handle, ok := password["value"].(value.Secret)
	if !ok || w.request.Secret == nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: "user-create", Detail: "no password was made or given for mode admin"}
	}
	text, err := w.request.Secret(handle)
	if err != nil {
		return nil, err
	}
	out["password"] = api.NewSecret(text)
	if change, ok := password["change_at_next_login"].(value.Bool); ok {
		out["changePasswordAtNextLogin"] = bool(change)
	}
	return out, nil
}

func (d *directory) readMember(u *api.User) live.Object {
	company := d.company(u.DomainID)
	attrs := make(value.Object, 14) // as many as most members have; a map of twice the size would be half empty
	putNull(attrs, "external_key", u.UserExternalKey)
	put(attrs, "login_id", model.LocalName(u.Email, company))
	putNull(attrs, "last_name", u.UserName.LastName)
	putNull(attrs, "first_name", u.UserName.FirstName)
	putNull(attrs, "phonetic_last_name", u.UserName.PhoneticLastName)
	putNull(attrs, "phonetic_first_name", u.UserName.PhoneticFirstName)
	readUserNames(attrs, u.I18nNames)
	putNull(attrs, "nickname", u.NickName)
	put(attrs, "private_email", strings.ToLower(dereference(u.PrivateEmail)))
	putAddresses(attrs, "aliases", u.AliasEmails, company)
	putNull(attrs, "user_type", u.UserTypeID)
	putDefault(attrs, "searchable", u.Searchable)
	putNull(attrs, "telephone", u.Telephone)
	putNull(attrs, "cell_phone", u.CellPhone)
	putNull(attrs, "location", u.Location)
	putNull(attrs, "task", u.Task)
	putNull(attrs, "employee_number", u.EmployeeNumber)
	putNull(attrs, "hired_on", u.HiredDate)
	putNull(attrs, "activation_date", u.ActivationDate)
	putNull(attrs, "birthday", u.Birthday)
	put(attrs, "birthday_calendar", strings.ToLower(dereference(u.BirthdayCalendarType)))
	readMessenger(attrs, u.Messenger)
	readRelations(attrs, u.Relations)
	readCustom(attrs, u.CustomProperties)
	put(attrs, "locale", u.Locale)
	put(attrs, "time_zone", u.TimeZone)
	readLeave(attrs, u.LeaveOfAbsence)
	d.readOrganizations(attrs, u)
	return live.Object{Kind: model.Member, ID: u.UserID, DomainID: u.DomainID, Attrs: attrs, Status: status(u), Admin: u.IsAdministrator}
}

// status reads the flags (10 §10).
func status(u *api.User) live.Status {
	switch {
	case u.IsDeleted:
		return live.Deleted
	case u.IsSuspended:
		return live.Suspended
	case u.IsPending:
		return live.Pending
	case u.IsAwaiting:
		return live.Awaiting
	}
	return live.InUse
}

func readUserNames(attrs value.Object, names []api.UserI18nName) {
	translated := value.Object{}
	for _, n := range names {
		name := value.Object{}
		putNull(name, "last", n.LastName)
		putNull(name, "first", n.FirstName)
		if len(name) > 0 {
			translated[n.Language] = name
		}
	}
	if len(translated) > 0 {
		attrs["names"] = translated
	}
}
