// Package makespan proves how long an apply takes: the real parts, from tables to
// the sandbox's log of requests, against the bound that the plan prints.
package makespan

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/executor"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
	"github.com/isaworks/isa/state"
)

// memory is a session that keeps nothing durable: here time is counted, not disks.
type memory struct {
	mu      sync.Mutex
	st      *state.State
	entries []state.Entry
}

func (m *memory) State() *state.State { return m.st }

func (m *memory) Append(_ context.Context, _ bool, e ...state.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, e...)
	return nil
}

func (m *memory) Check(context.Context) error { return nil }

func (m *memory) Commit(context.Context) error {
	m.st, m.entries = state.Fold(m.st, m.entries), nil
	return nil
}

func (m *memory) Close() error { return nil }

// company is a tenant without a network, and what isa knows of it.
type company struct {
	*sandbox.Server
	session *memory
	way     http.RoundTripper
}

// newCompany makes an empty tenant that keeps all limits. Its requests go by way.
func newCompany(t *testing.T, o sandbox.Options, way func(http.RoundTripper) http.RoundTripper) *company {
	t.Helper()
	o.Limits, o.Features = true, true
	srv, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &company{Server: srv, session: &memory{st: state.Empty()}, way: srv.RoundTripper()}
	if way != nil {
		c.way = way(c.way)
	}
	return c
}

