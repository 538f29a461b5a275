package workspace

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/content"
	mailspool "github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/works/api"
	works "github.com/isaworks/isa/providers/works/mail"
	"github.com/isaworks/isa/state"
)

// pollRun is how often the service is asked how far a run is.
const pollRun = 20 * time.Second

// gates are the gateways of a pass: each is opened, and served, when the first
// migration wants it.
type gates struct {
	w      *Workspace
	known  *memory // what the state has of the mailboxes; nil: not read yet
	closed bool    // they are looked into, and serve nobody
	open   map[addr.Address]*openGate
}

type openGate struct {
	gate   *Gate
	others []*mailspool.Spool // of earlier passes
	absent []string           // those that are not there or cannot be read
	stop   func() error
	err    error // why it cannot be served; told for each who wants it
}

// gate is an open gateway that is served, with the spools that the ledger knows besides.
func (g *gates) gate(ctx context.Context, l providers.Ledger, about *mail.Gateway) (*openGate, error) {
	if o := g.open[about.Address]; o != nil {
		return o, o.err
	}
	o := &openGate{}
	if o.gate, o.err = newGate(g.w.env, about); o.err == nil {
		o.others, o.absent, o.err = g.w.formerSpools(ctx, l, o.gate.Spool.Dir())
	}
	if o.err == nil && !g.closed {
		o.stop, o.err = o.gate.during(ctx, nil)
	}
	if g.open == nil {
		g.open = map[addr.Address]*openGate{}
	}
	g.open[about.Address] = o
	return o, o.err
}

// close ends the serving and returns what failed of it.
func (g *gates) close() error {
	var all error
	for _, o := range g.open {
		if o.stop != nil {
			all = errors.Join(all, o.stop())
		}
	}
	g.open = nil
	return all
}

// fetched tells a route on which the service fetches mail for itself.
func fetched(one *mail.Migration) bool { return one.Route != mail.RouteAppend }

// pull says how the service fetches the mail of a migration: from a gateway, which is
// served from now on, or from the old server. nil: by neither.
func (m *mover) pull(ctx context.Context, g *gates, st *state.State, one *mail.Migration) (*content.Pull, error) {
	if !fetched(one) {
		return nil, nil
	}
	if err := m.w.connected(); err != nil {
		return nil, err
	}
	box := works.Mailbox{User: one.Mail, Name: m.target(one).Name(), Host: placeOf(m.w.Config.Tenant.Edition, m.w.Config.Access.APIBase)}
	if o, ok := st.Find(one.Member); ok && o.ID != "" {
		box.User = o.ID
	}
	if g.known == nil {
		g.known = m.w.memory(st)
	}
	known := g.known.of(one.Address, m.origin(one).Name(), box.Name)
	p := &content.Pull{Puller: works.Puller(m.w.tenant.mail, box), Note: m.noteAsked(one)}
	if one.Route == mail.RouteServer {
		p.Server, p.Puller = m.fromServer(known, one, box, p.Puller)
		p.Rule.Poll = m.w.pace.poll()
		return p, nil
	}
	o, err := g.gate(ctx, m.ledger, one.Gateway)
	if err != nil {
		return nil, err
	}
	p.Gateway = &content.Gateway{
		Spool: o.gate.Spool, Others: o.others, Absent: o.absent, Host: one.Gateway.Host, Port: one.Gateway.Port, Domain: loginDomain(one.Gateway.Host), Down: o.gate.Down,
		Passed: known.Passed, Batches: known.Batches,
	}
	p.Rule = m.w.batchRule(one.Gateway.Batch)
	return p, nil
}

// loginDomain is the domain of the logins of a gateway, which look like e-mail
// addresses.
func loginDomain(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return "gateway.invalid" // only a sandbox has a gateway without a name
	}
	return host
}

// batchRule is what a gateway says of batches, with the times of a sandbox where one is
// used.
func (w *Workspace) batchRule(b mail.Batch) content.BatchRule {
	r := content.BatchRule{Items: b.Messages, Bytes: b.Bytes, Smallest: b.Smallest, Interval: w.pace.pause(b.Interval), Runs: b.Runs, Poll: w.pace.poll()}
	if b.Interval == 0 {
		r.Interval = -1
	}
	return r
}

// poll is how often a run is looked at.
func (p pace) poll() time.Duration {
	if p.unlimited {
		return jitter
	}
	return p.pause(pollRun)
}

