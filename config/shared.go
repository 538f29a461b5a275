package config

import (
	"slices"

	"github.com/isaworks/isa/internal/schema"
)

// The names that every kind shares.
const (
	companyType   = "company"
	lifecycleAttr = "lifecycle"
	companyAttr   = "company"
	previousAttr  = "previous_keys"
)

const (
	defaultState   = "isa.state.json"
	defaultHandout = "isa.handout.age"
)

// withShared returns the attributes of a kind with the arguments that every kind
// has: earlier keys, its company and its lifecycle. trees are the kinds that leavers may be
// moved to. Kinds of content have neither.
func withShared(k *schema.Kind, trees []string) []schema.Attr {
	attrs := slices.Clone(k.Attrs)
	if k.Content {
		return attrs
	}
	if _, ok := k.Attr(previousAttr); !ok && k.Unread == "" {
		attrs = append(attrs, schema.Attr{
			Name: previousAttr, Type: schema.ListOf(schema.Text()), Steering: true,
			Doc: "External keys or for_each keys under which the same object was known before.",
		})
	}
	if _, ok := k.Attr(companyAttr); !ok {
		attrs = append(attrs, schema.Attr{
			Name: companyAttr, Type: schema.RefTo(companyType),
			Doc: "The company (domain) the object belongs to; when not given that of the block around it, else the tenant block's.",
		})
	}
	if _, ok := k.Attr(lifecycleAttr); !ok {
		attrs = append(attrs, lifecycleBlock(k, trees))
	}
	return attrs
}

func lifecycleBlock(k *schema.Kind, trees []string) schema.Attr {
	parts := []schema.Attr{
		{Name: "on_remove", Type: schema.Text(), Enum: k.Removals, Doc: "What happens when the block goes."},
		{Name: "delete_after", Type: schema.Text(), Doc: "Days after suspension when deletion is proposed, such as 90d."},
		{Name: "seed", Type: schema.ListOf(schema.Text()), Doc: "Attributes written only at creation."},
		{Name: "ignore", Type: schema.ListOf(schema.Text()), Doc: "Attributes left alone and shown as drift."},
		{Name: "protect", Type: schema.Switch(), Doc: "Removal is refused until this is lifted by one apply."},
	}
	if k.Person {
		parts = append(parts, schema.Attr{
			Name: "leavers_unit", Type: schema.RefTo(trees...), Doc: "The unit that leavers are moved to.",
		})
	}
	return schema.Attr{
		Name: lifecycleAttr, Block: true, Type: schema.ObjectOf(parts...), Doc: "Rules for the life of the objects.",
	}
}

// companyKind describes company blocks. They are evaluated as objects are, so
// that objects can refer to them, but declare none.
func companyKind() *schema.Kind {
	return &schema.Kind{
		Type: companyType,
		Attrs: []schema.Attr{
			{Name: "domain", Type: schema.Text(), Doc: "Mail domain."},
			{Name: "group", Type: schema.Text(), Doc: "Group name, on plans without mail."},
			{Name: "domain_id", Type: schema.Whole(), Required: true, Doc: "The domain's number in the console."},
		},
	}
}

// The plans, and those of them that have no mail and so no domain of their own.
func plans() []string         { return []string{"free", "lite", "standard", "standard_plus", "trial"} }
func plansWithout() []string  { return []string{"free", "lite"} }
func editions() []string      { return []string{"commercial", "gov"} }
func stateBackends() []string { return []string{"local"} }

func isaAttrs() []schema.Attr {
	return []schema.Attr{
		{Name: "required_version", Type: schema.Text(), Doc: "Versions of isa that may be used, such as >= 0.1."},
		{Name: "handout", Block: true, Doc: "Where passwords go that isa makes.", Type: schema.ObjectOf(
			schema.Attr{Name: "recipients", Type: schema.ListOf(schema.Text()), Required: true,
				Doc: "age public keys that generated passwords are encrypted to."},
			schema.Attr{Name: "path", Type: schema.Text(), Doc: "The file, isa.handout.age when not given."},
		)},
	}
}

func stateAttrs() []schema.Attr {
	return []schema.Attr{{Name: "path", Type: schema.Text(), Doc: "The state file."}}
}

func tenantAttrs() []schema.Attr {
	return []schema.Attr{
		{Name: "domain", Type: schema.Text(), Doc: "Mail domain."},
		{Name: "group", Type: schema.Text(), Doc: "Group name, on plans without mail."},
		{Name: "domain_id", Type: schema.Whole(), Required: true, Doc: "The domain's number in the console."},
		{Name: "plan", Type: schema.Text(), Enum: plans(), Doc: "The product plan; standard when not given."},
		{Name: "edition", Type: schema.Text(), Enum: editions(), Doc: "Selects the hosts; commercial when not given."},
		{Name: "managed_by_workplace", Type: schema.Switch(), Doc: "The directory is managed by WORKPLACE."},
		{Name: "features", Block: true, Doc: "Switches of the console that no API tells. They must be as they are there.", Type: schema.ObjectOf(
			schema.Attr{Name: "sso", Type: schema.Switch(), Doc: "Members sign in elsewhere: no invitations, no passwords."},
			schema.Attr{Name: "job_grades", Type: schema.Switch(), Doc: "Job grades are switched on."},
			schema.Attr{Name: "positions", Type: schema.Switch(), Doc: "Positions are switched on."},
			schema.Attr{Name: "user_types", Type: schema.Switch(), Doc: "User types are switched on."},
			schema.Attr{Name: "external_mail_import", Type: schema.Switch(), Doc: "Security > Mail Security > Import external email is on; the routes gateway and server need it."},
			schema.Attr{Name: "ip_restricted", Type: schema.Switch(), Doc: "Security > Network Security admits designated addresses only: then the service imports no external mail."},
			schema.Attr{Name: "licences", Type: schema.Whole(), Doc: "Seats paid for; more members than that are an error."},
			schema.Attr{Name: "multilingual_names", Type: schema.ListOf(schema.Text()), Doc: "Languages in which names may be given besides the main one."},
		)},
		{Name: "credentials", Block: true, Doc: "How isa signs in: a service account.", Type: schema.ObjectOf(
			schema.Attr{Name: "client_id", Type: schema.Text(), Doc: "Of the app in the Developer Console; usually env()."},
			schema.Attr{Name: "client_secret", Type: schema.SecretType(), Doc: "Of the same app."},
			schema.Attr{Name: "service_account", Type: schema.Text(), Doc: "The service account of the app."},
			schema.Attr{Name: "private_key", Type: schema.SecretType(), Doc: "Its private key, PEM."},
		)},
	}
}

func guardAttrs() []schema.Attr {
	return []schema.Attr{
		{Name: "max_count", Type: schema.Whole(), Doc: "Changes allowed at once."},
		{Name: "max_percent", Type: schema.Text(), Doc: "Changes allowed at once, in percent of the live objects."},
	}
}
