package calibrate

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/providers/works/api"
)

// unit makes a hidden org unit below a parent ("" for the top, behind all others).
func (c *Calibrator) unit(ctx context.Context, parent string, more object) (*Thing, answer, error) {
	t, _, got, err := c.make(ctx, unit, func(name string) object {
		b := object{"domainId": c.o.DomainID, "orgUnitName": name, "orgUnitExternalKey": name, "visible": false, "displayOrder": 1}
		if parent == "" {
			b["displayOrder"] = c.place + 1
		} else {
			b["parentOrgUnitId"] = parent
		}
		if c.addressed {
			b["email"] = c.address(name)
		}
		maps.Copy(b, more)
		return b
	})
	return t, got, err
}

// patch changes the root unit, and returns what it is then.
func (c *Calibrator) patch(ctx context.Context, body object) (answer, object, error) {
	if c.always {
		body["email"] = c.address(c.root.Name)
	}
	out := object{}
	got, err := c.ask(ctx, "orgunit-update-patch", c.request(unit, c.root.ID, body), &out)
	return got, out, err
}

func (c *Calibrator) getUnit(ctx context.Context, ref string) (answer, object, error) {
	out := object{}
	got, err := c.ask(ctx, "orgunit-get", c.request(unit, ref, nil), &out)
	return got, out, err
}

// units makes the org unit that holds all others, and finds out whether one needs an
// address (20 §2). Where the others' list cannot be read it makes none: it might stand
// before them.
func (c *Calibrator) units(ctx context.Context) error {
	const name = "orgunit-email"
	if !c.listed {
		if err := c.list(ctx); err != nil {
			return err
		}
	}
	root, without, err := c.unit(ctx, "", nil)
	if err != nil {
		return err
	}
	if c.root = root; root != nil {
		c.found(name, "generated", "An org unit without an address was taken.")
		return nil
	}
	c.open(name, "No org unit could be made ("+without.String()+").")
	if !without.wrong() {
		return nil
	}
	c.addressed = true
	if c.root, _, err = c.unit(ctx, "", nil); err == nil && c.root != nil {
		c.found(name, "required", "An org unit without an address was refused ("+without.String()+"), the same one with an address was taken.")
	}
	return err
}

// lags are the values of ReadLag with a length.
func lags() []time.Duration {
	return []time.Duration{0, time.Second, 5 * time.Second, 15 * time.Second, time.Minute}
}

// lagging: how long reads are behind a write. It is what was seen here, and no promise
// of the service.
func (c *Calibrator) lagging(ctx context.Context) error {
	if c.root == nil {
		return nil
	}
	const text = "isa looks how long reads take to show this"
	got, _, err := c.patch(ctx, object{"description": text})
	if err != nil || !got.taken() {
		return err
	}
	began, behind := c.o.Now(), time.Duration(0)
	for right := 0; right < 4; {
		got, have, err := c.getUnit(ctx, c.root.ID)
		if err != nil {
			return err
		}
		if got.taken() && have["description"] == text {
			right++
			continue
		}
		right, behind = 0, max(c.o.Now().Sub(began), time.Millisecond)
		if behind > lags()[len(lags())-1] {
			c.lag = behind
			c.found(ReadLag, "longer", "An org unit was changed and read again for a minute, which did not show the change.")
			return nil
		}
		if err := c.o.Pause(ctx, min(max(behind/2, 100*time.Millisecond), 5*time.Second)); err != nil {
			return err
		}
	}
	c.lag = 2 * behind
	how := "An org unit was changed and read again at once, which showed the change."
	if behind > 0 {
		how = fmt.Sprintf("An org unit was changed and read again; after %s a read still showed it as it was.", behind.Round(100*time.Millisecond))
	}
	i := slices.IndexFunc(lags(), func(d time.Duration) bool { return behind <= d })
	c.found(ReadLag, Beyond()[0].Values[i], how)
	return nil
}

