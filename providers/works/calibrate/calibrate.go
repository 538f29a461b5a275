// Package calibrate finds out at a tenant, harmlessly, what the reference leaves open
// about the directory. What it finds is named after the sandbox's switches.
//
// Probes that only read come first. The others work on objects of their own alone:
// hidden org units, members nobody is told of, hidden groups, a list entry. Each of
// these has an unguessable name and is written down before it is made, so that what
// remains after a crash is found again, and nothing else is ever changed or removed.
package calibrate

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/api"
)

// Prefix begins the name of everything that a probe makes.
const Prefix = "isa-probe-"

// Options say what is probed and how.
type Options struct {
	// API is how the tenant is reached; Transport and Trace are used beside what the
	// probes need of them. Scopes are the probes' own.
	API      api.Options
	DomainID int    // company in which objects are made
	Domain   string // its mail domain
	SSO      bool   // members sign in elsewhere, and need no password
	// Off are the lists (of Lists) that the configuration says are switched off.
	Off []string

	Book Book // of what was made
	// Pause waits, and gives up when the context, or lanes.Stopping of it, ends.
	Pause func(context.Context, time.Duration) error
	Now   func() time.Time
}

// Result is what was found out about one subject, or why nothing was.
type Result struct {
	Name  string
	Value string // "" when nothing was found out
	How   string // it was found out, a sentence
	Why   string // nothing was found out, a sentence
}

// Calibrator probes one tenant. It is not safe for concurrent use.
type Calibrator struct {
	o       Options
	client  *api.Client
	seen    *sight
	tag     string
	number  int
	results map[string]Result
	strays  []string
	lag     time.Duration // of reads behind writes, as far as is known

	listed    bool // the org units were, so that place is known
	place     int  // behind all org units at the top
	addressed bool // org units need an address
	always    bool // and so does each PATCH of one
	root      *Thing
	children  []*Thing
	people    []*Thing
	group     *Thing
	deleted   bool // the second of people, which the service took
}

// New returns a calibrator. Nothing is sent yet.
func New(o Options) (*Calibrator, error) {
	seen := newSight(o.API)
	o.API.Transport, o.API.Trace, o.API.Scopes = seen, seen.trace, []string{"directory"}
	client, err := api.New(o.API)
	if err != nil {
		return nil, err
	}
	return &Calibrator{o: o, client: client, seen: seen, tag: strings.ToLower(rand.Text()[:12]), results: map[string]Result{}}, nil
}

// Look finds out what can be found by reading alone.
func (c *Calibrator) Look(ctx context.Context) error {
	return c.each(ctx, c.me, c.tokens, c.commas, c.window, c.listsOff, c.list)
}

// Try finds out the rest with objects of its own. It stops at the first call without an
// answer. When once ends, the call under way is finished and no other begins; what was
// found until then counts. However it ends, what it made is in the book, for Clear.
func (c *Calibrator) Try(once, abort context.Context) error {
	ctx := lanes.WithStop(abort, once)
	return c.each(ctx, c.units, c.patchEmail, c.lagging, c.unitBodies, c.siblings, c.unitKeys, c.unitMoves,
		c.members, c.memberTexts, c.unitMembers, c.listItem, c.groups, c.deletedMembers, c.unitDeletion, c.activeDeletion)
}

func (c *Calibrator) each(ctx context.Context, probes ...func(context.Context) error) error {
	for _, probe := range probes {
		select {
		case <-lanes.Stopping(ctx):
			return context.Canceled
		default:
		}
		if err := errors.Join(ctx.Err(), probe(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// Results are what was found out so far, one for each of Probed, in their order.
func (c *Calibrator) Results() []Result {
	var out []Result
	for _, name := range Probed() {
		r, ok := c.results[name]
		if !ok {
			r = Result{Name: name, Why: "It was not come to, or what it needs could not be made."}
		}
		out = append(out, r)
	}
	return out
}

// Facts are what was found out so far, as found at now.
func (c *Calibrator) Facts(now time.Time) map[string]calibration.Fact {
	out := map[string]calibration.Fact{}
	for name, r := range c.results {
		if r.Value != "" {
			out[name] = calibration.Fact{Value: r.Value, How: r.How, At: now}
		}
	}
	return out
}

// Strays are names of objects that look like a probe's and are not in the book. They
// are left alone.
func (c *Calibrator) Strays() []string { return slices.Compact(slices.Sorted(slices.Values(c.strays))) }

// found records a fact.
func (c *Calibrator) found(name, value, how string) {
	c.results[name] = Result{Name: name, Value: value, How: how}
}

// open records why nothing was found out.
func (c *Calibrator) open(name, why string) {
	c.results[name] = Result{Name: name, Why: why}
}

// Facts beside the sandbox's switches.
const (
	ReadLag       = "read-lag"
	KeyInPath     = "key-in-path"
	KeyAsParent   = "key-as-parent"
	AddressInPath = "address-in-path"
)

// Beyond are the subjects that no switch of the sandbox stands for.
func Beyond() []calibration.Subject {
	answers := []string{"accepted", "rejected"}
	return []calibration.Subject{
		{Name: ReadLag, Values: []string{"none", "1s", "5s", "15s", "60s", "longer"}, About: "how long reads show at most what was there before a write, as far as was seen"},
		{Name: KeyInPath, Values: answers, About: "externalKey: instead of an ID in a path"},
		{Name: KeyAsParent, Values: answers, About: "externalKey: as parentOrgUnitId"},
		{Name: AddressInPath, Values: answers, About: "a login ID instead of a member's ID in a path"},
	}
}

// Probed are the names of all subjects that are probed here, in the order of the
// reference.
func Probed() []string {
	return []string{
		"service-account-me", "expires-in", "scope-comma", "read-only", "unknown-property", "patch-null", "patch-arrays", "duplicate-status", "window",
		"bulk-keys", "user-create-status", "deleted-listed", "deleted-get", "deleted-reserved", "delete-deleted", "forcedelete-active",
		"phone-space", "password-policy", "employee-number-unique", "messenger-name",
		"orgunit-order", "orgunit-email", "orgunit-patch-without-email", "orgunit-name-unique", "orgunit-delete-counts", "orgunit-delete-children",
		"orgunit-delete-status", "move-without-parent", "orgunit-members", "list-while-off", "item-in-use-delete",
		"group-empty-members", "group-member-key", "group-email-without-mail", "group-sub-switch", "group-unknown-member", "group-last-administrator", "group-cycles",
		ReadLag, KeyInPath, KeyAsParent, AddressInPath,
	}
}
