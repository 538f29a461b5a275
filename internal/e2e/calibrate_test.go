package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// known makes facts, each name=value.
func known(facts ...string) schema.Facts {
	out := schema.Facts{}
	for _, f := range facts {
		name, is, _ := strings.Cut(f, "=")
		out[name] = is
	}
	return out
}

// TestKnownFactsDoNoHarm: the broad story ends well too where it is known how the
// tenant is.
func TestKnownFactsDoNoHarm(t *testing.T) {
	key := privateKey(t)
	for _, f := range []string{
		"patch-null=rejects", "patch-null=clears", "orgunit-email=required", "orgunit-email=generated", "orgunit-delete-counts=in-use",
		"deleted-reserved=no", "orgunit-name-unique=yes", "employee-number-unique=yes", "group-empty-members=rejected",
	} {
		t.Run(f, func(t *testing.T) {
			w := newWorld(t, key, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches(known(f))})
			w.facts = known(f)
			broad(w, "clear")
		})
	}
}

// TestFactsChangePlans: each fact that changes what is planned, at a tenant that is so.
func TestFactsChangePlans(t *testing.T) {
	key := privateKey(t)
	begin := func(t *testing.T, fact string) *world {
		return newWorld(t, key, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches(known(fact))})
	}
	person := func(label, login, extra string) string {
		return fmt.Sprintf("member %q {\n  login_id      = %q\n  last_name     = %q\n  private_email = \"%s@example.com\"\n  %s\n  lifecycle { on_remove = \"delete\" }\n}\n", label, login, label, label, extra)
	}
	const units = "org_unit \"s\" { name = \"영업\" }\n"
	t.Run("a unit goes before who is deleted", func(t *testing.T) {
		const fact = "orgunit-delete-counts=in-use"
		w := begin(t, fact)
		w.must("comes", units+person("kim", "kim", "belongs_to { org_unit = org_unit.s }"))
		w.must("leaves", units)
		cfg, _ := w.load("")
		if p, _, _ := w.plan(cfg); len(p.Changes) != 0 {
			t.Errorf("without the fact: %s", told(p))
		}
		w.facts = known(fact)
		cfg, _ = w.load("")
		p, snap, kinds := w.plan(cfg)
		if len(p.Changes) != 1 || p.Diagnostics.HasErrors() {
			t.Fatalf("with the fact: %s %v", told(p), p.Diagnostics)
		}
		if err := w.apply(p, snap, kinds); err != nil {
			t.Fatal(err)
		}
		if p, _, _ := w.plan(cfg); !p.Empty() {
			t.Errorf("afterwards: %s", told(p))
		}
	})
	t.Run("a deleted person's name is free", func(t *testing.T) {
		const fact = "deleted-reserved=no"
		w := begin(t, fact)
		by := w.oneMember(person("kim", "kim", ""))
		// Deleted by hand, so that the name was not given up before.
		if err := w.client.DeleteUser(w.Context(), by); err != nil {
			t.Fatal(err)
		}
		w.st.Objects = nil // and isa never knew of them
		cfg, _ := w.load(person("lee", "kim", `first_name = "둘"`))
		if p, _, _ := w.plan(cfg); !p.Diagnostics.HasErrors() {
			t.Errorf("without the fact: %s", told(p))
		}
		w.facts = known(fact)
		cfg, _ = w.load(person("lee", "kim", `first_name = "둘"`))
		p, snap, kinds := w.plan(cfg)
		if p.Diagnostics.HasErrors() {
			t.Fatalf("with the fact: %v", p.Diagnostics.Err())
		}
		if !slices.ContainsFunc(p.Headroom, func(u planner.GuardUse) bool { return u.Code == "identity.reuse" && u.Count == 1 }) {
			t.Errorf("a login ID goes from one person to another, and the guard does not count it: %+v", p.Headroom)
		}
		if err := w.apply(p, snap, kinds); err != nil {
			t.Fatal(err)
		}
		if p, _, _ := w.plan(cfg); !p.Empty() || p.Diagnostics.HasErrors() {
			t.Errorf("afterwards: %s %v", told(p), p.Diagnostics)
		}
	})
	t.Run("a deleted person's aliases are not free", func(t *testing.T) {
		const fact = "deleted-reserved=no" // found with a login
		w := begin(t, fact)
		by := w.oneMember(person("kim", "kim", `aliases = ["boss"]`))
		if err := w.client.DeleteUser(w.Context(), by); err != nil {
			t.Fatal(err)
		}
		w.st.Objects = nil
		w.facts = known(fact)
		for _, taker := range []string{person("lee", "boss", ""), person("lee", "lee", `aliases = ["boss"]`), person("lee", "lee", `aliases = ["kim"]`)} {
			cfg, _ := w.load(taker)
			if p, _, _ := w.plan(cfg); !p.Diagnostics.HasErrors() || p.Diagnostics[0].Code != "claim.taken" {
				t.Errorf("%s: %s %v", taker, told(p), p.Diagnostics)
			}
		}
	})
	t.Run("no way to the top", func(t *testing.T) {
		const fact = "move-without-parent=keep"
		w := begin(t, fact)
		below := "org_unit \"x\" {\n  name   = \"둘\"\n  parent = %s\n}\n"
		w.must("below", units+fmt.Sprintf(below, "org_unit.s"))
		cfg, _ := w.load(units + fmt.Sprintf(below, "clear"))
		if p, _, _ := w.plan(cfg); p.Diagnostics.HasErrors() {
			t.Errorf("without the fact: %v", p.Diagnostics.Err())
		}
		w.facts = known(fact)
		cfg, _ = w.load(units + fmt.Sprintf(below, "clear"))
		if p, _, _ := w.plan(cfg); !p.Diagnostics.HasErrors() || p.Diagnostics[0].Code != "tree.rooted" {
			t.Errorf("with the fact: %v", p.Diagnostics)
		}
	})
}