// patchEmail: a PATCH of an org unit without its address (20 §3).
func (c *Calibrator) patchEmail(ctx context.Context) error {
	const name = "orgunit-patch-without-email"
	if c.root == nil {
		return nil
	}
	without, _, err := c.patch(ctx, object{"description": "isa"})
	if err != nil || without.taken() {
		if err == nil {
			c.found(name, "accepted", "A new description without the address was taken.")
		}
		return err
	}
	c.always = true
	with, _, err := c.patch(ctx, object{"description": "isa"})
	if err != nil {
		return err
	}
	if with.taken() && without.wrong() {
		c.found(name, "rejected", "A new description was refused without the address ("+without.String()+") and taken with one.")
	} else {
		c.open(name, "An org unit could not be changed ("+without.String()+").")
	}
	return nil
}

// unitBodies: what a PATCH may hold (00 §4).
func (c *Calibrator) unitBodies(ctx context.Context) error {
	if c.root == nil {
		return nil
	}
	for _, odd := range []struct {
		name string
		body object
		what string
	}{
		{"read-only", object{"displayLevel": 1}, "The read-only displayLevel of an org unit in a PATCH"},
		{"unknown-property", object{"isaProbe": "x"}, "A property that is not documented, in a PATCH of an org unit,"},
	} {
		got, _, err := c.patch(ctx, odd.body)
		switch {
		case err != nil:
			return err
		case got.taken():
			c.found(odd.name, "ignored", odd.what+" was taken.")
		case got.wrong():
			c.found(odd.name, "rejected", odd.what+" was refused: "+got.String()+".")
		default:
			c.open(odd.name, odd.what+" was answered with "+got.String()+".")
		}
	}
	if err := c.patchNull(ctx); err != nil {
		return err
	}
	return c.patchArrays(ctx)
}

func (c *Calibrator) patchNull(ctx context.Context) error {
	const name = "patch-null"
	if got, _, err := c.patch(ctx, object{"description": "isa"}); err != nil || !got.taken() {
		return err
	}
	got, after, err := c.patch(ctx, object{"description": nil})
	if err != nil {
		return err
	}
	left, _ := after["description"].(string)
	switch {
	case got.wrong():
		c.found(name, "rejects", "The description of an org unit as null was refused: "+got.String()+".")
	case got.taken() && left == "":
		c.found(name, "clears", "The description of an org unit as null was taken, and it was empty.")
	default:
		c.open(name, "The description of an org unit as null was answered with "+got.String()+", and it stayed.")
	}
	return nil
}

// patchArrays tells a list that is replaced from one that is merged, by names in other
// languages, or where there are none by alias addresses.
func (c *Calibrator) patchArrays(ctx context.Context) error {
	const name = "patch-arrays"
	for _, list := range []struct {
		wire          string
		first, second any
	}{
		{"i18nNames", []any{object{"language": "en_US", "name": "isa probe"}}, []any{object{"language": "ja_JP", "name": "isa probe"}}},
		{"aliasEmails", []any{c.address(c.next())}, []any{c.address(c.next())}},
	} {
		got, _, err := c.patch(ctx, object{list.wire: list.first})
		if err != nil {
			return err
		}
		if !got.taken() {
			c.open(name, list.wire+" of an org unit were answered with "+got.String()+".")
			continue
		}
		got, after, err := c.patch(ctx, object{list.wire: list.second})
		if err != nil {
			return err
		}
		have, _ := after[list.wire].([]any)
		how := fmt.Sprintf("%s of an org unit were written with one entry and then with another; it had %d.", list.wire, len(have))
		switch {
		case got.taken() && len(have) == 1:
			c.found(name, "replace", how)
		case got.taken() && len(have) == 2:
			c.found(name, "merge", how)
		default:
			c.open(name, how)
			continue
		}
		return nil
	}
	return nil
}

