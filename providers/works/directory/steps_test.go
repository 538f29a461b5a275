package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
)

func TestAMembersLifeIsRepeatable(t *testing.T) {
	for _, status := range []string{"400", "404", "410"} {
		t.Run(status, func(t *testing.T) { repeatedLife(t, sandbox.Switches{"delete-deleted": status}) })
	}
}

func TestADeletedMemberWhoCannotBeReadIsDeleted(t *testing.T) {
	b := newBench(t, sandbox.Options{SSO: true, Switches: sandbox.Switches{"deleted-get": "404", "deleted-listed": "no"}}, acme)
	id := b.create(model.Member, value.Object{"login_id": s("hong"), "last_name": s("홍"), "external_key": s("1001")})
	for range 2 {
		if _, err := b.kinds[model.Member].Do(t.Context(), providers.Request{Verb: doDelete, ID: id, Company: acme}); err != nil {
			t.Error(err)
		}
	}
}

// repeatedLife sends each step of a member's life twice.
func repeatedLife(t *testing.T, switches sandbox.Switches) {
	b := newBench(t, sandbox.Options{SSO: true, Switches: switches}, acme)
	id := b.create(model.Member, value.Object{
		"login_id": s("hong"), "last_name": s("홍"), "external_key": s("1001"),
		"password": value.Object{"mode": s("admin"), "generate": value.Bool(true)},
	})
	for _, step := range []struct {
		verb string
		want live.Status
	}{{doSuspend, live.Suspended}, {doUnsuspend, live.InUse}, {doDelete, live.Deleted}, {doUndelete, live.InUse}} {
		b.do(model.Member, providers.Request{Verb: step.verb, ID: id})
		r := providers.Request{Verb: step.verb, ID: id, Company: acme}
		if _, err := b.kinds[model.Member].Do(t.Context(), r); err != nil {
			t.Errorf("%s repeated: %v", step.verb, err)
		}
		if got := b.object(model.Member, id).Status; got != step.want {
			t.Errorf("after %s the member is %s, want %s", step.verb, got, step.want)
		}
	}
	gone := providers.Request{Verb: doDelete, ID: "no-such-member", Company: acme}
	if _, err := b.kinds[model.Member].Do(t.Context(), gone); err != nil {
		t.Errorf("deletion of somebody who is gone: %v", err)
	}
	gone.Verb = doSuspend
	if _, err := b.kinds[model.Member].Do(t.Context(), gone); diag.ClassOf(err) != diag.NotFound {
		t.Errorf("suspension of somebody who is gone: %v", err)
	}
}

func TestAPendingMemberIsNotSuspended(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	id := b.create(model.Member, value.Object{"login_id": s("hong"), "last_name": s("홍"), "private_email": s("h@example.com"), "password": value.Object{"mode": s("member")}})
	if got := b.object(model.Member, id).Status; got != live.Pending {
		t.Fatalf("status %s", got)
	}
	_, err := b.kinds[model.Member].Do(t.Context(), providers.Request{Verb: doSuspend, ID: id, Company: acme})
	if diag.ClassOf(err) != diag.Invalid {
		t.Errorf("suspend: %v, want a refusal", err)
	}
}

func TestPasswordsAreResolvedAndHidden(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	r := providers.Request{Verb: doCreate, Company: acme, Attrs: value.Object{
		"login_id": s("hong"), "last_name": s("홍"),
		"password": value.Object{"mode": s("admin"), "value": value.Secret("env:PW"), "change_at_next_login": value.Bool(false)},
	}}
	if _, err := b.kinds[model.Member].Do(t.Context(), r); diag.ClassOf(err) != diag.Internal {
		t.Errorf("without a resolver: %v", err)
	}
	const canary = "canary-Pw-1" // accepted nowhere: no resolver may leak it
	r.Secret = func(h value.Secret) (string, error) {
		if h != "env:PW" {
			return "", fmt.Errorf("asked for %s", h)
		}
		return canary, nil
	}
	result, err := b.kinds[model.Member].Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Attrs["login_id"] = s("hong") // taken: the error must not show the password
	_, err = b.kinds[model.Member].Do(t.Context(), r)
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v %v", err, err, result), canary) {
		t.Errorf("second creation: %v", err)
	}
	if result.Attrs["password"] != nil {
		t.Error("the password is among the live attributes")
	}
}

