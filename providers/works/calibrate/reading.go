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

	"github.com/isaworks/isa/providers/works/api"
)

// me: what a service account is told about itself (00 §2.7).
func (c *Calibrator) me(ctx context.Context) error {
	const name = "service-account-me"
	got, err := c.ask(ctx, "user-get", c.request(user, "me", nil), &object{})
	if err != nil {
		return err
	}
	if value, ok := got.among(http.StatusForbidden, http.StatusNotFound); ok {
		c.found(name, value, "The member \"me\" was asked for with the service account's token: "+got.String()+".")
	} else {
		c.open(name, "The answer was neither 403 nor 404 but "+got.String()+".")
	}
	return nil
}

// tokens: how expires_in is written (00 §2.2).
func (c *Calibrator) tokens(context.Context) error {
	const name = "expires-in"
	if form := c.seen.expiry(); form != "" {
		c.found(name, form, "The answer to the sign-in was looked at.")
	} else {
		c.open(name, "The answer to the sign-in has no expires_in.")
	}
	return nil
}

// commas: a comma between scopes (00 §2.2), tried with a scope that the app has.
func (c *Calibrator) commas(ctx context.Context) error {
	const name = "scope-comma"
	o := c.o.API
	o.Scopes = []string{"directory", "directory,directory"}
	o.Trace = nil
	client, err := api.New(o)
	if err != nil {
		return err
	}
	err = client.Call(ctx, "user-get", c.request(user, "me", nil), nil)
	var refused *api.ServiceError
	switch {
	case err == nil || errors.As(err, &refused) && !api.Unauthorised(err):
		c.found(name, "accepted", "A sign-in with the scopes \"directory directory,directory\" was taken.")
	case refused != nil && refused.Status == http.StatusBadRequest:
		c.found(name, "rejected", fmt.Sprintf("A sign-in with the scopes \"directory directory,directory\" was refused: %d %s.", refused.Status, refused.Code))
	case refused != nil && refused.Status < 500 && refused.Status != http.StatusTooManyRequests:
		c.open(name, fmt.Sprintf("The sign-in was refused with %d, which need not be about the comma.", refused.Status))
	default:
		return err
	}
	return nil
}

// window: when a minute of the rate limit begins (00 §9). The first call of an
// operation in a while tells how long its minute lasts.
func (c *Calibrator) window(ctx context.Context) error {
	const name = "window"
	query := url.Values{"domainId": {strconv.Itoa(c.o.DomainID)}, "count": {"1"}}
	for _, op := range []string{"group-external-key-list", "user-external-key-list", "orgunit-external-key-list"} {
		if _, err := c.ask(ctx, op, api.Request{Query: query}, &object{}); err != nil {
			return err
		}
		limits, at := c.seen.minute()
		if at.IsZero() {
			at = c.o.Now()
		}
		left := (60 - at.Second()) % 60
		reset := int(limits.Reset / time.Second)
		switch {
		case !limits.Known:
			c.open(name, "Answers do not tell how long the minute lasts.")
			return nil
		case limits.Limit > 0 && limits.Remaining < limits.Limit-1:
			c.open(name, "Another program had called the same operation in this minute.")
			continue
		case left < 3 || left > 55: // both would look alike
			c.open(name, "The minute of the clock had just begun or was about to end.")
			wait := left - 53
			if left < 3 {
				wait = left + 6
			}
			if err := c.o.Pause(ctx, time.Duration(wait)*time.Second); err != nil {
				return err
			}
			continue
		case reset >= 58 && reset <= 61:
			c.found(name, "first-call", fmt.Sprintf("The first call of an operation, %d s before the end of a minute, was told that its minute lasts %d s more.", left, reset))
		case reset >= left-2 && reset <= left+2:
			c.found(name, "clock", fmt.Sprintf("The first call of an operation, %d s before the end of a minute, was told that its minute lasts %d s more.", left, reset))
		default:
			c.open(name, fmt.Sprintf("The minute was told to last %d s more, %d s before the end of a minute of the clock.", reset, left))
		}
		return nil
	}
	return nil
}

// Lists are the lists that the admin console can switch off.
func Lists() []string { return []string{grade, position, userType} }

// listsOff: what the list of a feature that is off says (21 §1). Nothing is switched:
// that wipes values.
func (c *Calibrator) listsOff(ctx context.Context) error {
	const name = "list-while-off"
	c.open(name, "Job grades, positions and user types are all switched on, and switching one off would wipe what members have.")
	for _, kind := range Lists() {
		page := object{}
		got, err := c.ask(ctx, kind+"-list", api.Request{Query: url.Values{"domainId": {strconv.Itoa(c.o.DomainID)}}}, &page)
		if err != nil {
			return err
		}
		rows, _ := page[sortOf(kind).plural].([]any)
		switch said := slices.Contains(c.o.Off, kind); {
		case got.status == http.StatusForbidden:
			c.found(name, "403", "The list of "+sortWord(kind)+"s, which are switched off, was asked for: "+got.String()+".")
			return nil
		case got.taken() && len(rows) == 0 && said:
			c.found(name, "empty", "The list of "+sortWord(kind)+"s, which the configuration says are switched off, is empty.")
			return nil
		}
	}
	return nil
}

// list looks for the end of the org chart's top level, and for what looks like a
// probe's and is not in the book: of members, among the newest.
func (c *Calibrator) list(ctx context.Context) error {
	book, err := c.o.Book.Things()
	if err != nil {
		return err
	}
	for _, kind := range append([]string{unit, group}, Lists()...) {
		rows, err := c.rows(ctx, kind, c.o.DomainID)
		if err != nil {
			return err
		}
		for _, row := range rows {
			name, _ := row[sortOf(kind).name].(string)
			c.stray(kind, name, book)
			if parent, _ := row["parentOrgUnitId"].(string); kind == unit && parent == "" {
				order, _ := row["displayOrder"].(float64)
				c.place = max(c.place, int(order))
			}
		}
	}
	c.listed = true
	got, rows, err := c.newest(ctx)
	switch {
	case err != nil:
		return err
	case !got.taken():
		return refused("user-list", got)
	}
	for _, row := range rows {
		email, _ := row["email"].(string)
		if local, _, _ := strings.Cut(email, "@"); row["isDeleted"] != true { // those go by themselves
			c.stray(user, local, book)
		}
	}
	return nil
}

// newest reads the page of the members who were made last.
func (c *Calibrator) newest(ctx context.Context) (answer, []object, error) {
	page := object{}
	got, err := c.ask(ctx, "user-list", api.Request{Query: url.Values{
		"domainId": {strconv.Itoa(c.o.DomainID)}, "count": {strconv.Itoa(api.PageSize)}, "orderBy": {"CREATED_TIME"}, "sortOrder": {"DESCENDING"},
	}}, &page)
	var out []object
	rows, _ := page[sortOf(user).plural].([]any)
	for _, v := range rows {
		row, _ := v.(object)
		out = append(out, row)
	}
	return got, out, err
}

// stray notes the name of something that the book does not have.
func (c *Calibrator) stray(kind, name string, book []Thing) {
	if strings.HasPrefix(name, Prefix) && !slices.ContainsFunc(book, func(t Thing) bool { return t.Name == name }) {
		c.strays = append(c.strays, sortWord(kind)+" "+name)
	}
}
