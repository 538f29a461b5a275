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
	cases := []struct {
		name   string
		on     string
		status live.Status
		known  state.Status
		begun  bool
		want   string
		code   string
	}{
		{"before", "2026-03-03", live.InUse, state.Ready, false, "", ""},
		{"on the day", "2026-03-02", live.InUse, state.Ready, false, `suspend member.a["9"]: suspend`, ""},
		{"after it", "2026-02-01", live.InUse, state.Ready, false, `suspend member.a["9"]: suspend`, ""},
		{"done", "2026-02-01", live.Suspended, state.Retired, false, "", ""},
		{"done and cut off", "2026-02-01", live.Suspended, state.Ready, true, `suspend member.a["9"]: suspend`, ""},
		{"suspended by hand", "2026-02-01", live.Suspended, state.Ready, false, "", ""},
		{"taken back by hand", "2026-02-01", live.InUse, state.Retired, false, `suspend member.a["9"]: suspend`, ""},
		{"pending", "2026-02-01", live.Pending, state.Ready, false, "", "suspend.pending"},
		{"awaiting", "2026-02-01", live.Awaiting, state.Ready, false, "", "suspend.pending"},
		{"put off", "2026-04-01", live.Suspended, state.Retired, false, `restore member.a["9"]: unsuspend`, ""},
		{"put off and cut off", "2026-04-01", live.Suspended, state.Ready, true, `restore member.a["9"]: unsuspend`, ""},
		{"put off, suspended by hand", "2026-04-01", live.Suspended, state.Ready, false, "", ""},
		{"deleted by hand", "2026-02-01", live.Deleted, state.Ready, false, `suspend member.a["9"]: undelete suspend`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := twoCompanies()
			in := r.in.Wanted[12]
			if in.Addr != addr.Instance("member", "a", "9") {
				t.Fatal(in.Addr)
			}
			in.Attrs = maps.Clone(in.Attrs)
			in.Attrs["suspend_on"] = value.String(c.on)
			r.person("9").Status, r.known("9").Status = c.status, c.known
			if c.known == state.Retired {
				r.known("9").Suspended = r.in.Now.Add(-time.Hour)
			}
			if c.begun {
				r.known("9").Begun = []string{state.StatusName}
			}
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
