package calibrate

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// serviceKey is the key that all tenants of a test run share.
var serviceKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

// shelf is a Book in memory.
type shelf struct{ all []Thing }

func (s *shelf) Things() ([]Thing, error) { return slices.Clone(s.all), nil }
func (s *shelf) Save(all []Thing) error   { s.all = slices.Clone(all); return nil }

// tenant is a sandbox in this process and how it is probed.
type tenant struct {
	*sandbox.Server
	options Options
	book    *shelf
	before  func(*http.Request) bool // false: the request never arrives
	after   func(*http.Request) bool // false: the answer never arrives
	refuses func(*http.Request) int  // the status of a refusal in place of the answer; 0: none
}

// RoundTrip implements http.RoundTripper.
func (tn *tenant) RoundTrip(r *http.Request) (reply *http.Response, err error) {
	defer func() {
		switch fault := recover(); fault {
		case nil:
		case http.ErrAbortHandler: // as net/http cuts a connection
			reply, err = nil, errors.New("cut off")
		default:
			panic(fault)
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if tn.before != nil && !tn.before(r) {
		return nil, errors.New("cut off")
	}
	w := httptest.NewRecorder()
	if status := tn.refusal(r); status != 0 {
		w.WriteHeader(status)
		_, err := w.WriteString(`{"code":"REFUSED","description":"for a test"}`)
		return w.Result(), err
	}
	tn.Handler().ServeHTTP(w, r)
	if tn.after != nil && !tn.after(r) {
		return nil, errors.New("cut off")
	}
	return w.Result(), nil
}

func (tn *tenant) refusal(r *http.Request) int {
	if tn.refuses == nil {
		return 0
	}
	return tn.refuses(r)
}

func newTenant(t testing.TB, o sandbox.Options) *tenant {
	t.Helper()
	o.PrivateKey = serviceKey()
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	env := server.Env()
	tn := &tenant{Server: server, book: &shelf{}}
	tn.options = Options{
		API: api.Options{
			APIBase: "http://sandbox.invalid", AuthBase: "http://sandbox.invalid", Transport: tn, Backoff: time.Millisecond,
			Credentials: api.Credentials{
				ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
				ClientSecret: func(context.Context) (string, error) { return env["WORKS_CLIENT_SECRET"], nil },
				PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil },
			},
			Lanes: lanes.New(lanes.Budget{PerMinute: 1_000_000}),
		},
		DomainID: 10000001, Domain: "acme.co.kr", Book: tn.book, Now: time.Now, SSO: o.SSO,
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return tn
}

func (tn *tenant) calibrator(t testing.TB) *Calibrator {
	t.Helper()
	c, err := New(tn.options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tried makes all probes that change something, and removes what they made.
func (c *Calibrator) tried(ctx context.Context) error {
	return errors.Join(c.Try(ctx, ctx), c.Clear(ctx))
}

// state is the directory as the sandbox has it, without counters and clocks.
func (tn *tenant) state(t testing.TB) string {
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
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// probe runs a whole calibration, which leaves the tenant as it was.
func (tn *tenant) probe(t testing.TB) map[string]Result {
	t.Helper()
	before := tn.state(t)
	c := tn.calibrator(t)
	if err := c.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := tn.state(t); after != before {
		t.Errorf("reading changed the tenant\nbefore %s\nafter %s", before, after)
	}
	if err := c.tried(t.Context()); err != nil {
		t.Fatal(err)
	}
	tn.unchanged(t, before)
	out := map[string]Result{}
	for _, r := range c.Results() {
		out[r.Name] = r
	}
	return out
}

func (tn *tenant) unchanged(t testing.TB, before string) {
	t.Helper()
	if after := tn.state(t); after != before {
		t.Errorf("the tenant is not as it was\nbefore %s\nafter %s", before, after)
	}
	if len(tn.book.all) > 0 {
		t.Errorf("the book still has %v", tn.book.all)
	}
	if v := tn.Violations(); len(v) > 0 {
		t.Errorf("rules of writing were broken: %v", v)
	}
}

// TestWhatIsFound: each switch of the catalogue that is probed is found as it stands,
// whichever way that is.
func TestWhatIsFound(t *testing.T) {
	for _, s := range sandbox.Catalogue() {
		if !slices.Contains(Probed(), s.Name) || s.Name == "window" {
			continue
		}
		for _, value := range s.Values {
			t.Run(s.Name+"="+value, func(t *testing.T) {
				t.Parallel()
				o := sandbox.Options{SeedValue: 1, Seed: 5, Features: true, Switches: sandbox.Switches{s.Name: value}}
				if s.Name == "list-while-off" {
					o.Seed, o.Features = 0, false
				}
				tn := newTenant(t, o)
				tn.options.Off = Lists()
				if r := tn.probe(t)[s.Name]; r.Value != value || r.How == "" {
					t.Errorf("found %q (%s%s)", r.Value, r.How, r.Why)
				}
			})
		}
	}
}

// TestTheMinuteOfTheRateLimit is for tenants with limits, at any second of a minute.
func TestTheMinuteOfTheRateLimit(t *testing.T) {
	for _, value := range []string{"first-call", "clock"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, sandbox.Options{Limits: true, Switches: sandbox.Switches{"window": value}})
			tn.options.Pause = rest
			c := tn.calibrator(t)
			if err := c.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r := c.results["window"]; r.Value != value {
				t.Errorf("found %q (%s%s)", r.Value, r.How, r.Why)
			}
		})
	}
}

// TestNothingIsFoundWrongly: a whole run, default by default.
func TestNothingIsFoundWrongly(t *testing.T) {
	for _, sso := range []bool{false, true} {
		t.Run(fmt.Sprint("sso=", sso), func(t *testing.T) {
			tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true, SSO: sso})
			found := tn.probe(t)
			wanted := map[string]string{ReadLag: "none", KeyInPath: "accepted", KeyAsParent: "accepted", AddressInPath: "accepted"}
			for _, s := range sandbox.Catalogue() {
				if slices.Contains(Probed(), s.Name) {
					wanted[s.Name] = s.Values[0]
				}
			}
			delete(wanted, "list-while-off") // all are on
			delete(wanted, "window")         // by the second in which the test runs
			if sso {
				delete(wanted, "password-policy")
			}
			for _, name := range Probed() {
				r := found[name]
				if want, ok := wanted[name]; ok && (r.Value != want || r.Why != "") || !ok && name != "window" && (r.Value != "" || r.Why == "") {
					t.Errorf("%s: %+v, want %q", name, r, wanted[name])
				}
			}
		})
	}
}