// orderedUnits is how many units tell an order by creation from chance.
const orderedUnits = 6

// siblings makes units below the root, each before the ones there: names, keys, the
// order of the list (20 §2, §4.1).
func (c *Calibrator) siblings(ctx context.Context) error {
	if c.root == nil {
		return nil
	}
	first, got, err := c.unit(ctx, api.ExternalKey(c.root.Name), nil)
	switch {
	case err != nil:
		return err
	case first != nil:
		c.found(KeyAsParent, "accepted", "An org unit was made below another one that was named by its external key.")
		c.children = append(c.children, first)
	case got.wrong() || got.status == http.StatusNotFound:
		c.found(KeyAsParent, "rejected", "An org unit below another one that was named by its external key was refused: "+got.String()+".")
	default:
		c.open(KeyAsParent, "The answer was "+got.String()+".")
	}
	for len(c.children) < orderedUnits {
		t, got, err := c.unit(ctx, c.root.ID, nil)
		if err != nil {
			return err
		}
		if t == nil {
			c.open("orgunit-order", "Not enough org units could be made ("+got.String()+").")
			return nil
		}
		c.children = append(c.children, t)
	}
	if err := c.sameName(ctx); err != nil {
		return err
	}
	if err := c.sameKey(ctx); err != nil {
		return err
	}
	return c.unitOrder(ctx)
}

// sameName makes a sibling of the same name, with a key of its own.
func (c *Calibrator) sameName(ctx context.Context) error {
	const name = "orgunit-name-unique"
	twin, got, err := c.unit(ctx, c.root.ID, object{"orgUnitName": c.children[0].Name})
	switch {
	case err != nil:
		return err
	case twin != nil:
		c.found(name, "no", "A second org unit of one name under one parent was taken.")
	case got.wrong():
		c.found(name, "yes", "A second org unit of one name under one parent was refused: "+got.String()+".")
	default:
		c.open(name, "The answer was "+got.String()+".")
	}
	return nil
}

// sameKey makes a unit with a key that is taken: the status for what is taken (00 §8).
func (c *Calibrator) sameKey(ctx context.Context) error {
	const name = "duplicate-status"
	_, got, err := c.unit(ctx, c.root.ID, object{"orgUnitExternalKey": c.children[0].Name})
	if err != nil {
		return err
	}
	if value, ok := got.among(http.StatusConflict, http.StatusBadRequest); ok {
		c.found(name, value, "An org unit with an external key that is taken was refused: "+got.String()+".")
	} else {
		c.open(name, "An org unit with an external key that is taken was answered with "+got.String()+".")
	}
	return nil
}

func (c *Calibrator) unitOrder(ctx context.Context) error {
	const name = "orgunit-order"
	if err := c.settle(ctx); err != nil {
		return err
	}
	rows, err := c.rows(ctx, unit, c.o.DomainID)
	if err != nil {
		return err
	}
	var listed, made []string
	for _, t := range append([]*Thing{c.root}, c.children...) {
		made = append(made, t.ID)
	}
	for _, row := range rows {
		if id, _ := row["orgUnitId"].(string); slices.Contains(made, id) {
			listed = append(listed, id)
		}
	}
	switch {
	case len(listed) != len(made):
		c.open(name, fmt.Sprintf("The list showed %d of %d org units.", len(listed), len(made)))
	case slices.Equal(listed, made):
		c.found(name, "creation", fmt.Sprintf("%d org units, each put before the one before, were listed as they had been made.", len(made)))
	default:
		c.found(name, "random", fmt.Sprintf("%d org units were not listed as they had been made.", len(made)))
	}
	return nil
}

