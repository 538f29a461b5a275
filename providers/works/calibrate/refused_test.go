package calibrate

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// below refuses requests of a method ("" for all) to a path and what is below it.
func below(method, path string, status int) func(*http.Request) int {
	return func(r *http.Request) int {
		if (method == "" || r.Method == method) && (r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/")) {
			return status
		}
		return 0
	}
}

// TestARefusalIsNoAbsence: what cannot be looked at stays in the record, and is removed
// when it can.
func TestARefusalIsNoAbsence(t *testing.T) {
	for name, c := range map[string]struct {
		kind     string
		answered bool // its creation was
		refuses  func(*http.Request) int
	}{
		"a member, no scope":         {user, true, below("GET", "/v1.0/users", 403)},
		"a member, wrong request":    {user, true, below("GET", "/v1.0/users", 400)},
		"a lost member, no scope":    {user, false, below("GET", "/v1.0/users", 403)},
		"a lost unit, no scope":      {unit, false, below("GET", "/v1.0/orgunits", 403)},
		"a lost unit, wrong request": {unit, false, below("GET", "/v1.0/orgunits", 400)},
		"an entry, wrong request":    {userType, true, below("GET", "/v1.0/directory/user-types", 400)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
			before := tn.state(t)
			if err := tn.left(t, c.kind, c.answered); err != nil {
				t.Fatal(err)
			}
			tn.refuses = c.refuses
			if err := tn.calibrator(t).Clear(t.Context()); err == nil || len(tn.book.all) != 1 {
				t.Fatalf("refused: %v, the record has %v", err, tn.book.all)
			}
			tn.refuses = nil
			if err := tn.calibrator(t).Clear(t.Context()); err != nil {
				t.Fatal(err)
			}
			tn.unchanged(t, before)
		})
	}
}

// left makes a thing as a run does that is killed then.
func (tn *tenant) left(t *testing.T, kind string, answered bool) error {
	t.Helper()
	c := tn.calibrator(t)
	var err error
	switch kind {
	case unit:
		_, _, err = c.unit(t.Context(), "", nil)
	case user:
		_, _, err = c.member(t.Context(), nil, nil)
	default:
		s := sortOf(kind)
		_, _, _, err = c.make(t.Context(), kind, func(n string) object {
			b := object{"domainId": c.o.DomainID, s.name: n, s.key: n, "displayOrder": 9999}
			if kind == grade {
				b["executive"] = false
			}
			return b
		})
	}
	if !answered {
		tn.book.all[0].ID = ""
	}
	return err
}

// TestAListThatIsOffHasNothing: with a list that is switched off went its entries.
func TestAListThatIsOffHasNothing(t *testing.T) {
	for _, answered := range []bool{true, false} {
		tn := newTenant(t, sandbox.Options{SeedValue: 1, Features: true})
		if err := tn.left(t, userType, answered); err != nil {
			t.Fatal(err)
		}
		tn.refuses = below("GET", "/v1.0/directory/user-types", 403)
		if err := tn.calibrator(t).Clear(t.Context()); err != nil || len(tn.book.all) > 0 {
			t.Errorf("answered %t: %v, %v", answered, err, tn.book.all)
		}
	}
}

// TestALostMemberWhereKeysAreNoPaths: where neither address nor key is taken in a path,
// the list tells.
func TestALostMemberWhereKeysAreNoPaths(t *testing.T) {
	for _, made := range []bool{true, false} {
		tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
		before := tn.state(t)
		if made {
			if err := tn.left(t, user, false); err != nil {
				t.Fatal(err)
			}
		} else {
			tn.book.all = []Thing{{Sort: user, Name: Prefix + "x-1", DomainID: 10000001, Domain: "acme.co.kr"}}
		}
		tn.refuses = func(r *http.Request) int {
			if strings.Contains(r.URL.Path, Prefix) {
				return 400
			}
			return 0
		}
		if err := tn.calibrator(t).Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		tn.unchanged(t, before)
	}
}