// oneMember makes one member and returns the ID.
func (w *world) oneMember(text string) string {
	w.Helper()
	w.must("one member", text)
	for i := range w.st.Objects {
		if w.st.Objects[i].Kind == "member" {
			return w.st.Objects[i].ID
		}
	}
	w.Fatal("nobody was made")
	return ""
}

const calibrated = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard_plus"
  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
`

// directory is the tenant as it is, without counters.
func (tn *tenant) directory(t testing.TB) string {
	t.Helper()
	w := httptest.NewRecorder()
	tn.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_sandbox/state", nil))
	var all map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"serial", "clock", "now"} {
		delete(all, name)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// facts are the facts of a calibration.
func facts(t testing.TB, dir string) (tenant string, values map[string]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "calibration.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Tenant string
		Facts  map[string]struct{ Value, How string }
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	for name, f := range d.Facts {
		values[name] = f.Value
	}
	return d.Tenant, values
}

// TestCalibrateFullCircle: what is found at a tenant makes a sandbox that behaves so, in
// which a plan by these facts is carried out and then empty; a switch that is given goes
// before; and elsewhere the file is refused.
func TestCalibrateFullCircle(t *testing.T) {
	odd := sandbox.Switches{"orgunit-email": "required", "patch-null": "rejects", "patch-arrays": "merge", "duplicate-status": "400", "orgunit-delete-counts": "in-use", "deleted-reserved": "no", "move-without-parent": "keep"}
	tn := startTenant(t, sandbox.Options{Seed: 8, Switches: odd})
	dir := files(t, map[string]string{"tenant.hcl": calibrated, "main.hcl": `
org_unit "s" {
  name        = "영업"
  description = "팝니다"
}
`})
	before := tn.directory(t)
	r := tn.must(t, 0, dir, "doctor", "--calibrate", "--yes", "--format", "json")
	if tn.directory(t) != before {
		t.Error("the tenant is not as it was")
	}
	var d struct {
		FormatVersion string `json:"format_version"`
		Facts         []struct{ Name, State, Value, Inferred string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil || d.FormatVersion != "1" {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	of, found := facts(t, dir)
	for _, f := range d.Facts {
		wanted, flipped := odd[f.Name]
		if flipped != (f.State == "otherwise") || flipped && f.Value != wanted || f.Value != found[f.Name] {
			t.Errorf("%+v, recorded %q", f, found[f.Name])
		}
	}
	for _, secret := range []string{tn.env["WORKS_CLIENT_SECRET"], "isa-probe-", "@"} {
		if data, _ := os.ReadFile(filepath.Join(dir, "calibration.json")); strings.Contains(string(data), secret) {
			t.Errorf("calibration.json holds %q", secret)
		}
	}

	other := startTenant(t, sandbox.Options{})
	if r := other.isa(t, dir, "plan"); r.code != 1 || !strings.Contains(r.stderr, of) || !strings.Contains(r.stderr, "isa sandbox --calibration") {
		t.Errorf("another tenant: %v", r)
	}
	story := `set -e