// unitKeys: external keys in paths, and a bulk call with a wrong item (10 §3.2).
func (c *Calibrator) unitKeys(ctx context.Context) error {
	if c.root == nil {
		return nil
	}
	got, have, err := c.getUnit(ctx, api.ExternalKey(c.root.Name))
	switch {
	case err != nil:
		return err
	case got.taken() && have["orgUnitId"] == c.root.ID:
		c.found(KeyInPath, "accepted", "An org unit was read by its external key.")
	case got.wrong() || got.status == http.StatusNotFound:
		c.found(KeyInPath, "rejected", "An org unit could not be read by its external key: "+got.String()+".")
	}
	const name = "bulk-keys"
	if len(c.children) < 2 {
		return nil
	}
	t, key := c.children[1], c.next()
	got, err = c.ask(ctx, "orgunit-external-key-create", c.request(unit, "", object{"orgUnits": []object{
		{"id": t.ID, "externalKey": key}, {"id": nobody(), "externalKey": c.next()},
	}}), nil)
	if err != nil {
		return err
	}
	if got.taken() {
		c.open(name, "Keys for an org unit and for one that does not exist were taken together.")
		return nil
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	read, have, err := c.getUnit(ctx, t.ID)
	switch {
	case err != nil:
		return err
	case read.taken() && have["orgUnitExternalKey"] == key:
		c.found(name, "one-by-one", "Keys for an org unit and for one that does not exist were refused ("+got.String()+"), and the first had its key.")
	case read.taken():
		c.found(name, "all-or-nothing", "Keys for an org unit and for one that does not exist were refused ("+got.String()+"), and the first kept its old key.")
	}
	return nil
}

// nobody is an ID that nothing has.
func nobody() string {
	hex := fmt.Sprintf("%x", rand.Text())
	return strings.Join([]string{hex[:8], hex[8:12], "4" + hex[13:16], "8" + hex[17:20], hex[20:32]}, "-")
}

// unitMoves: a move without a parent (20 §4.7), and the deletion of a unit with an
// empty one below it (20 §4.6).
func (c *Calibrator) unitMoves(ctx context.Context) error {
	if len(c.children) < orderedUnits {
		return nil
	}
	const name = "move-without-parent"
	after := object{}
	got, err := c.ask(ctx, "orgunit-move", c.request(unit, c.children[2].ID, object{"displayOrder": c.place + 2}), &after)
	if err != nil {
		return err
	}
	switch parent, _ := after["parentOrgUnitId"].(string); {
	case got.taken() && parent == "":
		c.found(name, "top", "An org unit that was moved without a parent stood at the top.")
	case got.taken() && parent == c.root.ID:
		c.found(name, "keep", "An org unit that was moved without a parent stayed under its parent.")
	default:
		c.open(name, "An org unit that was to move without a parent: "+got.String()+".")
	}
	return c.deleteAbove(ctx)
}

func (c *Calibrator) deleteAbove(ctx context.Context) error {
	const name = "orgunit-delete-children"
	above := c.children[3]
	below, _, err := c.unit(ctx, above.ID, nil)
	if err != nil || below == nil {
		return err
	}
	got, err := c.ask(ctx, "orgunit-delete", c.request(unit, above.ID, nil), nil)
	if err != nil {
		return err
	}
	switch {
	case got.taken():
		c.found(name, "deleted", "An org unit with an empty one below it was deleted.")
	case got.status >= 400:
		c.found(name, "refused", "An org unit with an empty one below it was not deleted: "+got.String()+".")
	}
	return nil
}

// people of a unit, by their IDs.
func (c *Calibrator) peopleOf(ctx context.Context, t *Thing) (answer, []string, error) {
	page := object{}
	q := c.request(unit, t.ID, nil)
	q.Writer, q.Query = "", url.Values{"domainId": {strconv.Itoa(c.o.DomainID)}}
	got, err := c.ask(ctx, "orgunit-member-list", q, &page)
	var out []string
	rows, _ := page["members"].([]any)
	for _, v := range rows {
		row, _ := v.(object)
		id, _ := row["userId"].(string)
		out = append(out, id)
	}
	return got, out, err
}
