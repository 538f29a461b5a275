package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// requests carries a step out and returns the operations it took.
func (b *bench) requests(r providers.Request) string {
	b.t.Helper()
	r.Company = acme
	b.sent()
	if _, err := b.kinds[model.OrgUnit].Do(b.t.Context(), r); err != nil {
		b.t.Fatal(err)
	}
	return strings.Join(b.sent(), " ")
}

// What is known of a tenant spares the call that would be refused, and Calls tells what
// is sent instead.
func TestWhatIsKnownSparesCalls(t *testing.T) {
	const part, whole = "orgunit-get orgunit-update-patch", "orgunit-get orgunit-update-put"
	for _, c := range []struct{ name, is, known, create, empty string }{
		{"patch-null", "clears", "", "orgunit-create", part},
		{"patch-null", "clears", "clears", "orgunit-create", part},
		{"patch-null", "rejects", "", "orgunit-create", part + " " + whole},
		{"patch-null", "rejects", "rejects", "orgunit-create", whole},
		{"orgunit-email", "generated", "generated", "orgunit-create", part},
		{"orgunit-email", "required", "", "orgunit-create orgunit-create", part},
		{"orgunit-email", "required", "required", "orgunit-create", part},
	} {
		b := newBench(t, sandbox.Options{Switches: sandbox.Switches{c.name: c.is}}, acme)
		if c.known != "" {
			b.tenant.Facts = schema.Facts{c.name: c.known}
			b.again()
		}
		b.list(model.OrgUnit)
		create := providers.Request{Verb: doCreate, Attrs: value.Object{"name": s("영업"), "description": s("팝니다")}}
		if got := b.requests(create); got != c.create {
			t.Errorf("%s=%s, known as %q: a creation sent %s, want %s", c.name, c.is, c.known, got, c.create)
		}
		id := b.list(model.OrgUnit)[0].ID
		empty := providers.Request{Verb: doPatch, ID: id, Attrs: value.Object{"description": value.Clear{}}}
		if got := b.requests(empty); got != c.empty {
			t.Errorf("%s=%s, known as %q: an emptied value sent %s, want %s", c.name, c.is, c.known, got, c.empty)
		}
		if b.object(model.OrgUnit, id).Attrs["description"] != nil {
			t.Errorf("%s=%s, known as %q: the description is still there", c.name, c.is, c.known)
		}
		var told []string
		for _, call := range b.kinds[model.OrgUnit].Calls(empty) {
			told = append(told, call.Op)
		}
		if c.known != "" && strings.Join(told, " ") != c.empty {
			t.Errorf("%s known as %s: told %v", c.name, c.known, told)
		}
	}
}

// TestAFactAboutUnitsIsNoneAboutPeople: a null that was refused at an org unit is tried
// at members and groups all the same, before they are written as a whole.
func TestAFactAboutUnitsIsNoneAboutPeople(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	b.tenant.Facts = schema.Facts{"patch-null": "rejects"}
	b.again()
	empty := providers.Request{Verb: doPatch, ID: "x", Attrs: value.Object{}}
	for kind, attr := range map[string]string{model.Member: "cell_phone", model.Group: "description", model.OrgUnit: "description"} {
		empty.Attrs = value.Object{attr: value.Clear{}}
		ops := fmt.Sprint(b.kinds[kind].Calls(empty))
		if whole := strings.Contains(ops, "-update-put"); whole != (kind == model.OrgUnit) {
			t.Errorf("%s: %s", kind, ops)
		}
	}
}