// TestEachSwitchIsSpokenFor: a new switch of the sandbox is either probed, or named with
// the reason why it is not.
func TestEachSwitchIsSpokenFor(t *testing.T) {
	known := map[string]bool{}
	for _, s := range sandbox.Catalogue() {
		known[s.Name] = true
		reason, unprobed := Unprobed()[s.Name]
		if probed := slices.Contains(Probed(), s.Name); probed == unprobed || unprobed && reason == "" {
			t.Errorf("%s: probed %t, and named as not probed %t (%s)", s.Name, probed, unprobed, reason)
		}
	}
	for _, s := range Beyond() {
		known[s.Name] = true
	}
	for _, name := range append(slices.Collect(maps.Keys(Unprobed())), Probed()...) {
		if !known[name] {
			t.Errorf("%s is no switch and no fact", name)
		}
	}
}

// TestFactsAreFit: what is found can be recorded.
func TestFactsAreFit(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Features: true})
	c := tn.calibrator(t)
	if err := errors.Join(c.Look(t.Context()), c.tried(t.Context())); err != nil {
		t.Fatal(err)
	}
	subjects := Beyond()
	for _, s := range sandbox.Catalogue() {
		subjects = append(subjects, calibration.Subject{Name: s.Name, Values: s.Values})
	}
	book := calibration.New("t", subjects)
	facts := c.Facts(time.Now())
	if len(facts) < 35 {
		t.Errorf("%d facts", len(facts))
	}
	for name, f := range facts {
		if err := book.Set(name, f); err != nil {
			t.Error(err)
		}
		if strings.Contains(f.How, Prefix) || strings.Contains(f.How, "@") {
			t.Errorf("%s names somebody: %s", name, f.How)
		}
	}
}

// creations counts the creations that a whole run asks for.
func (tn *tenant) creations(t testing.TB) int {
	t.Helper()
	n := 0
	tn.after = func(r *http.Request) bool { n += creation(r); return true }
	tn.probe(t)
	tn.after = nil
	return n
}

func creation(r *http.Request) int {
	if r.Method == http.MethodPost && slices.Contains([]string{"/v1.0/orgunits", "/v1.0/users", "/v1.0/groups", "/v1.0/directory/user-types"}, r.URL.Path) {
		return 1
	}
	return 0
}

// TestKilledAtAnyCreation: isa dies before or after the service made something, at each
// creation in turn. The next run finds it, by what was written down, and leaves
// nothing; what only looks like a probe's is left alone and told.
func TestKilledAtAnyCreation(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
	all := tn.creations(t)
	if all < 15 {
		t.Fatalf("%d creations", all)
	}
	before := tn.state(t)
	for n := range all {
		for _, made := range []bool{true, false} {
			if made == (n%2 == 0) && n > 2 {
				continue // each second one, in each of both ways
			}
			ctx, die := context.WithCancel(t.Context())
			count, dead := 0, false
			reach := func(at bool) func(*http.Request) bool {
				return func(r *http.Request) bool {
					if at == made {
						if count += creation(r); count > n {
							dead = true
							die()
						}
					}
					return !dead
				}
			}
			// Once dead, nothing arrives any more: no removal either.
			tn.before, tn.after = reach(false), reach(true)
			if made {
				tn.before = func(*http.Request) bool { return !dead }
			}
			c := tn.calibrator(t)
			if err := c.tried(ctx); err == nil {
				t.Fatal("it did not notice that it was cut off")
			}
			tn.before, tn.after = nil, nil
			if made == (tn.state(t) == before) && made {
				t.Fatalf("creation %d left nothing", n)
			}
			if err := tn.calibrator(t).Clear(t.Context()); err != nil {
				t.Fatalf("creation %d, made %v: %v", n, made, err)
			}
			tn.unchanged(t, before)
		}
	}
}

