package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// Random companies follow one another on one tenant: names, keys, offices, units
// and people wander, leave and return. Whatever the plan does not refuse is
// carried out, leaves nothing to do, and loses nobody.
func TestRandomCompanies(t *testing.T) {
	key := privateKey(t)
	done, refused := 0, map[string]int{}
	for seed := range uint64(24) {
		w := newWorld(t, key, sandbox.Options{SeedValue: seed})
		g := &generator{r: rand.New(rand.NewPCG(seed, 7))}
		known := map[string]string{} // ID → login ID, of everybody ever seen
		for round := range 6 {
			list := w.reach(fmt.Sprintf("seed %d round %d", seed, round), g.company())
			for _, d := range list {
				if d.Severity.String() == "error" {
					refused[d.Code]++
				}
			}
			if list == nil {
				done++
			}
			g.signIn(w)
			now := w.people()
			for id, login := range known {
				if now[id] == nil {
					t.Fatalf("seed %d round %d: %s (%s) was lost", seed, round, login, id)
				}
			}
			for id, u := range now {
				known[id] = u.Email
			}
			if v := w.server.Violations(); len(v) > 0 {
				t.Fatalf("seed %d round %d: careless calls: %v", seed, round, v)
			}
		}
	}
	t.Log("carried out:", done, "refused:", refused)
	if done < 50 {
		t.Errorf("only %d of 144 companies were reached; refused: %v", done, refused)
	}
}

// generator writes configurations over a small set of names, so that they clash
// and change hands all the time.
type generator struct {
	r    *rand.Rand
	mail []int
}

func (g *generator) some(n int, share float64) []int {
	var out []int
	for _, i := range g.r.Perm(n) {
		if g.r.Float64() < share {
			out = append(out, i)
		}
	}
	return out
}

func (g *generator) half() bool { return g.r.IntN(2) == 0 }

func (g *generator) most() bool { return g.r.IntN(12) > 0 }

func (g *generator) name() string {
	n := g.mail[0]
	g.mail = g.mail[1:]
	return fmt.Sprintf("name%d", n)
}

func (g *generator) pick(values ...string) string { return values[g.r.IntN(len(values))] }

