package planner_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// twoCompanies is the company with a second one that has a unit, and a group of two.
func twoCompanies() *real {
	r := newReal()
	r.company()
	lab := schema.Company{Label: "lab", Domain: "lab.co.kr", DomainID: 2}
	r.in.Tenant.Companies = append(r.in.Tenant.Companies, lab)
	unit := r.add("org_unit", "ai", value.Object{"name": value.String("AI팀"), "email": value.String("ai@lab.co.kr")})
	unit.Company = lab
	last := &r.in.State.Objects[len(r.in.State.Objects)-1]
	last.DomainID, last.Company = 2, "lab"
	units := r.in.Live.Objects["org_unit"]
	units[len(units)-1].DomainID = 2
	people := value.List{member("7"), member("8")}
	r.add("group", "tf", value.Object{"name": value.String("TF"), "members": people, "administrators": value.List{member("8")}})
	groups := r.in.Live.Objects["group"]
	groups[len(groups)-1].Attrs["members"] = value.List{value.String(`member:I-member.a["7"]`), value.String(`member:I-member.a["8"]`)}
	return r
}

func member(key string) value.Value { return value.ID(addr.Instance("member", "a", key)) }

// move lets a member be wanted in the second company.
func (r *real) move(key string, more value.Object) *schema.Instance {
	for _, in := range r.in.Wanted {
		if in.Addr != addr.Instance("member", "a", key) {
			continue
		}
		in.Company, in.Attrs = r.in.Tenant.Companies[1], maps.Clone(in.Attrs)
		delete(in.Attrs, "job_grade")
		in.Attrs["belongs_to"] = value.List{value.Object{"org_unit": value.ID(addr.Instance("org_unit", "a", "ai")), "primary": value.Bool(true)}}
		maps.Copy(in.Attrs, more)
		return in
	}
	return nil
}

func (r *real) person(key string) *live.Object {
	list := r.in.Live.Objects["member"]
	return &list[slices.IndexFunc(list, func(l live.Object) bool { return l.ID == fmt.Sprintf("I-member.a[%q]", key) })]
}

func (r *real) known(key string) *state.Object {
	list := r.in.State.Objects
	return &list[slices.IndexFunc(list, func(o state.Object) bool { return o.Address == addr.Instance("member", "a", key) })]
}

func verbs(c planner.Change) string {
	var out []string
	for _, s := range c.Steps {
		out = append(out, string(s.Verb))
	}
	return strings.Join(out, " ")
}

func told(p *planner.Plan) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, fmt.Sprintf("%s %s: %s", c.Action, c.Address, verbs(c)))
	}
	return strings.Join(out, "; ")
}

func TestMovesBetweenCompanies(t *testing.T) {
	cases := map[string]struct {
		do   func(r *real)
		want string
		code string
	}{
		"nobody": {func(*real) {}, "", ""},
		"one, who is in a group": {func(r *real) { r.move("7", nil) },
			`move member.a["7"]: relocate; update group.a["tf"]: patch`, "company.leaves"},
		"who keeps the groups": {func(r *real) { r.move("7", value.Object{"preserve_groups": value.Bool(true)}) },
			`move member.a["7"]: relocate`, ""},
		"with more to write": {func(r *real) { r.move("9", value.Object{"nickname": value.String("x"), "aliases": value.List{}}) },
			`move member.a["9"]: relocate patch`, ""},
		"an administrator":                      {func(r *real) { r.move("9", nil); r.person("9").Admin = true }, "", "company.refused"},
		"without posts":                         {func(r *real) { delete(r.move("9", nil).Attrs, "belongs_to") }, "", "company.refused"},
		"out of a company that nobody declares": {func(r *real) { r.move("9", nil); r.person("9").DomainID = 3 }, "", "company.refused"},
		"whom a removed listing still shows here": {func(r *real) {
			r.move("9", nil)
			r.known("9").DomainID, r.known("9").Applied = 2, r.in.Now
		}, "", ""},
		"a unit": {func(r *real) { r.in.Wanted[0].Company = r.in.Tenant.Companies[1] }, "", "company.changed"},
		"many": {func(r *real) {
			for i := range 3 {
				r.move(fmt.Sprint(20+i), nil)
			}
		}, `move member.a["20"]: ; move member.a["21"]: ; move member.a["22"]: `, "guard.member.company"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := twoCompanies()
			c.do(r)
			p := planner.Build(r.in)
			if got := told(p); got != c.want {
				t.Errorf("the plan is %q, want %q", got, c.want)
			}
			if got := codes(p); c.code == "" && len(got) > 0 || c.code != "" && got[c.code] != 1 {
				t.Errorf("it says %v", p.Diagnostics)
			}
		})
	}
}