func TestAMembersPostsKeepWhatIsUnmanaged(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme, lab)
	for kind := range b.kinds {
		b.list(kind)
	}
	grades, places := b.two(model.JobGrade), b.two(model.Position)
	units := b.two(model.OrgUnit)
	other := b.do(model.OrgUnit, providers.Request{Verb: doCreate, Company: lab, Attrs: value.Object{"name": s("연구소")}}).ID
	post := func(unit string, more value.Object) value.Object {
		o := value.Object{"org_unit": s(unit)}
		for name, v := range more {
			o[name] = v
		}
		return o
	}
	id := b.create(model.Member, value.Object{
		"login_id": s("hong"), "last_name": s("홍"), "private_email": s("h@example.com"), "job_grade": s(grades[0]),
		"belongs_to": value.List{
			post(units[0], value.Object{"primary": value.Bool(true), "position": s(places[0]), "visible": value.Bool(false)}),
			post(other, value.Object{"head": value.Bool(true)}),
		},
	})
	b.again() // nothing is known of the units: their company is asked for
	if _, err := b.kinds[model.Member].Do(t.Context(), providers.Request{Verb: doPatch, ID: id, Company: acme, Attrs: value.Object{
		"belongs_to": value.List{post(units[1], value.Object{"primary": value.Bool(true)}), post(units[0], value.Object{"primary": value.Bool(false)}), post(other, nil)},
	}}); err != nil {
		t.Fatal(err)
	}
	o := b.object(model.Member, id)
	if o.Attrs["job_grade"] != s(grades[0]) {
		t.Errorf("the grade is %v", o.Attrs["job_grade"])
	}
	want := value.List{
		post(units[1], value.Object{"primary": value.Bool(true), "head": value.Bool(false), "visible": value.Bool(true), "team_features": value.Bool(true)}),
		post(units[0], value.Object{"primary": value.Bool(false), "head": value.Bool(false), "visible": value.Bool(false), "team_features": value.Bool(true), "position": s(places[0])}),
		post(other, value.Object{"primary": value.Bool(false), "head": value.Bool(true), "visible": value.Bool(true), "team_features": value.Bool(true)}),
	}
	a, _ := schemaOf(t, model.Member).Attr("belongs_to")
	if !same(a, o.Attrs["belongs_to"], want) {
		t.Errorf("posts\n%v\nwant\n%v", o.Attrs["belongs_to"], want)
	}
	if n := len(b.list(model.Member)); n != 2 {
		t.Errorf("%d members are listed, want the administrator and one", n)
	}
}

func TestUnitsAreWhereTheyWerePut(t *testing.T) {
	b := newBench(t, sandbox.Options{Switches: sandbox.Switches{"orgunit-order": "random", "orgunit-patch-without-email": "rejected"}}, acme)
	b.list(model.OrgUnit)
	put := func(name string, place *providers.Place, more value.Object) string {
		attrs := value.Object{"name": s(name)}
		for k, v := range more {
			attrs[k] = v
		}
		r := providers.Request{Verb: doCreate, Attrs: attrs, Place: place}
		return b.do(model.OrgUnit, r).ID
	}
	hq := put("hq", nil, nil)
	c := put("c", &providers.Place{Parent: hq, Last: true}, nil)
	a := put("a", &providers.Place{Parent: hq}, nil)
	bb := put("b", &providers.Place{Parent: hq, After: a}, nil)
	hidden := put("hidden", nil, value.Object{"visible": value.Bool(false)})
	below := put("below", &providers.Place{Parent: hidden}, nil)
	if b.object(model.OrgUnit, below).Attrs["visible"] != value.Value(value.Bool(false)) {
		t.Error("a unit below a hidden one is visible")
	}
	if got := b.order(hq); got != "a b c" {
		t.Fatalf("order %q", got)
	}
	b.do(model.OrgUnit, providers.Request{Verb: doPlace, ID: a, Place: &providers.Place{Parent: hq, After: c}})
	b.do(model.OrgUnit, providers.Request{Verb: doPatch, ID: bb, Attrs: value.Object{"name": s("bb")}})
	if got := b.order(hq); got != "bb c a" {
		t.Errorf("order %q", got)
	}
	b.do(model.OrgUnit, providers.Request{Verb: doPlace, ID: c, Place: &providers.Place{}})
	b.do(model.OrgUnit, providers.Request{Verb: doDelete, ID: bb})
	b.do(model.OrgUnit, providers.Request{Verb: doDelete, ID: bb}) // again
	d := put("d", &providers.Place{Parent: hq, After: a}, nil)
	b.do(model.OrgUnit, providers.Request{Verb: doPatch, ID: d, Attrs: value.Object{"parent": s(hidden), "visible": value.Bool(false)}})
	if top, inner, last := b.order(""), b.order(hq), b.order(hidden); top != "c hq hidden" || inner != "a" || last != "below d" {
		t.Errorf("top %q, hq %q, hidden %q", top, inner, last)
	}
}