func (g *generator) names(share float64) string {
	var out []string
	for range 2 {
		if g.r.Float64() < share {
			out = append(out, fmt.Sprintf("%q", g.name()))
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// one of the objects of a kind, or clear.
func (g *generator) ref(kind string, list []int) string {
	if len(list) == 0 || g.r.IntN(3) == 0 {
		return "clear"
	}
	return fmt.Sprintf("%s.x%d", kind, list[g.r.IntN(len(list))])
}

func (g *generator) refs(kind string, list []int, share float64) string {
	var out []string
	for _, i := range list {
		if g.r.Float64() < share {
			out = append(out, fmt.Sprintf("%s.x%d", kind, i))
		}
	}
	return strings.Join(out, ", ")
}

func (g *generator) company() string {
	g.mail = g.r.Perm(110)
	var b strings.Builder
	titles := g.r.Perm(9)
	grades, positions, types := g.some(3, 0.8), g.some(2, 0.9), g.some(2, 0.8)
	for n, i := range grades {
		fmt.Fprintf(&b, "job_grade \"x%d\" {\n  name = \"g%d\"\n  executive = %v\n}\n", i, titles[n], g.half())
	}
	for n, i := range positions {
		fmt.Fprintf(&b, "position \"x%d\" {\n  name = \"p%d\"\n  names = %s\n}\n", i, titles[n], g.pick(`{ en_US = "P" }`, `{ ja_JP = "長" }`, "clear"))
	}
	for n, i := range types {
		fmt.Fprintf(&b, "user_type \"x%d\" { name = \"t%d\" }\n", i, titles[n])
	}
	units := g.some(6, 0.85)
	if len(units) == 0 {
		units = []int{0}
	}
	g.units(&b, units)
	people := g.some(6, 0.85)
	g.people(&b, people, units, grades, positions, types)
	g.groups(&b, people, units)
	return b.String()
}

func (g *generator) units(b *strings.Builder, units []int) {
	keys := g.r.Perm(8)
	for n, i := range units {
		parent := "clear"
		if n > 0 && g.r.IntN(4) > 0 {
			parent = fmt.Sprintf("org_unit.x%d", units[g.r.IntN(n)])
		}
		fmt.Fprintf(b, "org_unit \"x%d\" {\n  name = \"unit %d\"\n  parent = %s\n  aliases = %s\n  description = %s\n", i, i, parent, g.names(0.2), g.pick("clear", `"하나"`, `"둘"`))
		if g.most() {
			fmt.Fprintf(b, "  email = %q\n", g.name())
		}
		if g.most() {
			fmt.Fprintf(b, "  external_key = \"U%d\"\n", keys[n])
		}
		if g.r.IntN(4) == 0 {
			fmt.Fprintf(b, "  order = %d\n", 1+g.r.IntN(3))
		}
		b.WriteString("}\n")
	}
}

func (g *generator) people(b *strings.Builder, people, units, grades, positions, types []int) {
	headed := map[int]bool{}
	keys := g.r.Perm(8)
	for n, i := range people {
		fmt.Fprintf(b, "member \"x%d\" {\n  login_id = %q\n  last_name = \"김%d\"\n  aliases = %s\n", i, g.name(), i, g.names(0.25))
		fmt.Fprintf(b, "  private_email = \"p%d@example.com\"\n  employee_number = %s\n", i, g.pick("clear", fmt.Sprintf("\"E%d\"", i)))
		fmt.Fprintf(b, "  job_grade = %s\n  user_type = %s\n", g.ref("job_grade", grades), g.ref("user_type", types))
		fmt.Fprintf(b, "  first_name = %s\n  nickname = %s\n  cell_phone = %s\n", g.pick("clear", `"하나"`), g.pick("clear", `"별"`), g.pick("clear", fmt.Sprintf("\"010-%d\"", i)))
		fmt.Fprintf(b, "  names = %s\n", g.pick("clear", `{ en_US = { last = "Kim" } }`, `{ en_US = { last = "Kim", first = "H" }, ja_JP = { last = "金" } }`))
		if g.most() {
			fmt.Fprintf(b, "  external_key = \"K%d\"\n", keys[n])
		}
		if g.r.IntN(4) == 0 {
			b.WriteString("  ownership = \"listed\"\n")
		}
		for p, u := range g.some(len(units), 0.4) {
			head := !headed[u] && g.half()
			headed[u] = headed[u] || head
			fmt.Fprintf(b, "  belongs_to {\n    org_unit = org_unit.x%d\n    head = %v\n    position = %s\n    primary = %v\n  }\n", units[u], head, g.ref("position", positions), p == 0)
		}
		fmt.Fprintf(b, "  lifecycle { on_remove = %q }\n}\n", g.pick("suspend", "suspend", "delete", "delete", "delete", "keep"))
	}
}

func (g *generator) groups(b *strings.Builder, people, units []int) {
	groups := g.some(3, 0.7)
	names := g.r.Perm(5)
	for n, i := range groups {
		if len(people) == 0 {
			return
		}
		masters := fmt.Sprintf("member.x%d", people[g.r.IntN(len(people))])
		members := []string{g.refs("member", people, 0.4), g.refs("org_unit", units, 0.3), g.refs("group", groups[:n], 0.4)}
		members = slicesWithout(members, "")
		fmt.Fprintf(b, "group \"x%d\" {\n  name = \"group %d\"\n  administrators = [%s]\n  members = [%s]\n  ownership = %q\n", i, names[n], masters, strings.Join(members, ", "), g.pick("exact", "listed"))
		if g.half() {
			fmt.Fprintf(b, "  use_mail = true\n  email = %q\n  senders = %s\n  aliases = %s\n", g.name(), g.pick("clear", "["+masters+"]"), g.names(0.3))
		}
		b.WriteString("}\n")
	}
}

func slicesWithout(list []string, drop string) []string {
	var out []string
	for _, s := range list {
		if s != drop {
			out = append(out, s)
		}
	}
	return out
}

// signIn lets some of those who may sign in do so.
func (g *generator) signIn(w *world) {
	w.Helper()
	for _, u := range w.people() {
		if u.IsPending && !u.IsDeleted && !u.IsSuspended && g.r.IntN(3) > 0 {
			if err := w.server.SignIn(u.UserID); err != nil {
				w.Fatal(err)
			}
		}
	}
}

// A leaver is suspended, waits for delete_after, is deleted by a later plan that
// says what is lost, and is the same person when the block returns, as long as
// the service can restore them.
func TestLeaverStages(t *testing.T) {
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1})
	staff := `member "lee" {
  login_id      = "lee"
  last_name     = "이"
  private_email = "lee@example.com"
}
`
	leaver := `member "kim" {
  external_key  = "1"
  login_id      = "kim"
  last_name     = "김"
  private_email = "kim@example.com"
  lifecycle {
    delete_after = "90d"
  }
}
`
	plan := func(text string) *planner.Plan {
		cfg, list := w.load(text)
		if list.HasErrors() {
			t.Fatal(list.Err())
		}
		p, _, _ := w.plan(cfg)
		return p
	}
	only := func(p *planner.Plan) planner.Change {
		t.Helper()
		if p.Diagnostics.HasErrors() || len(p.Changes) != 1 {
			t.Fatalf("want one change, have %v\n%s", p.Diagnostics.Err(), told(p))
		}
		return p.Changes[0]
	}
	w.must("both work here", staff+leaver)
	w.signIn("kim")
	w.signIn("lee")
	id := only(plan(staff)).ID
	w.must("kim leaves", staff)
	w.now = w.now.AddDate(0, 0, 89)
	if p := plan(staff); !p.Empty() {
		t.Errorf("on day 89:\n%s", told(p))
	}
	w.now = w.now.AddDate(0, 0, 1)
	if c := only(plan(staff)); c.Action != planner.Delete || c.ID != id || !strings.Contains(c.Reason, "lost for good") || !strings.Contains(c.Reason, "mailbox") {
		t.Errorf("on day 90: %s %s", c.Action, c.Reason)
	}
	w.must("kim is deleted", staff)
	if c := only(plan(staff + leaver)); c.Action != planner.Restore || c.ID != id {
		t.Errorf("within the deletion period: %s %s", c.Action, c.ID)
	}
	w.must("kim returns", staff+leaver)
	if u := w.people()[id]; u == nil || u.IsDeleted || u.IsSuspended {
		t.Errorf("kim after the return: %+v", u)
	}
	w.must("kim leaves again", staff)
	w.now = w.now.AddDate(0, 0, 91)
	w.must("and is deleted again", staff)
	if err := w.server.Advance(8 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.AddDate(0, 0, 8)
	w.must("nothing is left to remember", staff)
	if c := only(plan(staff + leaver)); c.Action != planner.Create {
		t.Errorf("after the deletion period: %s %s", c.Action, c.Reason)
	}
}