// TestAMoveIsExpectedAsListed: what a plan relied on is compared with a listing, which
// shows addresses as they are in the old company, and groups as they are.
func TestAMoveIsExpectedAsListed(t *testing.T) {
	r := twoCompanies()
	r.move("7", nil)
	r.in.State.Lineage = "l"
	p := planner.Build(r.in)
	fresh := r.in.Live
	fresh.TakenAt = r.in.Now
	if list := planner.Stale(p, fresh, r.in.State); len(list) > 0 {
		t.Errorf("it is stale: %v", list)
	}
	r.person("7").DomainID = 2
	if list := planner.Stale(p, fresh, r.in.State); len(list) != 1 || !strings.Contains(list[0], "company was changed since") {
		t.Errorf("after the move by hand: %v", list)
	}
}

func TestSuspendOn(t *testing.T) {
	const suspend, restore = `suspend member.a["9"]: suspend`, `restore member.a["9"]: unsuspend`
	const past, future = "2026-02-01", "2026-04-01"
	isas := func(o *state.Object) { o.Suspended = noon.Add(-time.Hour) }
	left := func(o *state.Object) { o.Status, o.Suspended = state.Retired, noon.Add(-time.Hour) }
	begun := func(o *state.Object) { o.Begun = []string{state.StatusName} }
	deleted := func(o *state.Object) { o.Status, o.Deleted = state.Retired, noon.Add(-time.Hour) }
	none := func(*state.Object) {}
	cases := []struct {
		name   string
		on     string
		status live.Status
		known  func(*state.Object)
		want   string
		code   string
		drift  string
	}{
		{"before", "2026-03-03", live.InUse, none, "", "", ""},
		{"on the day", "2026-03-02", live.InUse, none, suspend, "", ""},
		{"after it", past, live.InUse, none, suspend, "", ""},
		{"done", past, live.Suspended, isas, "", "", ""},
		{"done and cut off", past, live.Suspended, begun, suspend, "", ""},
		{"suspended by hand", past, live.Suspended, none, "", "", ""},
		{"taken back by hand", past, live.InUse, isas, suspend, "", "suspended → in_use, reverted"},
		{"pending", past, live.Pending, none, "", "suspend.pending", ""},
		{"awaiting", past, live.Awaiting, none, "", "suspend.pending", ""},
		{"put off", future, live.Suspended, isas, restore, "", ""},
		{"put off and cut off", future, live.Suspended, begun, restore, "", ""},
		{"put off, suspended by hand", future, live.Suspended, none, "", "", "in_use → suspended"},
		{"a leaver whose row is back", past, live.Suspended, left, `update member.a["9"]: record`, "", ""},
		{"a leaver whose row is back with a later day", future, live.Suspended, left, restore, "", ""},
		{"deleted by hand", past, live.Deleted, none, "", "suspend.deleted", "in_use → deleted"},
		{"done, and deleted by hand", past, live.Deleted, isas, "", "suspend.deleted", "suspended → deleted"},
		{"done, and gone for good", past, "", isas, "", "suspend.deleted", ""},
		{"deleted by hand, and put off", future, live.Deleted, isas, `restore member.a["9"]: undelete unsuspend`, "", ""},
		{"gone for good, and put off", future, "", isas, `create member.a["9"]: create`, "", ""},
		{"deleted by isa, and the row is back", past, live.Deleted, deleted, `suspend member.a["9"]: undelete suspend`, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := twoCompanies()
			r.due(t, "9", c.on)
			r.person("9").Status = c.status
			if c.status == "" {
				r.vanish("9")
			}
			c.known(r.known("9"))
			p := planner.Build(r.in)
			if got := told(p); got != c.want {
				t.Errorf("the plan is %q, want %q", got, c.want)
			}
			if got := codes(p); c.code == "" && len(got) > 0 || c.code != "" && got[c.code] != 1 {
				t.Errorf("it says %v", p.Diagnostics)
			}
			if got := drifts(p); got != c.drift {
				t.Errorf("the drift is %q, want %q", got, c.drift)
			}
		})
	}
}

// TestWhomIsaNeverKnewIsNotRestoredToBeSuspended: an account that somebody deleted, and that
// the state does not know, is left alone when the day of its block is over.
func TestWhomIsaNeverKnewIsNotRestoredToBeSuspended(t *testing.T) {
	for on, want := range map[string]string{"2026-02-01": "", "2026-04-01": `restore member.a["9"]: undelete`} {
		r := twoCompanies()
		r.due(t, "9", on)
		r.person("9").Status = live.Deleted
		r.in.State.Objects = slices.DeleteFunc(r.in.State.Objects, func(o state.Object) bool { return o.Address == addr.Instance("member", "a", "9") })
		p := planner.Build(r.in)
		if got, said := told(p), codes(p)["suspend.deleted"]; !strings.HasPrefix(got, want) || want == "" && got != "" || said == 1 != (want == "") {
			t.Errorf("%s: the plan is %q and says %v", on, got, p.Diagnostics)
		}
	}
}

