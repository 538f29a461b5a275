package directory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// orgUnits: parent and place are written by creation and move only (20 §3).
func (d *directory) orgUnits() *kind[api.OrgUnit] {
	c := d.client
	k := &kind[api.OrgUnit]{
		directory: d, schema: d.schemas[model.OrgUnit],
		service: service[api.OrgUnit]{
			noun:   "orgunit",
			writer: func(r providers.Request) string { return api.OrgUnitWriter(r.Company.DomainID) },
			list:   c.OrgUnits,
			get:    func(ctx context.Context, _ int, id string) (*api.OrgUnit, error) { return c.OrgUnit(ctx, id) },
			create: func(ctx context.Context, domainID int, b api.Props) (*api.OrgUnit, error) {
				return c.CreateOrgUnit(ctx, domainID, b)
			},
			patch: d.noting(c.PatchOrgUnit),
			put: d.noting(func(ctx context.Context, domainID int, id string, b api.Props) (*api.OrgUnit, error) {
				return c.PutOrgUnit(ctx, domainID, id, b)
			}),
			fixed: []string{
				"orgUnitId", "parentOrgUnitId", "parentExternalKey", "displayOrder", "displayLevel", "i18nName",
			},
			remove: c.DeleteOrgUnit,
			move: func(ctx context.Context, r providers.Request, parent string, number int64) (*api.OrgUnit, error) {
				return c.MoveOrgUnit(ctx, r.Company.DomainID, r.ID, parent, int(number))
			},
		},
		props: append([]prop[api.OrgUnit]{
			plain[api.OrgUnit]("orgUnitName", "name"),
			plain[api.OrgUnit]("orgUnitExternalKey", "external_key"),
			translated[api.OrgUnit]("i18nNames"),
			address[api.OrgUnit]("email", "email"),
			plain[api.OrgUnit]("description", "description"),
			plain[api.OrgUnit]("visible", "visible"),
			addresses[api.OrgUnit]("aliasEmails", "aliases"),
			plain[api.OrgUnit]("canReceiveExternalMail", "receives_external_mail"),
			list("membersAllowedToUseOrgUnitEmailAsRecipient", "senders", userItem[api.OrgUnit]),
			list("membersAllowedToUseOrgUnitEmailAsSender", "send_as", userItem[api.OrgUnit]),
		}, rooms[api.OrgUnit]()...),
		asides: []aside{d.accessRestriction()},
		read:   d.readOrgUnit,
		// The documentation marks email as required in updates (20 §3).
		always: func(was *api.OrgUnit, b api.Props) {
			if _, ok := b["email"]; !ok && was.Email != "" {
				b["email"] = was.Email
			}
		},
		listed: func(ctx context.Context, domainID int, objs []live.Object) error {
			return d.places.seen(ctx, domainID, objs)
		},
	}
	k.steps.create = k.createPlaced
	k.steps.place = k.movePlaced
	k.steps.deleted = k.deletePlaced
	return k
}

// noting makes an update tell the chart whether the unit is visible now: what is
// created below it depends on it.
func (d *directory) noting(update func(context.Context, int, string, api.Props) (*api.OrgUnit, error)) func(context.Context, int, string, api.Props) (*api.OrgUnit, error) {
	return func(ctx context.Context, domainID int, id string, b api.Props) (*api.OrgUnit, error) {
		item, err := update(ctx, domainID, id, b)
		visible, written := b["visible"].(bool)
		if !written || err != nil && !diag.MayHaveHappened(err) {
			return item, err
		}
		c, free, locked := d.places.lock(ctx, domainID)
		if locked != nil {
			return item, cmp.Or(err, locked)
		}
		defer free()
		switch {
		case err != nil:
			c.doubt(id)
		case c.hidden != nil: // else the chart is loaded before it is used
			c.hidden[id] = !visible
		}
		return item, err
	}
}

func (k *kind[T]) deletePlaced(ctx context.Context, r providers.Request) error {
	c, free, err := k.places.lock(ctx, r.Company.DomainID)
	if err != nil {
		return err
	}
	defer free()
	c.drop(r.ID)
	return nil
}

// rooms are the properties of a message room.
func rooms[T any]() []prop[T] {
	return []prop[T]{
		plain[T]("useMessage", "use_message"),
		plain[T]("useNote", "use_note"),
		plain[T]("useCalendar", "use_calendar"),
		plain[T]("useTask", "use_task"),
		plain[T]("useFolder", "use_folder"),
		plain[T]("useServiceNotification", "use_service_notification"),
	}
}

func (d *directory) readOrgUnit(u *api.OrgUnit) live.Object {
	company := d.company(u.DomainID)
	attrs := value.Object{"order": value.Int(u.DisplayOrder)}
	put(attrs, "name", u.OrgUnitName)
	putNull(attrs, "external_key", u.OrgUnitExternalKey)
	putNames(attrs, u.I18nNames)
	put(attrs, "email", model.LocalName(u.Email, company))
	putNull(attrs, "description", u.Description)
	putDefault(attrs, "visible", u.Visible)
	putNull(attrs, "parent", u.ParentOrgUnitID)
	putAddresses(attrs, "aliases", u.AliasEmails, company)
	putBool(attrs, "receives_external_mail", u.CanReceiveExternalMail)
	putBool(attrs, "use_message", u.UseMessage)
	putBool(attrs, "use_note", u.UseNote)
	putBool(attrs, "use_calendar", u.UseCalendar)
	putBool(attrs, "use_task", u.UseTask)
	putBool(attrs, "use_folder", u.UseFolder)
	putBool(attrs, "use_service_notification", u.UseServiceNotification)
	attrs["senders"], attrs["send_as"] = allowed(u.AllowedRecipients), allowed(u.AllowedSenders)
	return live.Object{Kind: model.OrgUnit, ID: u.OrgUnitID, DomainID: u.DomainID, Attrs: attrs, Status: live.InUse}
}

