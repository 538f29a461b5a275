package calibrate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers/works/api"
)

// Thing is an object that was made for a probe, or was about to be.
type Thing struct {
	Sort     string `json:"sort"`
	Name     string `json:"name"`         // unguessable; name, external key and local part of the address
	ID       string `json:"id,omitempty"` // "" until its creation was answered
	DomainID int    `json:"domain_id"`    // company in which it was made
	Domain   string `json:"domain"`       // its mail domain
}

// address is the mail address that belongs to its name.
func (t Thing) address() string { return t.Name + "@" + t.Domain }

// Book keeps what was made until it is removed.
type Book interface {
	// Things are what was made and is not removed, in the order in which it was made.
	Things() ([]Thing, error)
	// Save replaces them; it is durable when it returns.
	Save([]Thing) error
}

// The sorts of things.
const (
	unit     = "orgunit"
	user     = "user"
	group    = "group"
	grade    = "directory-level"
	position = "directory-position"
	userType = "directory-user-type"
)

// sort is how things of one sort are written on the wire.
type sort struct {
	id, name, key, plural string
}

func sortOf(name string) sort {
	return map[string]sort{
		unit: {"orgUnitId", "orgUnitName", "orgUnitExternalKey", "orgUnits"}, user: {"userId", "email", "userExternalKey", "users"},
		group: {"groupId", "groupName", "groupExternalKey", "groups"}, grade: {"levelId", "levelName", "levelExternalKey", "levels"},
		position: {"positionId", "positionName", "positionExternalKey", "positions"}, userType: {"userTypeId", "userTypeName", "userTypeExternalKey", "userTypes"},
	}[name]
}

// request names a thing of a sort in the company by its ID, "" for none.
func (c *Calibrator) request(kind, id string, body any) api.Request {
	return requestIn(c.o.DomainID, kind, id, body)
}

// of names a thing in the company in which it was made, which need not be the one that
// is probed now.
func (t Thing) of(body any) api.Request { return requestIn(t.DomainID, t.Sort, t.ID, body) }

func requestIn(domainID int, kind, id string, body any) api.Request {
	q := api.Request{Body: body}
	if id != "" {
		q.Path = map[string]string{sortOf(kind).id: id}
	}
	switch {
	case kind == unit:
		q.Writer = api.OrgUnitWriter(domainID)
	case kind == user && id == "":
		q.Writer = ""
	case (kind == grade || kind == position) && id != "":
		q.Query = url.Values{"domainId": {strconv.Itoa(domainID)}}
	}
	return q
}

// next is a name that nothing has.
func (c *Calibrator) next() string {
	c.number++
	return fmt.Sprintf("%s%s-%d", Prefix, c.tag, c.number)
}

// address is the mail address that belongs to a name.
func (c *Calibrator) address(name string) string { return name + "@" + c.o.Domain }

// make makes a thing from the body that fits a new name. nil without an error: it was
// refused, as the answer says. Its creation is written down before it is sent.
func (c *Calibrator) make(ctx context.Context, kind string, body func(name string) object) (*Thing, object, answer, error) {
	t := &Thing{Sort: kind, Name: c.next(), DomainID: c.o.DomainID, Domain: c.o.Domain}
	if err := c.change(func(all []Thing) []Thing { return append(all, *t) }); err != nil {
		return nil, nil, answer{}, err
	}
	made := object{}
	got, err := c.ask(ctx, kind+"-create", c.request(kind, "", body(t.Name)), &made)
	if err != nil {
		if !diag.MayHaveHappened(err) {
			return nil, nil, got, errors.Join(err, c.forget(*t))
		}
		return nil, nil, got, err
	}
	if !got.taken() {
		return nil, nil, got, c.forget(*t)
	}
	if t.ID, _ = made[sortOf(kind).id].(string); t.ID == "" {
		return nil, nil, got, &diag.Failure{Class: diag.Unavailable, Op: kind + "-create", Detail: "the answer has no ID of the new object", Unknown: true}
	}
	err = c.change(func(all []Thing) []Thing {
		for i := range all {
			if all[i].Name == t.Name {
				all[i].ID = t.ID
			}
		}
		return all
	})
	return t, made, got, err
}

