package directory

import (
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// group is an informal set of members, units and groups with an optional
// message room and mailing list.
func group() *schema.Kind {
	return &schema.Kind{
		Type: Group, Version: 1, Attrs: groupAttrs(),
		Key: "external_key", Natural: []string{"name"},
		Removals: []string{"delete", "keep"},
		Prepare:  prepareGroup,
		Claims: func(attrs value.Object, company schema.Company, _ func(value.Value) string) []schema.Claim {
			claims := append(keyClaim(Group, "", attrs), nameClaim(Group, company, attrs, true)...)
			claims = append(claims, addressClaim("email", attrs, company)...)
			return append(claims, listClaims("aliases", attrs, company)...)
		},
		Title: name,
		Lost:  "the group's messages, notes, events and folders",
	}
}

// people is a list of members.
func people(name, doc string) schema.Attr {
	return schema.Attr{Name: name, Type: schema.ListOf(schema.RefTo(Member)), Set: true, Doc: doc}
}

// sendersAttrs are the two lists of members that belong to a list address (20 §2, 22 §2).
// They are made as written.
func sendersAttrs() (senders, sendAs schema.Attr) {
	senders = people("senders", "Who may send to the list; empty: everyone who reaches it.")
	sendAs = people("send_as", "Who may send under the list's address.")
	senders.Clearable, sendAs.Clearable = true, true
	return senders, sendAs
}

// groupAttrs lists the attributes. members is not Deferred: a circle of groups
// is refused by Check, so that a group can always be created after its members.
func groupAttrs() []schema.Attr {
	administrators := people("administrators", "The group masters, at least one.")
	administrators.Ownership, administrators.Vital = "listed", true
	senders, sendAs := sendersAttrs()

	attrs := []schema.Attr{
		keyAttr("tenant", ""),
		{Name: "name", Type: schema.Text(), Required: true, CaseFold: true, Check: texts(length(100)),
			Doc: "The name, up to 100 characters, unique in the company without regard to case."},
		{Name: "description", Type: schema.Text(), Clearable: true, Check: texts(note(300)),
			Doc: "A description, up to 300 characters."},
		toggle("visible", "Whether others find it in search."),
		{Name: "members", Type: schema.ListOf(schema.RefTo(Member, OrgUnit, Group)), Set: true, Ownership: "listed", Clearable: true,
			Doc: "Members, units and groups in it."},
		administrators,
		ownershipAttr("listed", "members and administrators"),
	}
	attrs = append(attrs, roomAttrs()...)
	return append(attrs,
		toggle("service_manageable", "Whether its masters may switch the room's features."),
		toggle("use_mail", "Whether it has a mailing list; plans with mail only."),
		schema.Attr{Name: "email", Type: schema.Text(), CaseFold: true, ServerFilled: true, Check: texts(listAddress),
			Doc: "The list address: 2 to 64 characters before @; the domain may be left out."},
		schema.Attr{Name: "aliases", Type: schema.ListOf(schema.Text()), Set: true, CaseFold: true, Clearable: true, Check: atMost(20, listAddress),
			Doc: "Up to 20 further addresses; plans with mail only."},
		toggle("receives_external_mail", "Whether senders outside the company reach the list."),
		schema.Attr{Name: "external_emails", Personal: true, Type: schema.ListOf(schema.Text()), Set: true, CaseFold: true, Clearable: true, Check: texts(outsideAddress()),
			Doc: "Addresses outside the tenant that receive the list's mail."},
		senders, sendAs,
	)
}

func ownershipAttr(normally, lists string) schema.Attr {
	return schema.Attr{
		Name: "ownership", Type: schema.Text(), Steering: true, Enum: []string{"exact", "listed"},
		Doc: `"exact" makes ` + lists + ` as written, "listed" removes only what isa put there. Default: "` + normally + `".`,
	}
}

func prepareGroup(in *schema.Instance) []schema.Problem {
	attrs := clone(in.Attrs)
	problems := canonicalAddress(attrs, "email", in.Company)
	problems = append(problems, canonicalAddresses(attrs, "aliases", in.Company)...)
	problems = append(problems, canonicalAddresses(attrs, "external_emails", schema.Company{})...)
	problems = append(problems, roomProblems(attrs)...)
	switch {
	case value.True(attrs["use_mail"]) && attrs["email"] == nil:
		problems = append(problems, ruleMailSwitch.warn(value.Of("use_mail"), "the group has no email", "write email"))
	case attrs["email"] != nil && attrs["use_mail"] == value.Value(value.Bool(false)):
		problems = append(problems, ruleMailSwitch.at(value.Of("email"), "use_mail is false", "write use_mail = true, or leave email out"))
	case attrs["email"] != nil && attrs["use_mail"] == nil:
		problems = append(problems, ruleMailSwitch.warn(value.Of("email"), "use_mail is not written: a new group has no mailing list", "write use_mail = true"))
	}
	in.Attrs = attrs
	return problems
}