// TestStopped: after Ctrl-C nothing new is made, and all that was made is removed.
func TestStopped(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
	all := tn.creations(t)
	before := tn.state(t)
	for n := range all {
		ctx, stop := context.WithCancel(t.Context())
		count := 0
		tn.after = func(r *http.Request) bool {
			if count += creation(r); count > n {
				stop()
			}
			return true
		}
		c := tn.calibrator(t)
		err := c.Try(ctx, t.Context())
		tn.after = nil
		if !errors.Is(err, context.Canceled) && err == nil {
			t.Errorf("stopped at creation %d: %v", n, err)
		}
		if err := c.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		tn.unchanged(t, before)
		stop()
	}
}

// TestOthersAreLeftAlone: a record that names what somebody else made, or has made
// something else of since, removes nothing.
func TestOthersAreLeftAlone(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true})
	c := tn.calibrator(t)
	units, err := c.rows(t.Context(), unit, 10000001)
	if err != nil {
		t.Fatal(err)
	}
	people, err := c.rows(t.Context(), user, 10000001)
	if err != nil {
		t.Fatal(err)
	}
	someone, _ := people[len(people)-1]["userId"].(string)
	some, _ := units[0]["orgUnitId"].(string)
	before := tn.state(t)
	for _, thing := range []Thing{
		{unit, Prefix + "x-1", some, 10000001, "acme.co.kr"}, {user, Prefix + "x-2", someone, 10000001, "acme.co.kr"}, {unit, "영업", some, 10000001, "acme.co.kr"},
	} {
		tn.book.all = []Thing{thing}
		if err := tn.calibrator(t).Clear(t.Context()); err == nil {
			t.Errorf("%+v was removed", thing)
		}
	}
	tn.book.all = nil
	tn.unchanged(t, before)
	var wanted []string
	strayUnit, _, unitErr := c.unit(t.Context(), "", nil)
	strayMember, _, memberErr := c.member(t.Context(), nil, nil)
	entry, _, _, entryErr := c.make(t.Context(), userType, func(n string) object {
		return object{"domainId": 10000001, "userTypeName": n, "userTypeExternalKey": n, "displayOrder": 9999}
	})
	if err := errors.Join(unitErr, memberErr, entryErr); err != nil {
		t.Fatal(err)
	}
	for _, thing := range []*Thing{strayMember, strayUnit, entry} {
		wanted = append(wanted, sortWord(thing.Sort)+" "+thing.Name)
	}
	tn.book.all = nil // as if it were another directory's
	with := tn.state(t)
	other := tn.calibrator(t)
	if err := errors.Join(other.Look(t.Context()), other.Clear(t.Context())); err != nil {
		t.Fatal(err)
	}
	tn.unchanged(t, with)
	if s := strings.Join(other.Strays(), ", "); s != strings.Join(wanted, ", ") {
		t.Errorf("strays: %s", s)
	}
}

// TestSlowReads: where reads lag behind, what is found is right, and nothing is left.
func TestSlowReads(t *testing.T) {
	tn := newTenant(t, sandbox.Options{SeedValue: 1, Seed: 5, Features: true, Faults: "stale-read=300ms"})
	tn.options.Pause = rest
	found := tn.probe(t)
	if lag := found[ReadLag].Value; lag != "1s" && lag != "none" {
		t.Errorf("read-lag: %+v", found[ReadLag])
	}
	for _, s := range sandbox.Catalogue() {
		if r, probed := found[s.Name]; probed && r.Value != s.Values[0] && s.Name != "window" && s.Name != "list-while-off" {
			t.Errorf("%+v, want %s", r, s.Values[0])
		}
	}
}

// TestTroubledService: answers are lost and calls fail; nothing is found wrongly, and
// nothing is left after the next run has looked.
func TestTroubledService(t *testing.T) {
	whole := 0
	for seed := range uint64(8) {
		tn := newTenant(t, sandbox.Options{SeedValue: seed, Seed: 5, Features: true})
		before := tn.state(t)
		if err := tn.SetFaults("drop-response=3%,drop-request=2%,500=2%"); err != nil {
			t.Fatal(err)
		}
		c := tn.calibrator(t)
		if err := c.tried(t.Context()); err == nil {
			whole++
		}
		if err := tn.SetFaults(""); err != nil {
			t.Fatal(err)
		}
		if err := tn.calibrator(t).Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		tn.unchanged(t, before)
		for _, s := range sandbox.Catalogue() {
			if r := c.results[s.Name]; r.Value != "" && r.Value != s.Values[0] {
				t.Errorf("seed %d: %+v, want %s", seed, r, s.Values[0])
			}
		}
	}
	t.Logf("%d runs came to their end", whole)
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
	return ctx.Err()
}