func (c *Calibrator) change(edit func([]Thing) []Thing) error {
	all, err := c.o.Book.Things()
	if err != nil {
		return err
	}
	return c.o.Book.Save(edit(slices.Clone(all)))
}

func (c *Calibrator) forget(t Thing) error {
	return c.change(func(all []Thing) []Thing {
		return slices.DeleteFunc(all, func(o Thing) bool { return o.Name == t.Name && o.Sort == t.Sort })
	})
}

// Clear removes everything that is in the book: groups, then people, then list entries
// and org units, the last one first. It goes on after failures and returns them. What
// cannot be removed stays in the book.
func (c *Calibrator) Clear(ctx context.Context) error {
	all, err := c.o.Book.Things()
	if err != nil {
		return err
	}
	rank := func(t Thing) int { return slices.Index([]string{group, user, userType, position, grade, unit}, t.Sort) }
	order := slices.Clone(all)
	slices.Reverse(order)
	slices.SortStableFunc(order, func(a, b Thing) int { return rank(a) - rank(b) })
	var failed error
	for _, t := range order {
		if err := c.remove(ctx, t); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s %s was made for a probe and may still be there; run isa doctor --calibrate again, or remove it in the admin console: %w", sortWord(t.Sort), t.Name, err))
		}
	}
	return failed
}

// sortWord names a sort for people.
func sortWord(name string) string {
	return map[string]string{unit: "org unit", user: "member", group: "group", grade: "job grade", position: "position", userType: "user type"}[name]
}

// remove removes one thing, if the tenant has it and it bears its name.
func (c *Calibrator) remove(ctx context.Context, t Thing) error {
	if !strings.HasPrefix(t.Name, Prefix) {
		return &diag.Failure{Class: diag.Internal, Op: "calibrate", Detail: "the record names what no probe made"}
	}
	if t.ID == "" {
		id, err := c.await(ctx, t)
		if err != nil {
			return err
		}
		if id == "" {
			return c.forget(t)
		}
		t.ID = id
	}
	mine, err := c.isMine(ctx, t)
	if err != nil || !mine {
		return err
	}
	if t.Sort == user {
		err = c.removeUser(ctx, t)
	} else {
		err = c.removeThing(ctx, t)
	}
	if err != nil {
		return err
	}
	return c.forget(t)
}

// Reads may lag behind a creation for a minute (00 §10): for so long it is looked for.
const (
	looks    = 12
	lookings = 5 * time.Second // apart
)

// await looks for something whose creation was not answered until it is certain that
// it was not made: "".
func (c *Calibrator) await(ctx context.Context, t Thing) (string, error) {
	for look := 0; ; look++ {
		id, err := c.lookFor(ctx, t)
		if err != nil || id != "" || look == looks {
			return id, err
		}
		if err := c.o.Pause(ctx, lookings); err != nil {
			return "", err
		}
	}
}

// lookFor looks for something whose creation was not answered, by its exact name.
func (c *Calibrator) lookFor(ctx context.Context, t Thing) (string, error) {
	if t.Sort == user {
		if id, certain, err := c.lookForMember(ctx, t); err != nil || certain {
			return id, err
		}
	}
	rows, err := c.rows(ctx, t.Sort, t.DomainID)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		if id, _ := row[sortOf(t.Sort).id].(string); t.borneBy(row) {
			return id, nil
		}
	}
	return "", nil
}

// lookForMember asks for a member by address and key. It is certain when the member was
// found, or when both were answered with nobody; where the service does not take one of
// them in a path, the list tells.
func (c *Calibrator) lookForMember(ctx context.Context, t Thing) (id string, certain bool, err error) {
	certain = true
	for _, ref := range []string{t.address(), api.ExternalKey(t.Name)} {
		got, found, err := c.getMember(ctx, ref)
		if err != nil {
			return "", false, err
		}
		if id, _ := found[sortOf(user).id].(string); got.taken() && t.borneBy(found) {
			return id, true, nil
		}
		certain = certain && (got.taken() || gone(got))
	}
	return "", certain, nil
}