isa=$1
$isa plan --detailed-exitcode >/dev/null && exit 9 || test $? = 2
$isa apply --yes >/dev/null
$isa plan --detailed-exitcode
sed -i 's/  description = "팝니다"/  description = clear/' main.hcl
$isa apply --yes
$isa plan --detailed-exitcode
$isa doctor --calibrate --yes && exit 9 || echo "refused"
`
	run := tn.command(dir, "sandbox", "--calibration", "calibration.json", "--switch", "patch-arrays=replace", "--limits", "off", "--data", "data", "--", "sh", "-c", story, "sh", tn.command(dir).Path)
	run.Env = append(os.Environ(), "NO_COLOR=1")
	if r := finish(t, run); r.code != 0 || !strings.Contains(r.stdout, "refused") || !strings.Contains(r.stderr, "behaves") {
		t.Errorf("in the sandbox that behaves so: %v", r)
	}
	if err := os.Remove(filepath.Join(dir, "calibration.json")); err != nil {
		t.Fatal(err)
	}
	again := tn.command(dir, "sandbox", "--data", "data", "--limits", "off", "--calibration", "absent.json", "--", "true")
	if r := finish(t, again); r.code != 1 || !strings.Contains(r.stderr, "absent.json") {
		t.Errorf("a calibration that is missing: %v", r)
	}
}

// TestImitatedSwitches: a sandbox that is to behave as a calibration says is found to,
// but for the switch that is given.
func TestImitatedSwitches(t *testing.T) {
	tn := startTenant(t, sandbox.Options{Switches: sandbox.Switches{"orgunit-delete-status": "403", "group-cycles": "accepted", "phone-space": "accepted"}})
	dir := files(t, map[string]string{"tenant.hcl": calibrated})
	tn.must(t, 0, dir, "doctor", "--calibrate", "--yes")
	_, first := facts(t, dir)
	inner := files(t, map[string]string{"tenant.hcl": calibrated})
	run := tn.command(inner, "sandbox", "--calibration", filepath.Join(dir, "calibration.json"), "--switch", "phone-space=rejected", "--limits", "off", "--", tn.command(dir).Path, "doctor", "--calibrate", "--yes")
	if r := finish(t, run); r.code != 0 {
		t.Fatal(r)
	}
	_, second := facts(t, inner)
	first["phone-space"] = "rejected"
	delete(first, "window")
	delete(second, "window")
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("found first %v\nthen %v", first, second)
	}
}

// TestCalibrateOnlyReads: without agreement nothing is made, and what reading tells is
// recorded.
func TestCalibrateOnlyReads(t *testing.T) {
	tn := startTenant(t, sandbox.Options{Seed: 5})
	dir := files(t, map[string]string{"tenant.hcl": calibrated})
	r := tn.must(t, 3, dir, "doctor", "--calibrate")
	for _, e := range tn.Requests() {
		if e.Method != http.MethodGet {
			t.Errorf("%s %s", e.Method, e.Path)
		}
	}
	if _, found := facts(t, dir); found["service-account-me"] != "403" || found["patch-null"] != "" || !strings.Contains(r.stderr, "--yes") {
		t.Errorf("found %v: %v", found, r)
	}
	if r := tn.isa(t, files(t, map[string]string{"tenant.hcl": calibrated, "calibration.json": "{}"}), "plan"); r.code != 1 || !strings.Contains(r.stderr, "format_version") {
		t.Errorf("a file that is none: %v", r)
	}
}

// TestCalibrateElsewhere: at a tenant that the state is not of, nothing is made.
func TestCalibrateElsewhere(t *testing.T) {
	dir := files(t, map[string]string{"tenant.hcl": calibrated, "main.hcl": "org_unit \"s\" { name = \"영업\" }\n"})
	startTenant(t, sandbox.Options{}).must(t, 0, dir, "apply", "--yes")
	other := startTenant(t, sandbox.Options{Seed: 5})
	r := other.must(t, 1, dir, "doctor", "--calibrate", "--yes")
	if n := len(other.Requests()); n > 0 || !strings.Contains(r.stderr, "the state is of another sandbox") {
		t.Errorf("%d requests: %v", n, r)
	}
}

// TestCalibrateCutOff: Ctrl-C removes what was made; after kill -9 the next run does, and
// nobody applies meanwhile.
func TestCalibrateCutOff(t *testing.T) {
	tn := startTenant(t, sandbox.Options{Seed: 5, Faults: "slow=100%:30ms"})
	dir := files(t, map[string]string{"tenant.hcl": calibrated})
	before := tn.directory(t)
	book := filepath.Join(dir, "calibration.probes.json")

	cmd := tn.command(dir, "doctor", "--calibrate", "--yes")
	var out syncBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tn.wait(t, "POST")
	if r := tn.isa(t, dir, "apply", "--yes"); r.code != 1 || !strings.Contains(r.stderr, "doctor --calibrate") {
		t.Errorf("an apply meanwhile: %v", r)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("Ctrl-C: %v\n%s", err, out.String())
	}
	if tn.directory(t) != before {
		t.Errorf("after Ctrl-C the tenant is not as it was\n%s", out.String())
	}

	seen := len(tn.Requests())
	killed := tn.command(dir, "doctor", "--calibrate", "--yes")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	for !slices.ContainsFunc(tn.Requests()[seen:], func(e sandbox.Entry) bool { return e.Op == "user-create" }) {
		if killed.ProcessState != nil {
			t.Fatal("ended before it could be killed")
		}
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // killed
	if _, err := os.Stat(book); err != nil || tn.directory(t) == before {
		t.Fatalf("nothing was left behind: %v", err)
	}
	if r := tn.must(t, 0, dir, "doctor", "--calibrate", "--yes"); !strings.Contains(r.stderr, "An earlier run was cut off") {
		t.Errorf("the next run: %v", r)
	}
	if tn.directory(t) != before {
		t.Error("after the next run the tenant is not as it was")
	}
	if _, err := os.Stat(book); !os.IsNotExist(err) {
		t.Errorf("the list of what was made is still there: %v", err)
	}
}