// noon is the moment of the tests' plans.
var noon = newReal().in.Now

// due gives a declared person the day on which they are to be suspended.
func (r *real) due(t *testing.T, key, on string) *schema.Instance {
	t.Helper()
	i := slices.IndexFunc(r.in.Wanted, func(in *schema.Instance) bool { return in.Addr == addr.Instance("member", "a", key) })
	in := r.in.Wanted[i]
	in.Attrs = maps.Clone(in.Attrs)
	in.Attrs["suspend_on"] = value.String(on)
	known := r.known(key)
	known.Attrs = maps.Clone(known.Attrs)
	known.Attrs["suspend_on"] = value.String(on)
	return in
}

func (r *real) vanish(key string) {
	gone := *r.person(key)
	r.in.Live.Objects["member"] = slices.DeleteFunc(r.in.Live.Objects["member"], func(l live.Object) bool { return l.ID == gone.ID })
}

func (r *real) unwanted(key string) {
	r.in.Wanted = slices.DeleteFunc(r.in.Wanted, func(in *schema.Instance) bool { return in.Addr == addr.Instance("member", "a", key) })
}

func drifts(p *planner.Plan) string {
	var out []string
	for _, d := range p.Drift {
		text := value.Text(d.Applied) + " → " + value.Text(d.Live)
		if d.Reverted {
			text += ", reverted"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// TestWhoIsSuspendedByADayLeavesLikeAnybody: the block of somebody whom isa suspended is
// a block: protection holds, a later plan deletes, and what leavers give up is given up.
func TestWhoIsSuspendedByADayLeavesLikeAnybody(t *testing.T) {
	long := 325 * 24 * time.Hour
	cases := map[string]struct {
		do   func(r *real, o *state.Object)
		want string
		code string
	}{
		"leaves": {func(*real, *state.Object) {}, `suspend member.a["9"]: suspend`, ""},
		"long after": {func(_ *real, o *state.Object) {
			o.Lifecycle.DeleteAfter, o.Suspended = 90, o.Suspended.Add(-long)
		}, `suspend member.a["9"]: suspend`, ""},
		"protected": {func(_ *real, o *state.Object) { o.Lifecycle.Protect = true }, "", "guard.protected"},
		"protected, and a removed block": {func(r *real, o *state.Object) {
			o.Lifecycle.Protect = true
			r.in.Removals = []schema.Removal{{From: o.Address, Action: schema.RemoveDelete}}
		}, "", "guard.protected"},
		"a head of a unit": {func(r *real, _ *state.Object) {
			r.person("9").Attrs["belongs_to"] = value.List{value.Object{"org_unit": value.String(r.in.Live.Objects["org_unit"][0].ID), "primary": value.Bool(true), "head": value.Bool(true)}}
		}, `suspend member.a["9"]: release suspend`, ""},
		"the plan after that": {func(_ *real, o *state.Object) {
			o.Status, o.Lifecycle.DeleteAfter = state.Retired, 90
		}, "", ""},
		"and 90 days after": {func(_ *real, o *state.Object) {
			o.Status, o.Lifecycle.DeleteAfter, o.Suspended = state.Retired, 90, o.Suspended.Add(-long)
		}, `delete member.a["9"]: delete`, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := twoCompanies()
			r.due(t, "9", "2026-02-01")
			r.unwanted("9")
			r.person("9").Status = live.Suspended
			known := r.known("9")
			known.Suspended = r.in.Now.Add(-time.Hour)
			known.Lifecycle.OnRemove = ""
			c.do(r, known)
			p := planner.Build(r.in)
			if got := told(p); got != c.want {
				t.Errorf("the plan is %q, want %q", got, c.want)
			}
			if got := codes(p); c.code == "" && len(got) > 0 || c.code != "" && got[c.code] != 1 {
				t.Errorf("it says %v", p.Diagnostics)
			}
			for _, ch := range p.Changes {
				if _, names := ch.Managed["suspend_on"]; names {
					t.Errorf("the state would take a leaver for somebody declared: %v", ch.Managed)
				}
			}
		})
	}
}

// TestNobodyNamesWhoIsDeletedBehindTheirDay: groups let go of whom the plan leaves alone,
// and what cannot be without them is left out; the rest of the tenant is planned.
func TestNobodyNamesWhoIsDeletedBehindTheirDay(t *testing.T) {
	r := twoCompanies()
	r.due(t, "7", "2026-02-01")
	r.known("7").Suspended = r.in.Now.Add(-time.Hour)
	r.vanish("7")
	groups := r.in.Live.Objects["group"]
	groups[len(groups)-1].Attrs["members"] = value.List{value.String(`member:I-member.a["8"]`)}
	p := planner.Build(r.in)
	if got := told(p); got != "" || p.Diagnostics.HasErrors() || codes(p)["suspend.deleted"] != 1 {
		t.Errorf("the plan is %q and says %v", got, p.Diagnostics)
	}
	if _, e := planner.Explain(r.in, r.known("7").Address); !strings.Contains(e.Verdict, "the account is deleted") {
		t.Errorf("it is explained as %q", e.Verdict)
	}
}

// TestWhatIsRestoredIsNoDrift: whom the plan takes back is not said to be left alone.
func TestWhatIsRestoredIsNoDrift(t *testing.T) {
	r := twoCompanies()
	r.person("9").Status, r.known("9").Begun = live.Suspended, []string{state.StatusName}
	p := planner.Build(r.in)
	if p.Summary.Restore != 1 || len(p.Drift) > 0 {
		t.Errorf("%q, drift %q", told(p), drifts(p))
	}
}

// TestWhatCannotBeReadIsWrittenAgainWhenItWasCutOff: the value that the state has may not
// be the one at the service.
func TestWhatCannotBeReadIsWrittenAgainWhenItWasCutOff(t *testing.T) {
	for _, begun := range [][]string{nil, {"external_chat_works"}} {
		r := twoCompanies()
		in := r.due(t, "9", "2026-04-01")
		in.Attrs["external_chat_works"] = value.Bool(false)
		r.known("9").Attrs["external_chat_works"] = value.Bool(false)
		r.known("9").Begun = begun
		p := planner.Build(r.in)
		want := ""
		if begun != nil {
			want = `update member.a["9"]: patch`
		}
		if got := told(p); got != want {
			t.Errorf("begun %q: the plan is %q, want %q", begun, got, want)
		}
	}
}

// TestTheDayIsThatOfSeoulOrAsOf: in the evening of London it is tomorrow.
func TestTheDayIsThatOfSeoulOrAsOf(t *testing.T) {
	for asOf, want := range map[string]int{"": 1, "2026-03-02": 0, "2026-03-03": 1} {
		r := twoCompanies()
		r.in.Now, r.in.AsOf = time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC), asOf
		in := r.in.Wanted[12]
		in.Attrs = maps.Clone(in.Attrs)
		in.Attrs["suspend_on"] = value.String("2026-03-03")
		if p := planner.Build(r.in); p.Summary.Suspend != want {
			t.Errorf("as of %q: %+v", asOf, p.Summary)
		}
	}
}

func TestRegistrationsThatExpire(t *testing.T) {
	for days, want := range map[int]string{0: "", 22: "", 23: "7 days left", 29: "1 day left", 30: "expired", 90: "expired"} {
		r := twoCompanies()
		r.person("9").Status = live.Pending
		r.known("9").Created = r.in.Now.AddDate(0, 0, -days)
		p := planner.Build(r.in)
		said := ""
		for _, d := range p.Diagnostics {
			said = d.Detail
		}
		if want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%d days later: %q, want %q", days, said, want)
		}
	}
}

// TestMovesAreCountedWhereTheyBegin: each mover counts in the company that they are in,
// and once: the posts that a move ends are no loss of their own.
func TestMovesAreCountedWhereTheyBegin(t *testing.T) {
	r := twoCompanies()
	people := len(r.in.Live.Objects["member"])
	for i := range 3 {
		key := fmt.Sprint(20 + i)
		r.move(key, nil)
		posts := r.person(key).Attrs["belongs_to"].(value.List)
		second := maps.Clone(posts[0].(value.Object))
		second["org_unit"] = value.String(`I-org_unit.a["ai"]`)
		r.person(key).Attrs = maps.Clone(r.person(key).Attrs)
		r.person(key).Attrs["belongs_to"] = append(slices.Clone(posts), second)
	}
	p := planner.Build(r.in)
	var got []string
	for _, h := range p.Headroom {
		got = append(got, fmt.Sprintf("%s %d of %d", h.Code, h.Count, h.Of))
	}
	if want := []string{fmt.Sprintf("member.company 3 of %d", people)}; !slices.Equal(got, want) {
		t.Errorf("it counts %v, want %v", got, want)
	}
}
