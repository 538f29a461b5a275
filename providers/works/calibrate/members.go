package calibrate

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/isaworks/isa/providers/works/api"
)

// member makes a member with a password that nobody knows, so that nobody is invited,
// in a unit (nil for none).
func (c *Calibrator) member(ctx context.Context, in *Thing, more object) (*Thing, answer, error) {
	t, _, got, err := c.make(ctx, user, func(name string) object {
		b := object{
			"domainId": c.o.DomainID, "email": c.address(name), "userExternalKey": name, "userName": object{"lastName": "isa probe"},
			"searchable": false, "organizations": c.posts(in, nil),
		}
		if !c.o.SSO {
			b["passwordConfig"] = object{"passwordCreationType": "ADMIN", "password": api.NewSecret("Aa1!" + rand.Text()), "changePasswordAtNextLogin": true}
		}
		maps.Copy(b, more)
		return b
	})
	return t, got, err
}

// posts are the places of a member: a unit, and what else the company's entry has.
func (c *Calibrator) posts(in *Thing, more object) []object {
	org := object{"domainId": c.o.DomainID, "primary": true}
	if in != nil {
		org["orgUnits"] = []object{{"orgUnitId": in.ID, "primary": true, "isManager": false, "visible": false}}
	}
	maps.Copy(org, more)
	return []object{org}
}

func (c *Calibrator) patchMember(ctx context.Context, t *Thing, body object) (answer, object, error) {
	out := object{}
	got, err := c.ask(ctx, "user-update-patch", c.request(user, t.ID, body), &out)
	return got, out, err
}

func (c *Calibrator) getMember(ctx context.Context, ref string) (answer, object, error) {
	out := object{}
	got, err := c.ask(ctx, "user-get", c.request(user, ref, nil), &out)
	return got, out, err
}

// members makes two members: one who stays until the end, in the first unit, and one
// who is deleted, in the last (10 §2.2, §9.1).
func (c *Calibrator) members(ctx context.Context) error {
	const status, number = "user-create-status", "employee-number-unique"
	var home, last *Thing
	if len(c.children) > 0 {
		home, last = c.children[0], c.children[len(c.children)-1]
	}
	a, got, err := c.member(ctx, home, object{"employeeNumber": c.tag})
	if err != nil {
		return err
	}
	if a == nil {
		for _, name := range []string{status, number} {
			c.open(name, "No member could be made ("+got.String()+"); are licences left?")
		}
		return nil
	}
	c.people = append(c.people, a)
	if value, ok := got.among(http.StatusCreated, http.StatusOK); ok {
		c.found(status, value, "A member was made.")
	}
	b, got, err := c.member(ctx, last, object{"employeeNumber": c.tag})
	switch {
	case err != nil:
		return err
	case b != nil:
		c.found(number, "no", "Two members were made with one employee number.")
	case got.wrong():
		var again answer
		if b, again, err = c.member(ctx, last, nil); err != nil {
			return err
		}
		if b != nil {
			c.found(number, "yes", "A second member with the same employee number was refused ("+got.String()+"), and taken without.")
		} else {
			c.open(number, "No second member could be made ("+again.String()+").")
		}
	default:
		c.open(number, "No second member could be made ("+got.String()+").")
	}
	if b != nil {
		c.people = append(c.people, b)
	}
	return c.weakPassword(ctx)
}

// letters are n small letters, of 26 at most, that nobody can guess.
func letters(n int) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' { // one of 2 to 7
			return r - '2' + 'a'
		}
		return unicode.ToLower(r)
	}, rand.Text()[:n])
}