// rows reads a list of a company to its end. The list of a feature that is off is empty,
// and so is one that the service does not have; any other refusal is an error.
func (c *Calibrator) rows(ctx context.Context, kind string, domainID int) ([]object, error) {
	var out []object
	query := url.Values{"domainId": {strconv.Itoa(domainID)}, "count": {strconv.Itoa(api.PageSize)}}
	for {
		page := object{}
		got, err := c.ask(ctx, kind+"-list", api.Request{Query: query}, &page)
		switch {
		case err != nil:
			return nil, err
		case !got.taken() && (gone(got) || switchedOff(kind, got)):
			return nil, nil
		case !got.taken():
			return nil, refused(kind+"-list", got)
		}
		list, _ := page[sortOf(kind).plural].([]any)
		for _, v := range list {
			if row, ok := v.(object); ok {
				out = append(out, row)
			}
		}
		meta, _ := page["responseMetaData"].(object)
		next, _ := meta["nextCursor"].(string)
		if next == "" || next == query.Get("cursor") {
			return out, nil
		}
		query.Set("cursor", next)
	}
}

// switchedOff reports an answer that means that a list is switched off, and with it all
// its entries are gone (21 §1).
func switchedOff(kind string, a answer) bool {
	return a.status == http.StatusForbidden && slices.Contains(Lists(), kind)
}

// refused is the error of a call without whose answer it cannot go on.
func refused(op string, a answer) error {
	f := &diag.Failure{Class: diag.Invalid, Op: op, Detail: "the service refused it: " + a.String(), Fix: "run isa doctor, which looks whether the directory can be read"}
	if a.status == http.StatusForbidden {
		f.Class = diag.Denied
	}
	return f
}

// isMine reports whether the object with the recorded ID bears the recorded name. What
// went with its list is forgotten; what bears another name is left alone.
func (c *Calibrator) isMine(ctx context.Context, t Thing) (bool, error) {
	have := object{}
	got, err := c.ask(ctx, t.Sort+"-get", t.of(nil), &have)
	switch {
	case err != nil:
		return false, err
	case got.taken():
		if !t.borneBy(have) {
			return false, fmt.Errorf("%s has another name and key than when it was made, and is left alone", t.ID)
		}
		return true, nil
	case gone(got):
		// The ID is from the answer to its creation. What was made a moment ago need not be
		// shown yet, nor who is in the deletion period (10 §2.3): deleting it tells.
		return true, nil
	case switchedOff(t.Sort, got):
		return false, c.forget(t)
	}
	return false, refused(t.Sort+"-get", got)
}

// borneBy reports whether an object as read has its name, its address or its external
// key. Some probes lend it one of the three from another thing.
func (t Thing) borneBy(have object) bool {
	s := sortOf(t.Sort)
	name := have[s.name]
	return name == t.Name || name == t.address() || have[s.key] == t.Name
}

// removeUser deletes a member for good; where that needs a deletion first, after one.
func (c *Calibrator) removeUser(ctx context.Context, t Thing) error {
	force := func() (answer, error) { return c.ask(ctx, "user-force-delete", t.of(nil), nil) }
	got, err := force()
	if err != nil || got.taken() || gone(got) {
		return err
	}
	deleted, err := c.ask(ctx, "user-delete", t.of(nil), nil)
	if err != nil {
		return err
	}
	if again, err := force(); err != nil || again.taken() || gone(again) {
		return err
	}
	if deleted.taken() { // the service removes it for good by itself
		return nil
	}
	return fmt.Errorf("the service does not delete it (%s)", deleted)
}

func gone(a answer) bool { return a.status == 404 || a.status == 410 }

// removals are the pauses before something is removed again that the service holds to
// be in use: who had it went a moment ago.
func removals() []time.Duration {
	return []time.Duration{time.Second, 3 * time.Second, 6 * time.Second}
}

func (c *Calibrator) removeThing(ctx context.Context, t Thing) error {
	for _, pause := range append(removals(), 0) {
		got, err := c.ask(ctx, t.Sort+"-delete", t.of(nil), nil)
		if err != nil || got.taken() || gone(got) {
			return err
		}
		if pause == 0 {
			return fmt.Errorf("the service does not delete it (%s)", got)
		}
		if err := c.o.Pause(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}