// order tells the names of a unit's children in order.
func (b *bench) order(parent string) string {
	var below []live.Object
	for _, o := range b.list(model.OrgUnit) {
		if value.Text(o.Attrs["parent"]) == parent {
			below = append(below, o)
		}
	}
	slices.SortFunc(below, func(x, y live.Object) int { return int(x.Attrs["order"].(value.Int) - y.Attrs["order"].(value.Int)) })
	var names []string
	for _, o := range below {
		names = append(names, value.Text(o.Attrs["name"]))
	}
	return strings.Join(names, " ")
}

func TestFind(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	for kind := range b.kinds {
		b.list(kind)
	}
	hq := b.create(model.OrgUnit, value.Object{"name": s("본사")})
	for _, c := range []struct {
		kind  string
		attrs value.Object
	}{
		{model.JobGrade, value.Object{"name": s("부장")}},
		{model.Position, value.Object{"name": s("팀장"), "external_key": s("P1")}},
		{model.UserType, value.Object{"name": s("정규직"), "external_key": s("T1")}},
		{model.OrgUnit, value.Object{"name": s("본사"), "parent": s(hq)}},
		{model.OrgUnit, value.Object{"name": s("영업"), "external_key": s("U1")}},
		{model.Member, value.Object{"login_id": s("hong"), "last_name": s("홍"), "private_email": s("h@example.com")}},
		{model.Member, value.Object{"login_id": s("kim"), "last_name": s("김"), "private_email": s("k@example.com"), "external_key": s("1002")}},
		{model.Group, value.Object{"name": s("TF")}},
	} {
		r := providers.Request{Verb: doCreate, Company: acme, Attrs: c.attrs}
		before, err := b.kinds[c.kind].Find(t.Context(), r)
		if err != nil || len(before) != 0 {
			t.Errorf("%s %v before its creation: %v, %v", c.kind, c.attrs, before, err)
		}
		if c.kind == model.Group {
			c.attrs["administrators"] = texts(b.list(model.Member)[0].ID)
		}
		id := b.create(c.kind, c.attrs)
		found, err := b.kinds[c.kind].Find(t.Context(), r)
		if err != nil || len(found) != 1 || found[0].ID != id {
			t.Errorf("%s %v: found %v, %v, want %s", c.kind, c.attrs, found, err, id)
		}
	}
}

func TestListsSayWhyTheyAreRefused(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	if err := b.client.DisablePositions(t.Context(), acme.DomainID); err != nil {
		t.Fatal(err)
	}
	_, err := b.kinds[model.Position].List(t.Context(), nil)
	if diag.ClassOf(err) != diag.Denied || !strings.Contains(err.Error(), "tenant.features") {
		t.Errorf("List: %v, want the way out", err)
	}
	b.tenant.Features.Positions = false
	b.again()
	b.sent()
	if objs, err := b.kinds[model.Position].List(t.Context(), nil); err != nil || len(objs) != 0 || len(b.sent()) != 0 {
		t.Errorf("List of a feature that is off: %v, %v", objs, err)
	}
}

