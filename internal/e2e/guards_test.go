package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// office is a company of six people, units and groups, each object with arguments
// that a test may change.
type office map[string]map[string]string

func newOffice() office {
	o := office{}
	for i := range 6 {
		o[fmt.Sprintf(`job_grade "g%d"`, i)] = map[string]string{"name": fmt.Sprintf("%q", fmt.Sprint("grade ", i))}
		o[fmt.Sprintf(`org_unit "u%d"`, i)] = map[string]string{"name": fmt.Sprintf("%q", fmt.Sprint("unit ", i))}
		o[fmt.Sprintf(`group "t%d"`, i)] = map[string]string{
			"name": fmt.Sprintf("%q", fmt.Sprint("group ", i)), "ownership": `"exact"`,
			"administrators": "[member.m0, member.m1]", "members": "[member.m0, org_unit.u0]",
		}
		o[fmt.Sprintf(`member "m%d"`, i)] = map[string]string{
			"external_key": fmt.Sprintf(`"K%d"`, i), "login_id": fmt.Sprintf(`"login%d"`, i), "last_name": fmt.Sprintf(`"김%d"`, i),
			"first_name": `"하나"`, "private_email": fmt.Sprintf(`"p%d@example.com"`, i), "cell_phone": fmt.Sprintf(`"010-%d"`, i),
			"employee_number": fmt.Sprintf(`"E%d"`, i), "nickname": `"별명"`, "aliases": fmt.Sprintf(`["alias%d"]`, i),
			"belongs_to 1": "{ org_unit = org_unit.u1 }", "belongs_to 2": "{ org_unit = org_unit.u2 }",
		}
	}
	return o
}

func (o office) String() string {
	var b strings.Builder
	for _, head := range slices.Sorted(maps.Keys(o)) {
		fmt.Fprintf(&b, "%s {\n", head)
		for _, name := range slices.Sorted(maps.Keys(o[head])) {
			if block, _, ok := strings.Cut(name, " "); ok {
				fmt.Fprintf(&b, "  %s %s\n", block, o[head][name])
			} else {
				fmt.Fprintf(&b, "  %s = %s\n", name, o[head][name])
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// Every guard lets pass exactly its limit, refuses one more, and is lifted by
// --allow for the count that there is and for none less.
func TestGuardsAtTheLimit(t *testing.T) {
	set := func(kind, name, format string) func(office, int) {
		return func(o office, i int) {
			text := format
			if strings.Contains(format, "%") {
				text = fmt.Sprintf(format, i)
			}
			o[fmt.Sprintf("%s%d\"", kind, i)][name] = text
		}
	}
	drop := func(kind string) func(office, int) {
		return func(o office, i int) { delete(o, fmt.Sprintf("%s%d\"", kind, i)) }
	}
	families := map[string]func(o office, i int){
		"member.removal":               drop(`member "m`),
		"org_unit.removal":             drop(`org_unit "u`),
		"group.removal":                drop(`group "t`),
		"job_grade.removal":            drop(`job_grade "g`),
		"member.login_id":              set(`member "m`, "login_id", `"other%d"`),
		"member.name":                  set(`member "m`, "first_name", `"둘"`),
		"member.key":                   set(`member "m`, "external_key", `"X%d"`),
		"member.private_email":         set(`member "m`, "private_email", `"q%d@example.com"`),
		"member.phone":                 set(`member "m`, "cell_phone", `"020-%d"`),
		"member.employee_number":       set(`member "m`, "employee_number", `"F%d"`),
		"member.cleared":               set(`member "m`, "nickname", "clear"),
		"group.members.removal":        set(`group "t`, "members", "[member.m0]"),
		"group.administrators.removal": set(`group "t`, "administrators", "[member.m0]"),
		"member.primary_unit":          set(`member "m`, "belongs_to 2", "{\n org_unit = org_unit.u2\n primary = true\n }"),
		"member.belongs_to.removal":    func(o office, i int) { delete(o[fmt.Sprintf("member \"m%d\"", i)], "belongs_to 2") },
		"member.invitation": func(o office, i int) {
			o[fmt.Sprintf("member \"new%d\"", i)] = map[string]string{
				"login_id": fmt.Sprintf(`"new%d"`, i), "last_name": `"새"`, "private_email": fmt.Sprintf(`"new%d@example.com"`, i),
			}
		},
		"identity.reuse": func(o office, i int) {
			o[fmt.Sprintf("member \"m%d\"", i)]["aliases"] = fmt.Sprintf(`["alias%d"]`, i+1)
			o[fmt.Sprintf("member \"m%d\"", i+1)]["aliases"] = "[]"
		},
		"identity.replaced": func(o office, i int) {
			m := o[fmt.Sprintf("member \"m%d\"", i)]
			for name, text := range map[string]string{
				"login_id": "other%d", "last_name": "박%d", "first_name": "새%d", "private_email": "q%d@example.com", "cell_phone": "020-%d", "employee_number": "F%d",
			} {
				m[name] = fmt.Sprintf("%q", fmt.Sprintf(text, i))
			}
			m["aliases"] = "[]"
		},
	}
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1})
	w.must("the office", newOffice().String())
	for i := range 6 {
		w.signIn(fmt.Sprint("login", i))
	}
	first := map[string]int{"org_unit.removal": 3, "member.removal": 2} // those that nothing needs
	for code, change := range families {
		t.Run(code, func(t *testing.T) {
			after := func(n int) *config.Config {
				o := newOffice()
				for i := range n {
					change(o, first[code]+i)
				}
				cfg, list := w.load(o.String())
				if list.HasErrors() {
					t.Fatal(list.Err())
				}
				return cfg
			}
			counts := func(n, limit, allow int) bool {
				in := w.input(after(n))
				in.Guards = slices.DeleteFunc(in.Guards, func(g planner.Guard) bool { return g.Code == code })
				in.Guards = append(in.Guards, planner.Guard{Code: code, MaxCount: &limit})
				if allow > 0 {
					in.Allow = map[string]int{code: allow}
				}
				p := planner.Build(in)
				refused := p.Diagnostics.HasErrors()
				for _, d := range p.Diagnostics {
					if d.Severity == diag.Error && d.Code != "guard."+code {
						t.Fatalf("refused for another reason: %v", p.Diagnostics.Err())
					}
				}
				for _, use := range p.Headroom {
					if use.Code == code && use.Count != n {
						t.Errorf("%d changes are counted as %d", n, use.Count)
					}
				}
				return refused
			}
			for _, c := range []struct {
				n, limit, allow int
				refused         bool
			}{{2, 2, 0, false}, {3, 2, 0, true}, {3, 2, 2, true}, {3, 2, 3, false}, {3, 3, 0, false}, {1, 0, 0, true}} {
				if refused := counts(c.n, c.limit, c.allow); refused != c.refused {
					t.Errorf("%d changes, limit %d, allowed %d: refused %v", c.n, c.limit, c.allow, refused)
				}
			}
		})
	}
}