// TestNothingIsMadeBesideUnitsThatAreNotSeen: without the list of units the probe's might
// stand before them.
func TestNothingIsMadeBesideUnitsThatAreNotSeen(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
	made := 0
	tn.after = func(r *http.Request) bool { made += creation(r); return true }
	tn.refuses = below("GET", "/v1.0/orgunits", 403)
	c := tn.calibrator(t)
	look, try := c.Look(t.Context()), c.tried(t.Context())
	if look == nil || try == nil || made > 0 || !strings.Contains(look.Error(), "orgunit-list") {
		t.Errorf("%v, %v, %d creations", look, try, made)
	}
}

// TestLeftInAnotherCompany: what a killed run made is removed where it was made, though
// another company is the first by now.
func TestLeftInAnotherCompany(t *testing.T) {
	for _, kind := range []string{unit, user, userType, grade, position} {
		for _, answered := range []bool{true, false} {
			tn := newTenant(t, sandbox.Options{SeedValue: 1, Features: true, Domains: []sandbox.Domain{{ID: 10000001, Name: "acme.co.kr"}, {ID: 10000002, Name: "beta.kr"}}})
			before := tn.state(t)
			tn.options.DomainID, tn.options.Domain = 10000002, "beta.kr"
			if err := tn.left(t, kind, answered); err != nil {
				t.Fatal(err)
			}
			tn.options.DomainID, tn.options.Domain = 10000001, "acme.co.kr"
			tn.before = func(r *http.Request) bool {
				if in := r.URL.Query().Get("domainId"); in != "" && in != "10000002" {
					t.Errorf("%s %s in the company %s", r.Method, r.URL.Path, in)
				}
				return true
			}
			if err := tn.calibrator(t).Clear(t.Context()); err != nil {
				t.Fatal(err)
			}
			tn.unchanged(t, before)
		}
	}
}

// TestPasswordsAreRandom: of the weak one too, with which somebody is made where the
// policy is lax.
func TestPasswordsAreRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		tn := newTenant(t, sandbox.Options{SeedValue: 1, Features: true, Switches: sandbox.Switches{"password-policy": "none"}})
		weak := 0
		tn.before = func(r *http.Request) bool {
			if creation(r) == 0 || !strings.HasSuffix(r.URL.Path, "/users") {
				return true
			}
			body, err := r.GetBody()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(body)
			var b struct{ PasswordConfig struct{ Password string } }
			if err := errors.Join(err, json.Unmarshal(text, &b)); err != nil {
				t.Fatal(err)
			}
			password := b.PasswordConfig.Password
			if password == "" || seen[password] {
				t.Errorf("the password %q is not new", password)
			}
			seen[password] = true
			if len(password) == 8 && strings.Trim(password, "abcdefghijklmnopqrstuvwxyz") == "" {
				weak++
			}
			return true
		}
		tn.probe(t)
		if weak != 1 {
			t.Errorf("%d passwords of 8 small letters", weak)
		}
	}
}

// TestNothingIsSaidOfADeletionThatWasRefused: a unit whose member was not deleted tells
// nothing about members in the deletion period.
func TestNothingIsSaidOfADeletionThatWasRefused(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
	before := tn.state(t)
	c := tn.calibrator(t)
	tn.refuses = func(r *http.Request) int {
		if r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/v1.0/users/") {
			return 403
		}
		return 0
	}
	if err := c.Try(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	tn.refuses = nil
	if err := c.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	tn.unchanged(t, before)
	for _, name := range []string{"orgunit-delete-counts", "deleted-get", "deleted-reserved"} {
		if r := c.results[name]; r.Value != "" || !strings.Contains(r.Why, "403") {
			t.Errorf("%+v", r)
		}
	}
}

// TestLeftInTheDeletionPeriod: where a deletion for good needs one before, and deleted
// people cannot be read, all the same nobody is left.
func TestLeftInTheDeletionPeriod(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Features: true, Switches: sandbox.Switches{"forcedelete-active": "rejected", "deleted-get": "404"}})
	tn.probe(t)
}