// destination is where a request wants a unit: parent, sibling before, last.
func destination(r providers.Request) (parent, after string, last bool) {
	last = true
	if r.Place != nil {
		parent, after, last = r.Place.Parent, r.Place.After, r.Place.Last
	}
	if wanted, ok := r.Attrs["parent"]; ok {
		parent = value.Text(wanted)
	}
	return parent, after, last
}

// createPlaced creates a unit at its place. The place is computed and used while
// nobody else writes the chart.
func (k *kind[T]) createPlaced(ctx context.Context, r providers.Request, b api.Props) (*T, error) {
	parent, after, last := destination(r)
	c, free, err := k.places.hold(ctx, r.Company.DomainID, parent, after)
	if err != nil {
		return nil, err
	}
	defer free()
	place, number := c.number("", parent, after, last)
	b["displayOrder"] = number
	if parent != "" {
		b["parentOrgUnitId"] = parent
	}
	if _, managed := b["visible"]; !managed && c.hidden[parent] {
		b["visible"] = false // the default would be refused below a hidden unit (20 §2)
	}
	item, err := k.createAddressed(ctx, r, b)
	k.settle(c, r, item, err, parent, place, number)
	return item, err
}

// createAddressed creates a unit. Whether the service makes up an address is not
// documented for sure (20 §2): where it refuses a unit without one, or is known to, the
// unit gets one that follows from what it is.
func (k *kind[T]) createAddressed(ctx context.Context, r providers.Request, b api.Props) (*T, error) {
	with := maps.Clone(b)
	with["email"] = model.FullAddress(madeUp(b), r.Company)
	if b["email"] == nil && k.tenant.Facts.Is("orgunit-email", "required") {
		return k.create(ctx, r.Company.DomainID, with)
	}
	item, err := k.create(ctx, r.Company.DomainID, b)
	if b["email"] != nil || diag.ClassOf(err) != diag.Invalid || k.tenant.Facts.Is("orgunit-email", "generated") {
		return item, err
	}
	item, again := k.create(ctx, r.Company.DomainID, with)
	if diag.ClassOf(again) == diag.Invalid {
		return nil, err // it was not about the address
	}
	return item, again
}

// madeUp is a mail name for a new unit: units of one name under one parent differ
// in place or key.
func madeUp(b api.Props) string {
	sum := sha256.Sum256(fmt.Append(nil, b["orgUnitName"], "\x00", b["parentOrgUnitId"], "\x00", b["displayOrder"], "\x00", b["orgUnitExternalKey"]))
	return "unit." + hex.EncodeToString(sum[:6])
}

// movePlaced puts a unit under a parent and behind a sibling.
func (k *kind[T]) movePlaced(ctx context.Context, r providers.Request) (*T, error) {
	parent, after, last := destination(r)
	c, free, err := k.places.hold(ctx, r.Company.DomainID, parent, after)
	if err != nil {
		return nil, err
	}
	defer free()
	place, number := c.number(r.ID, parent, after, last)
	item, err := k.move(ctx, r, parent, number)
	k.settle(c, r, item, err, parent, place, number)
	if err == nil && item != nil && value.Text(k.read(item).Attrs["parent"]) != parent {
		return nil, &diag.Failure{
			Class: diag.Invalid, Op: "orgunit-move", Detail: "the service answered with success and left the unit under its old parent",
			Fix: "move it in the admin console (for the top level the API may have no way), then plan again",
		}
	}
	return item, err
}

// settle records a write in the chart, or that it is in doubt when it is not
// certain that the service did what was expected.
func (k *kind[T]) settle(c *chart, r providers.Request, item *T, err error, parent string, place int, number int64) {
	if err != nil || item == nil {
		if err == nil || diag.MayHaveHappened(err) || diag.ClassOf(err) != diag.Invalid {
			c.doubt(r.ID)
		}
		return
	}
	o := k.read(item)
	order, _ := o.Attrs["order"].(value.Int)
	if int64(order) != number || value.Text(o.Attrs["parent"]) != parent {
		c.doubt(o.ID)
		return
	}
	c.put(o.ID, parent, place, number)
	c.hidden[o.ID] = o.Attrs["visible"] == value.Value(value.Bool(false))
	k.places.remember(r.Company.DomainID, o)
}

// unitDomain returns the company of a unit: the only one, the one a listing
// showed, or what the service says.
func (d *directory) unitDomain(ctx context.Context, r providers.Request, id string) (int, error) {
	if len(d.tenant.Companies) <= 1 {
		return r.Company.DomainID, nil
	}
	if domainID, ok := d.places.domainOf(id); ok {
		return domainID, nil
	}
	u, err := d.client.OrgUnit(ctx, id)
	if err != nil {
		return 0, err
	}
	d.places.remember(u.DomainID, live.Object{ID: u.OrgUnitID})
	return u.DomainID, nil
}
