package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox"
)

const day = 24 * time.Hour

// pass lets days go by, for the tenant and for isa.
func (w *world) pass(days int) {
	w.Helper()
	w.now = w.now.Add(time.Duration(days) * day)
	if err := w.server.Advance(time.Duration(days) * day); err != nil {
		w.Fatal(err)
	}
}

// id is the account that the state knows under an address.
func (w *world) id(address string) string {
	for i := range w.st.Objects {
		if w.st.Objects[i].Address.String() == address {
			return w.st.Objects[i].ID
		}
	}
	return ""
}

// A tenant that leaves deleted people out of its list does not let isa forget them:
// who returns within the deletion period gets the old account, and who returns
// later a new one.
func TestDeletedPeopleAreNotListed(t *testing.T) {
	key := privateKey(t)
	const lee = "\nmember \"lee\" {\n  login_id      = \"lee\"\n  last_name     = \"이\"\n  private_email = \"lee@example.com\"\n}\n"
	kim := func(number, extra string) string {
		return fmt.Sprintf(`
org_unit "s" { name = "영업" }
member "m" {
  for_each      = toset([%[1]q])
  external_key  = each.key
  login_id      = "kim%[1]s"
  last_name     = "김"
  first_name    = "하나"
  cell_phone    = "010-1111-2222"
  private_email = "kim@example.com"
  belongs_to { org_unit = org_unit.s }
  lifecycle { on_remove = "delete" }
  %[2]s
}`, number, extra) + lee
	}
	gone := "\norg_unit \"s\" { name = \"영업\" }" + lee
	for _, get := range []string{"200", "404"} {
		t.Run("deleted-get="+get, func(t *testing.T) {
			w := newWorld(t, key, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{"deleted-listed": "no", "deleted-get": get}})
			w.must("comes", kim("1", ""))
			w.signIn("kim1")
			first := w.id(`member.m["1"]`)
			w.must("leaves", gone)
			w.pass(3)
			w.must("the unit waits for the deleted", lee)
			if w.id("org_unit.s") == "" {
				t.Error("a unit was deleted that somebody in the deletion period has")
			}
			w.must("returns", kim("1", `nickname = "돌아온"`))
			if id := w.id(`member.m["1"]`); id != first || w.people()[first] == nil {
				t.Errorf("restored as %s, was %s", id, first)
			}
			w.must("leaves again", gone)
			w.pass(3)
			w.must("returns with a new number", kim("9", `previous_keys = ["1"]`))
			if id := w.id(`member.m["9"]`); id != first {
				t.Errorf("restored as %s, was %s", id, first)
			}
			w.must("leaves for good", gone)
			w.pass(8)
			w.must("is forgotten", gone)
			if id := w.id(`member.m["9"]`); id != "" {
				t.Errorf("the state still has %s", id)
			}
			w.must("comes anew", kim("9", ""))
			second := w.id(`member.m["9"]`)
			if second == first || second == "" {
				t.Errorf("created anew as %q", second)
			}
			w.signIn("kim9")
			w.must("leaves", gone)
			w.outlive(second)
			cfg, _ := w.load(kim("9", ""))
			if err := w.apply(w.plan(cfg)); err == nil || !strings.Contains(err.Error(), "run isa apply again") {
				t.Errorf("the restore of a removed account: %v", err)
			}
			w.must("comes a third time", kim("9", ""))
			if id := w.id(`member.m["9"]`); id == second || id == "" {
				t.Errorf("created anew as %q", id)
			}
		})
	}
}

// outlive lets the service remove a deleted person for good while isa believes that
// they can be restored.
func (w *world) outlive(id string) {
	w.Helper()
	if err := w.server.Advance(8 * day); err != nil {
		w.Fatal(err)
	}
	if w.people()[id] != nil {
		w.Fatalf("%s is still there", id)
	}
}