// weakPassword: whether a password of 8 small letters is refused (10 §9.8).
func (c *Calibrator) weakPassword(ctx context.Context) error {
	const name = "password-policy"
	if c.o.SSO {
		c.open(name, "Members sign in elsewhere, and passwords have no role.")
		return nil
	}
	weak := object{"passwordConfig": object{"passwordCreationType": "ADMIN", "password": api.NewSecret(letters(8)), "changePasswordAtNextLogin": true}}
	t, got, err := c.member(ctx, nil, weak)
	switch {
	case err != nil:
		return err
	case t != nil:
		c.found(name, "none", "A member with a password of 8 letters was taken (and deleted at once).")
		return c.remove(ctx, *t)
	case got.wrong():
		c.found(name, "inferred", "A member with a password of 8 letters was refused: "+got.String()+".")
	default:
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}

// memberTexts: what is refused or rewritten in a member (10 §9).
func (c *Calibrator) memberTexts(ctx context.Context) error {
	if len(c.people) == 0 {
		return nil
	}
	a := c.people[0]
	got, have, err := c.getMember(ctx, c.address(a.Name))
	switch {
	case err != nil:
		return err
	case got.taken() && have["userId"] == a.ID:
		c.found(AddressInPath, "accepted", "A member was read by the login ID.")
	case got.wrong() || got.status == http.StatusNotFound:
		c.found(AddressInPath, "rejected", "A member could not be read by the login ID: "+got.String()+".")
	}
	switch got, _, err := c.patchMember(ctx, a, object{"telephone": "02 123"}); {
	case err != nil:
		return err
	case got.taken():
		c.found("phone-space", "accepted", "The telephone \"02 123\" was taken.")
	case got.wrong():
		c.found("phone-space", "rejected", "The telephone \"02 123\" was refused: "+got.String()+".")
	default:
		c.open("phone-space", "The answer was "+got.String()+".")
	}
	got, after, err := c.patchMember(ctx, a, object{"messenger": object{"protocol": "TWITTER", "messengerId": "isa"}})
	if err != nil {
		return err
	}
	messenger, _ := after["messenger"].(object)
	switch protocol, _ := messenger["protocol"].(string); {
	case got.taken() && (protocol == "X" || protocol == "TWITTER"):
		c.found("messenger-name", protocol, "The messenger TWITTER was written and answered as "+protocol+".")
	default:
		c.open("messenger-name", "The messenger TWITTER was answered with "+got.String()+".")
	}
	return nil
}

// unitMembers: whom the list of a unit's members holds (20 §4.8), and how the deletion
// of a unit with members is refused (20 §4.6).
func (c *Calibrator) unitMembers(ctx context.Context) error {
	if len(c.people) == 0 || len(c.children) == 0 {
		return nil
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	const name = "orgunit-members"
	a, home := c.people[0], c.children[0]
	_, own, err := c.peopleOf(ctx, home)
	if err != nil {
		return err
	}
	got, above, err := c.peopleOf(ctx, c.root)
	switch {
	case err != nil:
		return err
	case !slices.Contains(own, a.ID):
		c.open(name, "The list of a unit does not show the member who is in it.")
	case slices.Contains(above, a.ID):
		c.found(name, "subtree", "The list of a unit holds the member of a unit below it.")
	case got.taken():
		c.found(name, "direct", "The list of a unit does not hold the member of a unit below it.")
	}
	const status = "orgunit-delete-status"
	if got, err = c.ask(ctx, "orgunit-delete", c.request(unit, home.ID, nil), nil); err != nil {
		return err
	}
	if value, ok := got.among(http.StatusBadRequest, http.StatusForbidden); ok {
		c.found(status, value, "An org unit with a member was not deleted: "+got.String()+".")
	} else {
		c.open(status, "The deletion of an org unit with a member was answered with "+got.String()+".")
	}
	return nil
}

// listItem: the deletion of a list entry that a member has (21 §1), in the first list
// that is switched on.
func (c *Calibrator) listItem(ctx context.Context) error {
	const name = "item-in-use-delete"
	if len(c.people) == 0 {
		return nil
	}
	a := c.people[0]
	var home *Thing
	if len(c.children) > 0 {
		home = c.children[0]
	}
	for _, list := range []struct {
		kind string
		give func(id string) object
		has  func(after object) any
	}{
		{userType, func(id string) object { return object{"userTypeId": id} }, func(after object) any { return after["userTypeId"] }},
		{grade, func(id string) object { return object{"organizations": c.posts(home, object{"levelId": id})} }, levelOf},
	} {
		t, _, got, err := c.make(ctx, list.kind, func(n string) object {
			s := sortOf(list.kind)
			b := object{"domainId": c.o.DomainID, s.name: n, s.key: n, "displayOrder": 9999}
			if list.kind == grade {
				b["executive"] = false
			}
			return b
		})
		if err != nil {
			return err
		}
		if t == nil {
			c.open(name, "No list entry could be made ("+got.String()+").")
			continue
		}
		if got, after, err := c.patchMember(ctx, a, list.give(t.ID)); err != nil || !got.taken() || list.has(after) != t.ID {
			if err != nil {
				return err
			}
			c.open(name, "A list entry could not be given to a member ("+got.String()+").")
			continue
		}
		if got, err = c.ask(ctx, list.kind+"-delete", c.request(list.kind, t.ID, nil), nil); err != nil {
			return err
		}
		switch {
		case got.status == http.StatusForbidden:
			c.found(name, "403", "A "+sortWord(list.kind)+" that a member has was not deleted: "+got.String()+".")
		case got.taken():
			c.found(name, "clears", "A "+sortWord(list.kind)+" that a member has was deleted.")
		default:
			c.open(name, "The answer was "+got.String()+".")
		}
		return nil
	}
	return nil
}

func levelOf(after object) any {
	orgs, _ := after["organizations"].([]any)
	for _, v := range orgs {
		if org, ok := v.(object); ok && org["levelId"] != nil {
			return org["levelId"]
		}
	}
	return nil
}

// deletedMembers: what is seen of a member in the deletion period, and what stays taken
// (10 §2.1, §2.3, §2.6).
func (c *Calibrator) deletedMembers(ctx context.Context) error {
	if len(c.people) < 2 {
		return nil
	}
	b := c.people[1]
	got, err := c.ask(ctx, "user-delete", c.request(user, b.ID, nil), nil)
	if err != nil {
		return err
	}
	if c.deleted = got.taken(); !c.deleted {
		for _, name := range []string{"deleted-get", "deleted-listed", "deleted-reserved", "delete-deleted", "orgunit-delete-counts"} {
			c.open(name, "No member could be deleted ("+got.String()+").")
		}
		return nil
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	got, have, err := c.getMember(ctx, b.ID)
	if err != nil {
		return err
	}
	switch value, ok := got.among(http.StatusOK, http.StatusNotFound); {
	case got.taken() && have["isDeleted"] != true:
		c.open("deleted-get", "A deleted member was shown as if nothing had happened.")
	case ok:
		c.found("deleted-get", value, "A member in the deletion period was read: "+got.String()+".")
	default:
		c.open("deleted-get", "The answer was "+got.String()+".")
	}
	if err := c.deletedListed(ctx, b); err != nil {
		return err
	}
	if err := c.deletedReserved(ctx, b); err != nil {
		return err
	}
	if got, err = c.ask(ctx, "user-delete", c.request(user, b.ID, nil), nil); err != nil {
		return err
	}
	if value, ok := got.among(http.StatusBadRequest, http.StatusNotFound, http.StatusGone); ok {
		c.found("delete-deleted", value, "A member in the deletion period was deleted again: "+got.String()+".")
	} else {
		c.open("delete-deleted", "The answer was "+got.String()+".")
	}
	return nil
}

// deletedListed looks at the newest members alone.
func (c *Calibrator) deletedListed(ctx context.Context, b *Thing) error {
	const name = "deleted-listed"
	got, rows, err := c.newest(ctx)
	if err != nil {
		return err
	}
	seen := map[any]any{}
	for _, row := range rows {
		seen[row["userId"]] = row["isDeleted"]
	}
	deleted, listed := seen[b.ID]
	_, control := seen[c.people[0].ID]
	switch {
	case listed && deleted == true:
		c.found(name, "yes", "The list held a member in the deletion period.")
	case got.taken() && !listed && control:
		c.found(name, "no", "The list held a member who had been made just before, and not the one in the deletion period.")
	default:
		c.open(name, "The list did not show clearly what had been made and deleted moments before.")
	}
	return nil
}

// deletedReserved tries to make a member with the address of one in the deletion
// period.
func (c *Calibrator) deletedReserved(ctx context.Context, b *Thing) error {
	const name = "deleted-reserved"
	t, got, err := c.member(ctx, nil, object{"email": c.address(b.Name)})
	switch {
	case err != nil:
		return err
	case t != nil:
		c.found(name, "no", "A new member got the address of one in the deletion period.")
	case got.wrong():
		c.found(name, "yes", "A new member did not get the address of one in the deletion period: "+got.String()+".")
	default:
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}

// unitDeletion: whether a unit whose only member is in the deletion period can be
// deleted (20 §4.6).
func (c *Calibrator) unitDeletion(ctx context.Context) error {
	const name = "orgunit-delete-counts"
	if !c.deleted || len(c.children) < 2 {
		return nil
	}
	last := c.children[len(c.children)-1]
	got, err := c.ask(ctx, "orgunit-delete", c.request(unit, last.ID, nil), nil)
	switch {
	case err != nil:
		return err
	case got.taken():
		c.found(name, "in-use", "An org unit whose only member is in the deletion period was deleted.")
	case got.wrong() || got.status == http.StatusForbidden:
		c.found(name, "all", "An org unit whose only member is in the deletion period was not deleted: "+got.String()+".")
	default:
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}

// activeDeletion: the forced deletion of a member who was not deleted before (10 §2.8).
// The groups are gone by then.
func (c *Calibrator) activeDeletion(ctx context.Context) error {
	const name = "forcedelete-active"
	if len(c.people) == 0 {
		return nil
	}
	got, err := c.ask(ctx, "user-force-delete", c.request(user, c.people[0].ID, nil), nil)
	switch {
	case err != nil:
		return err
	case got.taken():
		c.found(name, "accepted", "A member was deleted for good who had not been deleted before.")
	case got.wrong():
		c.found(name, "rejected", "A member was not deleted for good without being deleted before: "+got.String()+".")
	default:
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}