func TestCallsNameTheirWriters(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	for _, c := range []struct {
		kind string
		r    providers.Request
		want []lanes.Call
	}{
		{model.Member, providers.Request{Verb: doCreate}, []lanes.Call{{Op: "user-create"}}},
		{model.Member, providers.Request{Verb: doRelease, ID: "M", Attrs: value.Object{"login_id": s("x1")}}, []lanes.Call{{Op: "user-update-patch", Writer: "user M"}}},
		{model.Member, providers.Request{Verb: doPatch, ID: "M", Attrs: value.Object{"last_name": s("x")}}, []lanes.Call{{Op: "user-get"}, {Op: "user-update-patch", Writer: "user M"}}},
		{model.Member, providers.Request{Verb: doPatch, ID: "M", Attrs: value.Object{"previous_keys": texts("x")}}, nil},
		{model.OrgUnit, providers.Request{Verb: doCreate, Place: &providers.Place{}}, []lanes.Call{{Op: "orgunit-create", Writer: "orgunits 10000001"}}},
		{model.OrgUnit, providers.Request{Verb: doPlace, ID: "U"}, []lanes.Call{{Op: "orgunit-move", Writer: "orgunits 10000001"}}},
		{model.Group, providers.Request{Verb: doPatch, ID: "G", Attrs: value.Object{"members": value.Edit{Add: texts("member:1")}}}, []lanes.Call{{Op: "group-get"}, {Op: "group-update-patch", Writer: "group G"}}},
		{model.JobGrade, providers.Request{Verb: doDelete, ID: "L"}, []lanes.Call{{Op: "directory-level-delete"}}},
	} {
		c.r.Company = acme
		if got := b.kinds[c.kind].Calls(c.r); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.kind, c.r.Verb, got, c.want)
		}
	}
}

func TestAStepThatMakesNoSenseIsAFault(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	for _, r := range []providers.Request{{Verb: doPatch}, {Verb: doSuspend, ID: "x"}, {Verb: doPlace, ID: "x"}, {Verb: "record", ID: "x"}} {
		if _, err := b.kinds[model.JobGrade].Do(t.Context(), r); diag.ClassOf(err) != diag.Internal {
			t.Errorf("%s: %v", r.Verb, err)
		}
	}
}

func TestVerbsAreThePlanners(t *testing.T) {
	for ours, planners := range map[string]planner.Verb{
		doCreate: planner.DoCreate, doPatch: planner.DoPatch, doRelease: planner.DoRelease, doPlace: planner.DoPlace,
		doSuspend: planner.DoSuspend, doUnsuspend: planner.DoUnsuspend, doDelete: planner.DoDelete, doUndelete: planner.DoUndelete,
	} {
		if ours != string(planners) {
			t.Errorf("the planner writes %q, the provider reads %q", planners, ours)
		}
	}
}

// TestAUnitBelowOneMadeVisibleIsVisible: what is created without saying so is as
// visible as the unit above is now, not as it was listed.
func TestAUnitBelowOneMadeVisibleIsVisible(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	b.list(model.OrgUnit)
	top := b.create(model.OrgUnit, value.Object{"name": s("top"), "visible": value.Bool(false)})
	for _, visible := range []value.Bool{true, false} {
		b.do(model.OrgUnit, providers.Request{Verb: doPatch, ID: top, Attrs: value.Object{"visible": visible}})
		r := providers.Request{Verb: doCreate, Attrs: value.Object{"name": s("below")}, Place: &providers.Place{Parent: top, Last: true}}
		below := b.do(model.OrgUnit, r).ID
		if got := b.object(model.OrgUnit, below).Attrs["visible"]; got != value.Value(visible) {
			t.Errorf("below a unit with visible = %v it is %v", visible, got)
		}
		b.do(model.OrgUnit, providers.Request{Verb: doDelete, ID: below})
	}
}
