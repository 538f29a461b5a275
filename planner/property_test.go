package planner

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// world makes random wanted companies over a small set of names, so that names
// clash, swap and wander all the time.
type world struct {
	r     *rand.Rand
	kinds []*schema.Kind
}

func (w *world) inst(kind int, key string, seq int, attrs value.Object) *schema.Instance {
	k := w.kinds[kind]
	in := &schema.Instance{Addr: addr.Instance(k.Type, "a", key), Kind: k, Company: acme, Attrs: attrs, Seq: seq}
	if k.Person {
		in.Lifecycle.OnRemove = []string{"", "suspend", "delete", "keep"}[w.r.IntN(4)]
	}
	return in
}

func (w *world) some(n int, share float64) []int {
	var out []int
	for _, i := range w.r.Perm(n) {
		if w.r.Float64() < share {
			out = append(out, i)
		}
	}
	return out
}

func (w *world) make() []*schema.Instance {
	var out []*schema.Instance
	seq := 0
	add := func(kind int, key string, attrs value.Object) *schema.Instance {
		seq++
		in := w.inst(kind, key, seq, attrs)
		out = append(out, in)
		return in
	}
	names := w.r.Perm(12)
	mail := w.r.Perm(40)
	next := func() value.String {
		m := mail[0]
		mail = mail[1:]
		return value.String(fmt.Sprintf("m%d", m))
	}
	grades := w.some(4, 0.8)
	for n, i := range grades {
		add(0, fmt.Sprint(i), value.Object{"name": value.String(fmt.Sprint("g", names[n])), "order": value.Int(w.r.IntN(5))})
	}
	units := w.some(7, 0.8)
	ref := func(kind string, i int) value.Value { return value.ID(addr.Instance(kind, "a", fmt.Sprint(i))) }
	for n, i := range units {
		attrs := value.Object{"name": value.String(fmt.Sprint("u", names[n])), "parent": value.Clear{}}
		if n > 0 && w.r.IntN(4) > 0 {
			attrs["parent"] = ref("unit", units[w.r.IntN(n)])
		}
		if w.r.IntN(2) == 0 {
			attrs["email"] = next()
		} else {
			attrs["email"] = value.Clear{}
		}
		in := add(1, fmt.Sprint(i), attrs)
		if in.Written = w.r.IntN(3) > 0; !in.Written && w.r.IntN(2) == 0 {
			attrs["order"] = value.Int(w.r.IntN(4))
		}
	}
	people := w.some(6, 0.8)
	headed := map[int]bool{}
	for _, i := range people {
		attrs := value.Object{"login": next(), "last": value.String(fmt.Sprint("n", i)), "grade": value.Clear{}, "key": value.Clear{},
			"aliases": value.List{}, "posts": value.List{}, "phone": value.String(fmt.Sprint("010-", i))}
		if len(grades) > 0 && w.r.IntN(2) == 0 {
			attrs["grade"] = ref("grade", grades[w.r.IntN(len(grades))])
		}
		for w.r.IntN(2) == 0 {
			attrs["aliases"] = append(attrs["aliases"].(value.List), next())
		}
		for _, n := range w.some(len(units), 0.3) {
			head := !headed[n] && w.r.IntN(2) == 0
			headed[n] = headed[n] || head
			attrs["posts"] = append(attrs["posts"].(value.List), value.Object{"unit": ref("unit", units[n]), "head": value.Bool(head)})
		}
		add(2, fmt.Sprint(i), attrs)
	}
	groups := w.some(3, 0.8)
	for _, i := range groups {
		attrs := value.Object{"name": value.String(fmt.Sprint("t", i)), "email": next(), "members": value.List{}, "owner": value.Clear{}}
		if w.r.IntN(2) == 0 {
			attrs["ownership"] = value.String("exact")
		}
		for _, n := range w.some(len(people), 0.4) {
			attrs["members"] = append(attrs["members"].(value.List), ref("person", people[n]))
		}
		for _, n := range w.some(len(units), 0.3) {
			attrs["members"] = append(attrs["members"].(value.List), ref("unit", units[n]))
		}
		for _, n := range w.some(len(groups), 0.5) {
			if groups[n] != i || w.r.IntN(2) == 0 {
				attrs["members"] = append(attrs["members"].(value.List), ref("group", groups[n]))
			}
		}
		if len(people) > 0 && w.r.IntN(2) == 0 {
			attrs["owner"] = ref("person", people[w.r.IntN(len(people))])
		}
		add(3, fmt.Sprint(i), attrs)
	}
	return out
}

// seeds is how many random tenants the property tests live through.
const seeds = uint64(40)

// Plans that Build does not refuse can be carried out in any order that respects
// Needs, at a strict service, and nothing is left to do.
func TestAppliedThenEmpty(t *testing.T) {
	refused, done := map[string]int{}, 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		w := &world{r: r, kinds: toyKinds()}
		tn := newTenant(w.kinds)
		for round := range 5 {
			wanted := w.make()
			in := tn.input(wanted)
			p := Build(in)
			if again := Build(in); mustJSON(t, p) != mustJSON(t, again) {
				t.Fatalf("seed %d round %d: one input gives two plans", seed, round)
			}
			if p.Diagnostics.HasErrors() {
				for _, d := range p.Diagnostics {
					if d.Severity != diag.Error {
						continue
					}
					refused[d.Code]++
					switch d.Code {
					case "claim.taken", "removal.in_use", "guard.identity.changed", "guard.identity.twin", "match.ambiguous", "match.contradicts":
					default:
						t.Fatalf("seed %d round %d: %v", seed, round, d)
					}
				}
				continue
			}
			roundTrip(t, p)
			if err := tn.run(p, r); err != nil {
				t.Fatalf("seed %d round %d: %v\n%s", seed, round, err, mustJSON(t, p.Changes))
			}
			p = Build(tn.input(wanted))
			if p.Diagnostics.HasErrors() || !p.Empty() {
				t.Fatalf("seed %d round %d: not empty afterwards: %v\n%s", seed, round, p.Diagnostics.Err(), mustJSON(t, p.Changes))
			}
			if len(p.Records) > 0 {
				t.Fatalf("seed %d round %d: the state is behind afterwards: %s", seed, round, mustJSON(t, p.Records))
			}
			done++
		}
	}
	t.Log("carried out:", done, "refused:", refused)
	if done < 60 {
		t.Errorf("only %d plans were carried out; refused: %v", done, refused)
	}
}

func roundTrip(t *testing.T, p *Plan) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	q, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if mustJSON(t, p) != mustJSON(t, q) {
		t.Fatalf("the plan read back differs:\n%s\n%s", mustJSON(t, p), mustJSON(t, q))
	}
}