// fromServer is the old server as the service fetches it, once.
func (m *mover) fromServer(known state.Stream, one *mail.Migration, box works.Mailbox, imap providers.Puller) (*content.Server, providers.Puller) {
	s := one.Source
	from := &content.Server{
		From:   providers.Pickup{Host: s.Host, Port: s.Port, TLS: s.TLS == mail.TLSImplicit, User: one.Login.User},
		Served: known.Served,
	}
	if s.Type == mail.TypePOP3 {
		return from, pop3Puller{imap, m, one, box}
	}
	return from, passwordPuller{imap, m, one}
}

// passwordPuller gives the password to the service when a run is started, and not
// before.
type passwordPuller struct {
	providers.Puller
	m   *mover
	one *mail.Migration
}

// Start implements providers.Puller.
func (p passwordPuller) Start(ctx context.Context, from providers.Pickup) (err error) {
	if from.Password, err = p.m.secrets.Resolve(ctx, p.one.Login.Password); err != nil {
		return err
	}
	return p.Puller.Start(ctx, from)
}

// served tells when the service was asked to fetch the old mailbox itself, zero: never.
func served(ctx context.Context, stream providers.Stream) (time.Time, error) {
	list, err := stream.Batches().List(ctx)
	return servedAt(list), err
}

func servedAt(list []providers.Batch) time.Time {
	i := slices.IndexFunc(list, func(b providers.Batch) bool { return b.Route == mail.RouteServer && !b.Started.IsZero() })
	if i < 0 {
		return time.Time{}
	}
	return list[i].Started
}

// fetchedStream is what the service was asked to fetch of a stream.
type fetchedStream struct {
	served  time.Time // when it was asked to fetch the source itself
	batches int
	looked  bool // by its route a pass finds out what is in the mailbox
}

// fetchedStreams are the streams that the ledger knows, by name.
func (w *Workspace) fetchedStreams(ctx context.Context, l providers.Ledger, known []providers.StreamInfo) (map[string]fetchedStream, error) {
	routes := w.routes()
	out := make(map[string]fetchedStream, len(known))
	for _, info := range known {
		stream, err := l.Stream(ctx, info)
		if err != nil {
			return nil, err
		}
		list, err := stream.Batches().List(ctx)
		if err != nil {
			return nil, err
		}
		its := fetchedStream{batches: len(list), looked: routes[info.Name] == mail.RouteAppend}
		if routes[info.Name] == mail.RouteServer {
			its.served = servedAt(list)
		}
		out[info.Name] = its
	}
	return out, nil
}

// routes are the routes of the migrations, by name.
func (w *Workspace) routes() map[string]string {
	out := make(map[string]string, len(w.Mail.Migrations))
	for _, one := range w.Mail.Migrations {
		out[one.Address.String()] = one.Route
	}
	return out
}

// notServed says why the service cannot fetch an old mailbox as it is: folders that its
// migration fails on, as the last survey has them. "" when it can.
func notServed(one *mail.Migration, surveyed time.Time, records []providers.FolderRecord) string {
	if one.Route != mail.RouteServer || one.Source.Type == mail.TypePOP3 {
		return ""
	}
	if surveyed.IsZero() {
		return "isa survey has to look first for folders on which the service's migration fails"
	}
	var folders []providers.Folder
	for _, r := range records {
		if !r.Gone && r.Unserved == "" {
			folders = append(folders, r.Folder)
		}
	}
	wrong, first := 0, ""
	for _, f := range folders {
		why := mail.Illegal(f)
		if why == "" {
			continue
		}
		if wrong++; wrong == 1 {
			first = fmt.Sprintf("the folder %q has %s, on which the service's migration fails as a whole", strings.Join(f.Path, "/"), why)
		}
	}
	if wrong > 1 {
		return fmt.Sprintf("%s, and so %d others", first, wrong-1)
	}
	return first
}

// pop3Puller has the service fetch an inbox by POP3, of which it tells nothing: that a
// run was begun is all that is known.
type pop3Puller struct {
	providers.Puller // of IMAP: its name and host
	m                *mover
	one              *mail.Migration
	box              works.Mailbox
}

// Start implements providers.Puller. The service counts refused logins and takes none
// for a day after several, so that isa has logged in before this is called.
func (p pop3Puller) Start(ctx context.Context, from providers.Pickup) error {
	password, err := p.m.secrets.Resolve(ctx, p.one.Login.Password)
	if err != nil {
		return err
	}
	return works.StartPOP3(ctx, p.m.w.tenant.mail, p.box.User, works.POP3{Host: from.Host, Port: from.Port, User: from.User, Password: api.NewSecret(password)})
}

// Run implements providers.Puller: there is no call that tells.
func (p pop3Puller) Run(context.Context) (providers.PullRun, error) {
	return providers.PullRun{State: providers.PullUntold}, nil
}

// Forget implements providers.Puller: there is no call that removes the account.
func (p pop3Puller) Forget(context.Context) error { return nil }
