package root

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

// hesitant answers yes to each question, after something happened. That runs in the
// goroutine that reads answers, where a test must not end itself.
type hesitant struct{ before []func() }

func (h *hesitant) Read(p []byte) (int, error) {
	if len(h.before) == 0 {
		return 0, io.EOF
	}
	h.before[0]()
	h.before = h.before[1:]
	return copy(p, "yes\n"), nil
}

// answers runs isa with a yes after each of before.
func (d *desk) answers(before []func(), args ...string) int {
	d.out.Reset()
	d.err.Reset()
	env := d.Env
	env.In, env.Args = &hesitant{before}, args
	return Run(context.Background(), &env)
}

// colleague is somebody else who works on the same tenant with files of their own.
func (d *desk) colleague(t *testing.T, hcl string) *desk {
	t.Helper()
	other := &desk{vars: maps.Clone(d.vars)}
	other.Env = d.Env
	other.Out, other.Err, other.Dir = &other.out, &other.err, t.TempDir()
	other.Lookup = func(name string) (string, bool) { v, ok := other.vars[name]; return v, ok }
	if err := os.WriteFile(filepath.Join(other.Dir, "main.hcl"), []byte(tenantFile+hcl), 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

func (d *desk) configure(t *testing.T, hcl string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.Dir, "main.hcl"), []byte(tenantFile+hcl), 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	threeUnits = `
org_unit "a" { name = "가팀" }
org_unit "b" { name = "나팀" }
org_unit "c" { name = "다팀" }
`
	fourUnits = `
org_unit "a" { name = "가팀" }
org_unit "b" { name = "나팀" }
org_unit "new" { name = "새팀" }
org_unit "c" { name = "다팀" }
`
	reordered = `
org_unit "c" { name = "다팀" }
org_unit "a" { name = "가팀" }
org_unit "b" { name = "나팀" }
`
)

// hasty is a desk with three units whose clock can be moved on.
func hasty(t *testing.T) (d *desk, wait func()) {
	t.Helper()
	d = newDesk(t, threeUnits)
	var later atomic.Int64 // the answer comes from a goroutine of its own
	d.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	wait = func() { later.Add(int64(time.Minute)) }
	if code := d.types("yes\n", "apply"); code != cli.CodeDone {
		t.Fatalf("ended with %d: %s", code, d.err.String())
	}
	wait()
	return d, wait
}

// TestLateAnswer: a yes that comes long after the question holds for the tenant as
// it is then. Somebody may have turned the siblings round behind which a unit goes.
func TestLateAnswer(t *testing.T) {
	const changed = "The tenant changed while isa waited"
	for _, c := range []struct {
		name      string
		late      bool
		meanwhile string // what a colleague applies
		answers   int
		code      int
		listings  int
		changed   bool
		pending   int // how a plan ends afterwards
	}{
		{"quick", false, "", 1, cli.CodeDone, 1, false, cli.CodeDone},
		{"late", true, "", 1, cli.CodeDone, 2, false, cli.CodeDone},
		{"reordered", true, reordered, 2, cli.CodeDone, 2, true, cli.CodeDone},
		{"reordered and not agreed to again", true, reordered, 1, cli.CodeFailed, 2, true, cli.CodePending},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, wait := hasty(t)
			other := d.colleague(t, c.meanwhile)
			d.configure(t, fourUnits)
			before := []func(){func() {
				if c.late {
					wait()
				}
				if c.meanwhile == "" {
					return
				}
				if code := other.types("", "apply", "--yes"); code != cli.CodeDone {
					t.Errorf("the colleague: %d: %s", code, other.err.String())
				}
			}, func() {}}
			if code := d.answers(before[:c.answers], "apply"); code != c.code {
				t.Fatalf("ended with %d: %s%s", code, d.out.String(), d.err.String())
			}
			told := d.err.String()
			if n := strings.Count(told, " listed in "); n != c.listings {
				t.Errorf("%d listings, want %d: %s", n, c.listings, told)
			}
			if strings.Contains(told, changed) != c.changed {
				t.Errorf("said %s", told)
			}
			wait()
			if code := d.types("", "plan", "--detailed-exitcode"); code != c.pending {
				t.Errorf("the plan afterwards ended with %d: %s%s", code, d.out.String(), d.err.String())
			}
		})
	}
}

// TestLateAnswerToASavedPlan: it is refused when what it stands on changed.
func TestLateAnswerToASavedPlan(t *testing.T) {
	for _, c := range []struct {
		meanwhile string
		code      int
	}{{strings.Replace(threeUnits, "나팀", "딴팀", 1), cli.CodeStale}, {threeUnits, cli.CodeDone}} {
		d, wait := hasty(t)
		other := d.colleague(t, threeUnits)
		if code := other.types("", "apply", "--yes"); code != cli.CodeDone {
			t.Fatalf("the colleague: %d: %s", code, other.err.String())
		}
		d.configure(t, strings.Replace(threeUnits, "나팀", "새팀", 1))
		if code := d.types("", "plan", "--out", "saved.plan"); code != cli.CodeDone {
			t.Fatalf("plan ended with %d: %s", code, d.err.String())
		}
		other.configure(t, c.meanwhile)
		code := d.answers([]func(){func() {
			wait()
			if code := other.types("", "apply", "--yes"); code != cli.CodeDone {
				t.Errorf("the colleague: %d: %s", code, other.err.String())
			}
		}}, "apply", "saved.plan")
		if told := d.err.String(); code != c.code || c.code == cli.CodeStale && !strings.Contains(told, "name was changed since") {
			t.Errorf("ended with %d: %s", code, told)
		}
	}
}

// TestLateAnswerToWhatIsRefusedNow: the plan is the same, and a guard refuses it by
// what somebody did meanwhile.
func TestLateAnswerToWhatIsRefusedNow(t *testing.T) {
	person := func(login, mail string) string {
		return fmt.Sprintf(`
member "%[1]s" {
  login_id      = "%[1]s"
  last_name     = "김"
  first_name    = "철수"
  cell_phone    = "010-1111-2222"
  private_email = "%[2]s"
}
`, login, mail)
	}
	d, wait := hasty(t)
	other := d.colleague(t, person("cskim", "b@example.com"))
	d.configure(t, threeUnits+person("kim", "a@example.com"))
	code := d.answers([]func(){func() {
		wait()
		if code := other.types("", "apply", "--yes"); code != cli.CodeDone {
			t.Errorf("the colleague: %d: %s", code, other.err.String())
		}
	}, func() {}}, "apply")
	told := d.err.String()
	if code != cli.CodeRefused || !strings.Contains(told, "guard.identity.twin") || strings.Count(told, "Only yes is taken") != 1 {
		t.Errorf("ended with %d: %s", code, told)
	}
}
