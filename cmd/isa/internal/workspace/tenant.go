package workspace

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
	works "github.com/isaworks/isa/providers/works/directory"
	worksmail "github.com/isaworks/isa/providers/works/mail"
)

// tenant is a connection to the service.
type tenant struct {
	kinds map[string]providers.Kind
	// mail is a client with a token of its own for the scope mail, which is fetched when
	// it is first needed: without it everything else goes on.
	mail  *api.Client
	lanes *lanes.Set
	calls atomic.Int64
}

// resolver opens handles of secrets; the resolved text goes into requests only.
func (w *Workspace) resolver() *secret.Resolver {
	r := secret.New(w.env.ConfigDir(), w.env.Lookup)
	r.Commands, r.Ask = w.Config.HasCommand, w.env.SecretAsker()
	return r
}

// Secret resolves one handle.
func (w *Workspace) Secret(ctx context.Context) func(value.Secret) (string, error) {
	r := w.resolver()
	return func(s value.Secret) (string, error) { return r.Resolve(ctx, s) }
}

// connect makes the client. It sends nothing yet.
func (w *Workspace) connect(b lanes.Budget) (*tenant, error) {
	access := w.Config.Access
	if err := checkAccess(access); err != nil {
		return nil, err
	}
	t := &tenant{lanes: lanes.New(b, lanes.QuietSince(w.env.Now()))}
	options := w.clientOptions(t.lanes)
	options.Trace = func(api.TraceEvent) { t.calls.Add(1) }
	client, err := api.New(options)
	if err == nil {
		options.Scopes = []string{"mail"}
		t.mail, err = api.New(options)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", access.Range, err)
	}
	t.kinds = works.Kinds(client, w.Config.Tenant)
	maps.Copy(t.kinds, worksmail.Kinds(t.mail))
	return t, nil
}

// clientOptions say how the tenant is reached.
func (w *Workspace) clientOptions(set *lanes.Set) api.Options {
	access, r := w.Config.Access, w.resolver()
	return api.Options{
		Edition: api.Edition(w.Config.Tenant.Edition), APIBase: access.APIBase, AuthBase: strings.TrimSuffix(strings.TrimRight(access.AuthBase, "/"), "/oauth2/v2.0"),
		Lanes: set, UserAgent: "isa/" + Version,
		Credentials: api.Credentials{
			ClientID: access.ClientID, ServiceAccount: access.ServiceAccount,
			ClientSecret: func(ctx context.Context) (string, error) { return r.Resolve(ctx, access.ClientSecret) },
			PrivateKey: func(ctx context.Context) ([]byte, error) {
				text, err := r.Resolve(ctx, access.PrivateKey)
				return []byte(text), err
			},
		},
	}
}

func checkAccess(a config.Access) error {
	var missing []string
	for _, m := range []struct {
		name  string
		empty bool
	}{
		{"client_id", a.ClientID == ""}, {"client_secret", a.ClientSecret == ""},
		{"service_account", a.ServiceAccount == ""}, {"private_key", a.PrivateKey == ""},
	} {
		if m.empty {
			missing = append(missing, m.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	where := "the tenant block"
	if a.Range.File != "" {
		where = a.Range.String()
	}
	return fmt.Errorf("%s: credentials lack %s; write them in the credentials block of tenant and set what they read from the environment",
		where, strings.Join(missing, ", "))
}

// Waits tells why work waits, for the progress display.
func (t *tenant) Waits() []view.Wait {
	var out []view.Wait
	for _, l := range t.lanes.Waits() {
		w := view.Wait{What: l.Call.Op, Until: l.Until}
		switch l.Why {
		case lanes.WindowSpent:
			w.Why = fmt.Sprintf("the minute's calls are used, %s waiting", view.Number(l.Calls))
		case lanes.WriterBusy:
			w.What, w.Why = writerWords(l.Call.Writer), fmt.Sprintf("one write at a time, %s waiting", view.Number(l.Calls))
		case lanes.Limited:
			w.Why = "the service asks to wait (429)"
		}
		if len(out) < 3 {
			out = append(out, w)
		}
	}
	return out
}

// writerWords names a thing that takes one write at a time.
func writerWords(writer string) string {
	if domain, ok := strings.CutPrefix(writer, "orgunits "); ok {
		return "org units of domain " + domain
	}
	return writer
}

// snapshot lists all objects of all kinds, kinds in parallel, and shows how far
// it is on p. refused is asked about each kind that cannot be listed, and returns what
// ends the listing; nil goes on without the kind. It may be called by several goroutines.
func (w *Workspace) snapshot(ctx context.Context, t *tenant, p *view.Progress, refused func(*schema.Kind, error) error) (live.Snapshot, error) {
	snap := live.Snapshot{Identity: w.Identity(), TakenAt: w.env.Now(), Objects: map[string][]live.Object{}}
	before := t.calls.Load()
	task := p.Task("listing", "object", 0)
	defer task.Drop()
	group, ctx := errgroup.WithContext(ctx)
	counts := newCounter(task)
	var mu sync.Mutex
	for _, k := range w.kinds {
		kind, ok := t.kinds[k.Type]
		if !ok {
			return snap, fmt.Errorf("the service knows no %s", k.Type)
		}
		group.Go(func() error {
			objects, err := kind.List(ctx, func(n int) { counts.set(k.Type, n) })
			if err != nil {
				return refused(k, w.listing(k, err))
			}
			mu.Lock()
			defer mu.Unlock()
			if objects != nil { // nil: the kind's feature is off
				snap.Objects[k.Type] = objects
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return snap, err
	}
	snap.Calls = int(t.calls.Load() - before)
	return snap, nil
}

// counter adds up what several listings have.
type counter struct {
	mu   sync.Mutex
	of   map[string]int
	task *view.Task
}

func newCounter(t *view.Task) *counter { return &counter{of: map[string]int{}, task: t} }

func (c *counter) set(kind string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[kind] = n
	sum := 0
	for _, n := range c.of {
		sum += n
	}
	c.task.Set(sum)
}

// callsOf tells the planner which requests a step takes. A step does not know the
// ID of its object, so the address stands for it: one writer an object.
func (t *tenant) callsOf(kind string, company schema.Company, step *planner.Step) []lanes.Call {
	k, ok := t.kinds[kind]
	if !ok || step.Verb == planner.DoRecord {
		return nil
	}
	r := providers.Request{Verb: string(step.Verb), Company: company, Attrs: step.Attrs}
	if step.Verb != planner.DoCreate {
		if i := strings.LastIndexByte(step.ID, '#'); i > 0 {
			r.ID = step.ID[:i]
		}
	}
	if step.Place != nil {
		r.Place = &providers.Place{Parent: placeKey(step.Place.Parent), After: placeKey(step.Place.After), Last: step.Place.Last}
	}
	return k.Calls(r)
}

func placeKey(v value.Value) string {
	if ref, ok := v.(value.Ref); ok {
		return ref.Addr.String()
	}
	return value.Text(v)
}
