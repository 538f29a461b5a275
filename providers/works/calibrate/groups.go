package calibrate

import (
	"context"
	"net/http"
	"strings"

	"github.com/isaworks/isa/providers/works/api"
)

// makeGroup makes a hidden group without room and mail, whose administrator is a
// member of ours.
func (c *Calibrator) makeGroup(ctx context.Context, members ...object) (*Thing, answer, error) {
	t, _, got, err := c.make(ctx, group, func(name string) object {
		return object{
			"domainId": c.o.DomainID, "groupName": name, "groupExternalKey": name, "visible": false, "serviceManageable": true,
			"administrators": []object{{"userId": c.people[0].ID}}, "members": members,
			"useMessage": false, "useNote": false, "useCalendar": false, "useTask": false, "useFolder": false, "useMail": false, "useServiceNotification": false,
		}
	})
	return t, got, err
}

// groups: all that is open about groups (22). They are removed at once.
func (c *Calibrator) groups(ctx context.Context) error {
	if len(c.people) == 0 {
		return nil
	}
	g, got, err := c.makeGroup(ctx, object{"id": c.people[0].ID, "type": api.MemberUser})
	if err != nil {
		return err
	}
	if g == nil {
		for _, name := range Probed() {
			if strings.HasPrefix(name, "group-") {
				c.open(name, "No group could be made ("+got.String()+").")
			}
		}
		return nil
	}
	c.group = g
	if err := c.each(ctx, c.groupMembers, c.groupCycle, c.groupBodies, c.groupAdministrator); err != nil {
		return err
	}
	book, err := c.o.Book.Things()
	if err != nil {
		return err
	}
	for _, t := range book {
		if t.Sort == group && t.ID != "" {
			if err := c.remove(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Calibrator) addMember(ctx context.Context, id, kind string) (answer, error) {
	return c.ask(ctx, "group-member-add", c.request(group, c.group.ID, object{"id": id, "type": kind}), nil)
}

// groupMembers: how members are named, and who is nobody (22 §2, §8).
func (c *Calibrator) groupMembers(ctx context.Context) error {
	if c.root != nil {
		got, err := c.addMember(ctx, api.ExternalKey(c.root.Name), api.MemberOrgUnit)
		switch {
		case err != nil:
			return err
		case got.taken():
			c.found("group-member-key", "accepted", "An org unit was added to a group by its external key.")
		case got.wrong() || got.status == http.StatusNotFound:
			c.found("group-member-key", "rejected", "An org unit was not added to a group by its external key: "+got.String()+".")
		default:
			c.open("group-member-key", "The answer was "+got.String()+".")
		}
	}
	const name = "group-unknown-member"
	got, err := c.addMember(ctx, nobody(), api.MemberUser)
	if err != nil {
		return err
	}
	if value, ok := got.among(http.StatusNotFound, http.StatusBadRequest); ok {
		c.found(name, value, "A member who does not exist was not added to a group: "+got.String()+".")
	} else {
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}

// groupCycle puts a group into one that it contains (22 §5).
func (c *Calibrator) groupCycle(ctx context.Context) error {
	const name = "group-cycles"
	outer, made, err := c.makeGroup(ctx, object{"id": c.group.ID, "type": api.MemberGroup})
	if err != nil {
		return err
	}
	if outer == nil {
		c.open(name, "No group that contains another one could be made ("+made.String()+").")
		return nil
	}
	got, err := c.addMember(ctx, outer.ID, api.MemberGroup)
	switch {
	case err != nil:
		return err
	case got.taken():
		c.found(name, "accepted", "A group was added to one that it contains.")
		q := c.request(group, c.group.ID, nil)
		q.Path["id"] = outer.ID
		q.Query = map[string][]string{"type": {api.MemberGroup}}
		_, err := c.ask(ctx, "group-member-remove", q, nil)
		return err
	case got.wrong():
		c.found(name, "rejected", "A group was not added to one that it contains: "+got.String()+".")
	default:
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}

// groupBodies: what a PATCH of a group may hold (22 §2, §8).
func (c *Calibrator) groupBodies(ctx context.Context) error {
	for _, p := range []struct {
		name, what string
		body       object
		taken      string // the value when it is taken, and, where gone is set,
		gone       string // this property is empty or off all the same
	}{
		{"group-email-without-mail", "An address for a group without mail", object{"groupEmail": c.address(c.next())}, "cleared", "groupEmail"},
		{"group-sub-switch", "The switch of notes for a group without messages", object{"useNote": true}, "false", "useNote"},
		{"group-empty-members", "An empty list of members", object{"members": []object{}}, "accepted", ""},
	} {
		after := object{}
		got, err := c.ask(ctx, "group-update-patch", c.request(group, c.group.ID, p.body), &after)
		if err != nil {
			return err
		}
		left := after[p.gone]
		switch {
		case got.taken() && p.gone == "":
			c.found(p.name, p.taken, p.what+" was taken.")
		case got.taken() && (left == nil || left == "" || left == false):
			c.found(p.name, p.taken, p.what+" was taken, and not kept.")
		case got.taken():
			c.open(p.name, p.what+" was taken and kept, which is none of the answers that are known.")
		case got.wrong():
			c.found(p.name, "rejected", p.what+" was refused: "+got.String()+".")
		default:
			c.open(p.name, "The answer was "+got.String()+".")
		}
	}
	return nil
}

// groupAdministrator removes the only administrator (22 §3.7).
func (c *Calibrator) groupAdministrator(ctx context.Context) error {
	const name = "group-last-administrator"
	q := c.request(group, c.group.ID, nil)
	q.Path["userId"] = c.people[0].ID
	got, err := c.ask(ctx, "group-administrator-remove", q, nil)
	if err != nil {
		return err
	}
	if value, ok := got.among(http.StatusForbidden, http.StatusBadRequest); ok {
		c.found(name, value, "The only administrator of a group was not removed: "+got.String()+".")
	} else {
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}
