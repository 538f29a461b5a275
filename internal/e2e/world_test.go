package e2e

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/executor"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
	works "github.com/isaworks/isa/providers/works/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
	"github.com/isaworks/isa/state"
)

// world is configuration, planner, executor, client and sandbox in one process,
// without sockets, files or waiting.
type world struct {
	testing.TB
	server *sandbox.Server
	client *api.Client
	kinds  []*schema.Kind
	st     *state.State
	now    time.Time
	facts  schema.Facts // that are known of the tenant
	head   string       // what stands before a configuration; "": tenantFile
	files  fstest.MapFS // besides it
}

// handled sends requests to a handler.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func newWorld(t testing.TB, key string, o sandbox.Options) *world {
	t.Helper()
	w := &world{TB: t, kinds: directory.Schemas(), st: &state.State{}, now: time.Now()}
	o.PrivateKey = []byte(key)
	server, err := sandbox.New(withFeatures(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.server = server
	w.dial("http://sandbox.invalid", handled{server.Handler()})
	return w
}

// dial makes the client; transport nil is the network.
func (w *world) dial(base string, transport http.RoundTripper) {
	w.Helper()
	env := w.server.Env()
	var err error
	w.client, err = api.New(api.Options{
		APIBase: base, AuthBase: base, Transport: transport,
		Credentials: api.Credentials{
			ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: func(context.Context) (string, error) { return env["WORKS_CLIENT_SECRET"], nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil },
		},
		Lanes: lanes.New(lanes.Budget{PerMinute: 1_000_000}),
	})
	if err != nil {
		w.Fatal(err)
	}
}

// load reads a configuration; a list with errors comes without one.
func (w *world) load(text string) (*config.Config, diag.List) {
	fs := fstest.MapFS{"tenant.hcl": {Data: []byte(cmp.Or(w.head, tenantFile))}, "main.hcl": {Data: []byte(text)}}
	maps.Copy(fs, w.files)
	cfg, list := config.Load(w.Context(), ".", config.Options{
		Kinds: w.kinds, FS: fs, Env: func(name string) (string, bool) { return "x", strings.HasPrefix(name, "WORKS_") },
	})
	if !list.HasErrors() {
		cfg.Tenant.Facts = w.facts
		directory.Complete(cfg.Objects)
		list = append(list, directory.Check(cfg.Tenant, cfg.Objects)...)
	}
	return cfg, list
}

// plan lists the tenant and plans, with all guards wide open.
func (w *world) plan(cfg *config.Config) (*planner.Plan, live.Snapshot, map[string]providers.Kind) {
	w.Helper()
	in, kinds := w.look(cfg)
	return planner.Build(in), in.Live, kinds
}

// input is what the planner gets, with all guards wide open.
func (w *world) input(cfg *config.Config) planner.Input {
	w.Helper()
	in, _ := w.look(cfg)
	return in
}

func (w *world) look(cfg *config.Config) (planner.Input, map[string]providers.Kind) {
	w.Helper()
	kinds := works.Kinds(w.client, cfg.Tenant)
	snap := live.Snapshot{Identity: "sandbox", TakenAt: w.now, Objects: map[string][]live.Object{}}
	for _, k := range w.kinds {
		objs, err := kinds[k.Type].List(w.Context(), nil)
		if err != nil {
			w.Fatal(err)
		}
		snap.Objects[k.Type] = objs
	}
	return planner.Input{
		Tool: "test", Now: w.now, Tenant: cfg.Tenant, Kinds: w.kinds, Wanted: cfg.Objects, State: w.st, Live: snap,
		Config: cfg.Digest, Guards: open(w.kinds), PerMinute: 240,
	}, kinds
}

func open(kinds []*schema.Kind) []planner.Guard {
	wide := 1_000_000
	codes := planner.CodesFor(kinds)
	maps.Copy(codes, planner.Codes())
	var guards []planner.Guard
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if name, ok := strings.CutPrefix(code, "guard."); ok {
			guards = append(guards, planner.Guard{Code: name, MaxCount: &wide})
		}
	}
	return guards
}

// apply carries a plan out. Two minutes pass, so that the next plan believes what
// it sees.
func (w *world) apply(p *planner.Plan, snap live.Snapshot, kinds map[string]providers.Kind) error {
	session := &memory{st: w.st}
	report, err := executor.Run(w.Context(), executor.Options{
		Plan: p, Kinds: kinds, Session: session, Live: snap, Tool: "test", Who: "test", Now: func() time.Time { return w.now },
		Secret: func(value.Secret) (string, error) { return "Passw0rd!x", nil },
		Open:   w.files.Open,
		Looks:  executor.Looks{Pauses: []time.Duration{0}},
	})
	w.st = session.State()
	w.now = w.now.Add(2 * time.Minute)
	if err == nil && !report.Complete() {
		err = fmt.Errorf("failed: %v, skipped: %v", report.Failed, report.Skipped)
	}
	return err
}

// reach applies a configuration and wants the next plan to be empty. It returns
// what the plan refused, if anything.
func (w *world) reach(name, text string) diag.List {
	w.Helper()
	cfg, list := w.load(text)
	if list.HasErrors() {
		return list
	}
	p, snap, kinds := w.plan(cfg)
	if p.Diagnostics.HasErrors() {
		return p.Diagnostics
	}
	if err := w.apply(p, snap, kinds); err != nil {
		w.Fatalf("%s: %v\n%s", name, err, told(p))
	}
	if p, _, _ = w.plan(cfg); p.Diagnostics.HasErrors() || !p.Empty() {
		w.Fatalf("%s: the plan after the apply is not empty: %v\n%s", name, p.Diagnostics.Err(), told(p))
	}
	return nil
}

// must reaches a configuration.
func (w *world) must(name, text string) {
	w.Helper()
	if list := w.reach(name, text); list != nil {
		w.Fatalf("%s: refused: %v", name, list.Err())
	}
}

func told(p *planner.Plan) string {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s %s %s (%s): %v → %v\n", c.Action, c.Address, c.ID, c.Reason, c.Before, c.After)
		for _, s := range c.Steps {
			fmt.Fprintf(&b, "  %s %s %v %v needs %v %s\n", s.ID, s.Verb, s.Attrs, s.Place, s.Needs, s.Note)
		}
	}
	return b.String()
}

// people are the members at the tenant by ID, deleted ones too.
func (w *world) people() map[string]*api.User {
	w.Helper()
	out := map[string]*api.User{}
	for u, err := range w.client.Users(w.Context(), api.ListOptions{DomainID: 10000001}) {
		if err != nil {
			w.Fatal(err)
		}
		out[u.UserID] = u
	}
	return out
}

func (w *world) signIn(login string) {
	w.Helper()
	if err := w.server.SignIn(login + "@acme.co.kr"); err != nil {
		w.Fatal(err)
	}
}

// memory is a session that keeps nothing durable.
type memory struct {
	mu      sync.Mutex
	st      *state.State
	entries []state.Entry
}

func (m *memory) State() *state.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.st
}

func (m *memory) Append(_ context.Context, _ bool, e ...state.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, e...)
	return nil
}

func (m *memory) Check(context.Context) error { return nil }

func (m *memory) Commit(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.st, m.entries = state.Fold(m.st, m.entries), nil
	return nil
}

func (m *memory) Close() error { return nil }
