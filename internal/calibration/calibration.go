// Package calibration keeps what was found out at a tenant about facts that the
// reference leaves open, in a file that people may read and hand on: it names a tenant
// and holds no other personal data and no secret.
package calibration

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// File is the name of the file, beside the configuration.
const File = "calibration.json"

// FormatVersion is the version of the file's format (docs/formats.md).
const FormatVersion = "1"

// Subject is something that can be found out.
type Subject struct {
	Name   string
	Values []string // one of which is true; the first is what the reference infers
	About  string   // in words
}

// Fact is what was found out about a subject.
type Fact struct {
	Value string    `json:"value"`
	How   string    `json:"how"` // it was found out, a sentence without names of people
	At    time.Time `json:"at"`
}

// Calibration is what is known of one tenant. It is not safe for concurrent use.
type Calibration struct {
	tenant   string
	subjects map[string]Subject
	facts    map[string]Fact
}

// New returns a calibration of the tenant that knows nothing yet and may learn of these
// subjects.
func New(tenant string, subjects []Subject) *Calibration {
	c := &Calibration{tenant: tenant, subjects: map[string]Subject{}, facts: map[string]Fact{}}
	for _, s := range subjects {
		c.subjects[s.Name] = s
	}
	return c
}

// Tenant is the identity of the tenant, as in its state.
func (c *Calibration) Tenant() string { return c.tenant }

// Of returns what is known of a subject.
func (c *Calibration) Of(name string) (Fact, bool) {
	f, ok := c.facts[name]
	return f, ok
}

// Names are the subjects of which something is known, sorted.
func (c *Calibration) Names() []string { return slices.Sorted(maps.Keys(c.facts)) }

// Values are the facts, by name.
func (c *Calibration) Values() map[string]string {
	out := map[string]string{}
	for name, f := range c.facts {
		out[name] = f.Value
	}
	return out
}

// Set records a fact, in place of what was known of the subject before. A name that is
// no subject, a value that the subject does not have, and a fact that does not say how
// and when it was found are refused with diag.Invalid.
func (c *Calibration) Set(name string, f Fact) error {
	if err := c.check(name, f); err != nil {
		return &diag.Failure{Class: diag.Invalid, Op: "calibration", Err: err}
	}
	f.At = f.At.UTC().Truncate(time.Second)
	c.facts[name] = f
	return nil
}

func (c *Calibration) check(name string, f Fact) error {
	s, ok := c.subjects[name]
	switch {
	case !ok:
		return fmt.Errorf("%q is no fact that this version of isa knows", name)
	case !slices.Contains(s.Values, f.Value):
		return fmt.Errorf("%s is %q, which is none of %s", name, f.Value, strings.Join(s.Values, ", "))
	case f.How == "" || strings.ContainsAny(f.How, "\r\n"):
		return fmt.Errorf("%s does not say in one line how it was found", name)
	case f.At.IsZero():
		return errors.New(name + " does not say when it was found")
	}
	return nil
}