// connect makes a client with lanes of its own, as each phase of a command does.
func (c *company) connect(t *testing.T, tenant schema.Tenant, b lanes.Budget) map[string]providers.Kind {
	t.Helper()
	env := c.Env()
	text := func(name string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return env[name], nil }
	}
	client, err := api.New(api.Options{
		APIBase: env["ISA_API_BASE"], AuthBase: strings.TrimSuffix(env["ISA_AUTH_BASE"], "/oauth2/v2.0"),
		Lanes: lanes.New(b, lanes.QuietSince(time.Now())), Transport: c.way,
		Credentials: api.Credentials{
			ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: text("WORKS_CLIENT_SECRET"),
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return directory.Kinds(client, tenant)
}

// load reads the configuration of files.
func load(t *testing.T, files map[string]string) *config.Config {
	t.Helper()
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	cfg, list := config.Load(t.Context(), ".", config.Options{Kinds: model.Schemas(), FS: fs, Version: "0.1.0"})
	if !list.HasErrors() {
		model.Complete(cfg.Objects)
		list = append(list, model.Check(cfg.Tenant, cfg.Objects)...)
	}
	if list.HasErrors() {
		t.Fatal(list.Err())
	}
	return cfg
}

// applied is a finished apply.
type applied struct {
	plan *planner.Plan
	log  []sandbox.Entry // all its requests, those of the listing first
}

// apply does what isa apply does: list, plan, carry out.
func (c *company) apply(t *testing.T, cfg *config.Config) applied {
	t.Helper()
	before := len(c.Requests())
	kinds := c.connect(t, cfg.Tenant, lanes.Budget{PerMinute: lanes.PaidPerMinute, WriterGap: lanes.OrgUnitGap})
	plan, snap := c.plan(t, cfg, kinds)
	report, err := executor.Run(t.Context(), executor.Options{
		Plan: plan, Kinds: c.connect(t, cfg.Tenant, plan.Cost.Budget), Session: c.session, Live: snap,
		Secret: func(value.Secret) (string, error) { return "", nil },
	})
	if err != nil || !report.Complete() {
		t.Fatalf("%v; %d failed, %d skipped: %+v", err, len(report.Failed), len(report.Skipped), firstOf(report.Failed))
	}
	return applied{plan, c.Requests()[before:]}
}

func firstOf(failed []executor.Failed) any {
	if len(failed) == 0 {
		return nil
	}
	return failed[0]
}

func (c *company) plan(t *testing.T, cfg *config.Config, kinds map[string]providers.Kind) (*planner.Plan, live.Snapshot) {
	t.Helper()
	snap := live.Snapshot{Identity: "tenant", TakenAt: time.Now(), Objects: map[string][]live.Object{}}
	schemas := model.Schemas()
	for _, k := range schemas {
		objects, err := kinds[k.Type].List(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		snap.Objects[k.Type] = objects
	}
	plan := planner.Build(planner.Input{
		Tool: "0.1.0", Now: time.Now(), Tenant: cfg.Tenant, Kinds: schemas, Wanted: cfg.Objects,
		State: c.session.st, Live: snap, Config: cfg.Digest, Guards: guards(cfg), PerMinute: lanes.PaidPerMinute,
		Calls: func(kind string, of schema.Company, s *planner.Step) []lanes.Call { return calls(kinds[kind], of, s) },
	})
	if plan.Diagnostics.HasErrors() {
		t.Fatal(plan.Diagnostics.Err())
	}
	return plan, snap
}

func guards(cfg *config.Config) []planner.Guard {
	var out []planner.Guard
	for _, g := range cfg.Guards {
		out = append(out, planner.Guard(g))
	}
	return out
}

// calls asks a kind for the requests of a step, whose address stands for the ID.
func calls(k providers.Kind, of schema.Company, s *planner.Step) []lanes.Call {
	if s.Verb == planner.DoRecord {
		return nil
	}
	r := providers.Request{Verb: string(s.Verb), Company: of, Attrs: s.Attrs}
	if s.Verb != planner.DoCreate {
		r.ID = s.ID[:strings.LastIndexByte(s.ID, '#')]
	}
	if s.Place != nil {
		r.Place = &providers.Place{Parent: value.Text(s.Place.Parent), After: value.Text(s.Place.After), Last: s.Place.Last}
	}
	return k.Calls(r)
}

// nothing wants a plan without changes.
func (c *company) nothing(t *testing.T, cfg *config.Config) {
	t.Helper()
	kinds := c.connect(t, cfg.Tenant, lanes.Budget{PerMinute: lanes.PaidPerMinute})
	if plan, _ := c.plan(t, cfg, kinds); !plan.Empty() {
		t.Errorf("the plan after the apply has %d changes", len(plan.Changes))
	}
}

// check holds an apply against the rules and its bound.
func (c *company) check(t *testing.T, a applied) {
	t.Helper()
	for _, v := range c.Violations() {
		t.Errorf("violation: %s", v)
	}
	checkLog(t, a.log, time.Duration(a.plan.Cost.Seconds*float64(time.Second)), 0)
}

// most is how much longer than its bound an apply may take.
const most = 1.05

// checkLog holds a log of requests of a whole apply against the rules of the service
// (reference/api/00-auth-and-common.md, section 9) and the bound. The times in the log may be off by jitter: a machine
// under load notes them late.
func checkLog(t *testing.T, log []sandbox.Entry, bound, jitter time.Duration) {
	t.Helper()
	last, writing := time.Time{}, map[string]time.Time{}
	least := time.Duration(-1)
	for _, e := range log {
		if e.Status == http.StatusTooManyRequests || e.Status >= 500 || e.Status == 0 {
			t.Errorf("%s answered %d %s", e.Op, e.Status, e.Code)
		}
		if e.Method == http.MethodGet {
			continue
		}
		if strings.HasPrefix(e.Op, "orgunit-") {
			if gap := e.Start.Sub(last); !last.IsZero() && (least < 0 || gap < least) {
				least = gap
			}
			last = e.Start
		}
		if member, ok := strings.CutPrefix(e.Path, "/v1.0/users/"); ok {
			member, _, _ = strings.Cut(member, "/")
			if e.Start.Before(writing[member]) {
				t.Errorf("%s %s began before the last write of the member ended", e.Op, e.Path)
			}
			writing[member] = e.End
		}
	}
	if least >= 0 && least < lanes.OrgUnitGap-jitter {
		t.Errorf("org-unit writes arrived %v apart, %v are needed", least, lanes.OrgUnitGap)
	}
	took := log[len(log)-1].Start.Sub(log[0].Start)
	t.Logf("%d requests in %v, the bound is %v: %.3f; org-unit writes at least %v apart", len(log), took, bound, took.Seconds()/bound.Seconds(), least)
	if took.Seconds() > most*bound.Seconds() {
		t.Errorf("%d requests took %v, which is %.3f × the bound of %v; %.2f × are allowed", len(log), took, took.Seconds()/bound.Seconds(), bound, most)
	}
}
