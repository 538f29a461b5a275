package workspace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/works/api"
	works "github.com/isaworks/isa/providers/works/mail"
	"github.com/isaworks/isa/state"
)

// Probe is a try of the route by gateway with one member: NAVER WORKS fetches three
// messages, isa tells what it saw of that, and a person what arrived.
type Probe struct {
	Login string   // the member's
	Mark  string   // in the subjects of this probe's messages
	Notes []string // what is to be known before it begins

	w       *Workspace
	st      *state.State
	box     works.Mailbox
	pending bool // the member has never signed in
	gateway *mail.Gateway
	id      string // of the batch
	first   string // the value of migration-none, "" when it cannot be seen
}

// Gateway is the address of the block that the messages are fetched by.
func (p *Probe) Gateway() string { return p.gateway.Address.String() }

// NewProbe looks whether a member may be tried, and with which gateway. member is an
// address of the configuration, or a login. Nothing is changed.
func (w *Workspace) NewProbe(ctx context.Context, member string) (*Probe, error) {
	st, err := w.Store.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.SameTenant(st); err != nil {
		return nil, err
	}
	if err := w.connected(); err != nil {
		return nil, err
	}
	mark := strings.ToLower(rand.Text()[:12])
	p := &Probe{w: w, st: st, Mark: mark[:4], id: w.probePrefix() + mark}
	for _, step := range []func(context.Context, string) error{p.find, p.choose, p.records, p.atService, p.examine} {
		if err := step(ctx, member); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// probePrefix begins the batches of probes from this directory, so that what a killed
// one left in the spool and at the service is known again.
func (w *Workspace) probePrefix() string {
	path, err := filepath.Abs(w.statePath)
	if err != nil {
		path = w.statePath
	}
	sum := sha256.Sum256([]byte(path))
	return "probe-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5])) + "-"
}

// find asks the service for the member.
func (p *Probe) find(ctx context.Context, text string) error {
	id := text
	if a, err := addr.Parse(text); err == nil && a.Type == directory.Member {
		o, ok := p.st.Find(a)
		if !ok || o.ID == "" {
			return fmt.Errorf("--probe-mail: %s is not created yet: isa apply", a)
		}
		id = o.ID
	} else if !strings.Contains(text, "@") {
		id = directory.FullAddress(text, p.w.Config.Tenant.Companies[0])
	}
	client, err := api.New(p.w.clientOptions(p.w.tenant.lanes))
	if err != nil {
		return err
	}
	user, err := client.User(ctx, id)
	switch {
	case diag.ClassOf(err) == diag.NotFound:
		return fmt.Errorf("--probe-mail: the tenant has no member %s; name one by address (member.staff[\"1042\"]) or login", text)
	case err != nil:
		return err
	case user.IsDeleted || user.IsSuspended:
		return fmt.Errorf("--probe-mail: %s is suspended or deleted, and gets no mail; name another member", user.Email)
	}
	p.Login, p.pending = user.Email, user.IsPending
	p.box = works.Mailbox{User: user.UserID, Host: placeOf(p.w.Config.Tenant.Edition, p.w.Config.Access.APIBase)}
	if p.pending {
		p.note("%s has not signed in yet: the service may refuse, and nobody can look before that", p.Login)
	}
	m, err := p.w.newMover(nil)
	if err != nil {
		return err
	}
	p.box.Name = m.target(&mail.Migration{Mail: p.Login}).Name()
	return nil
}

func (p *Probe) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// choose finds the gateway that the member's mail goes through, else the only one.
func (p *Probe) choose(context.Context, string) error {
	for _, m := range p.w.Mail.Migrations {
		if m.Gateway != nil && strings.EqualFold(m.Mail, p.Login) {
			p.gateway = m.Gateway
			return nil
		}
	}
	switch all := p.w.Mail.Gateways; len(all) {
	case 0:
		return fmt.Errorf("--probe-mail: the configuration has no %s block", mail.GatewayKind)
	case 1:
		p.gateway = all[0]
		return nil
	}
	return fmt.Errorf("--probe-mail: there are several gateways, and no mail_migration says which one the mail of %s goes through; name a member whose does", p.Login)
}

// records looks into the ledger for what isa had the service do with this mailbox.
func (p *Probe) records(ctx context.Context, _ string) (err error) {
	l, err := p.w.readLedger(ctx, p.st)
	if err != nil || l == nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	runs, err := p.settled(ctx, l)
	if runs > 0 {
		p.note("isa had the service fill this mailbox before, in %s; what that brought stays as it is", view.Plural(runs, "run"))
	}
	return err
}

// settled counts the runs that filled the mailbox, and refuses beside one of which it
// is not known what arrived: the service knows of the last run only.
func (p *Probe) settled(ctx context.Context, l providers.Ledger) (runs int, err error) {
	infos, err := l.Streams(ctx)
	if err != nil {
		return 0, err
	}
	for _, info := range infos {
		if info.Target != p.box.Name {
			continue
		}
		stream, err := l.Stream(ctx, info)
		if err != nil {
			return 0, err
		}
		list, err := stream.Batches().List(ctx)
		if err != nil {
			return 0, err
		}
		for _, b := range list {
			if b.State == providers.Frozen || b.State == providers.Started {
				return 0, &diag.Failure{Class: diag.Conflict, Op: "probe", Detail: fmt.Sprintf("a batch of %s for %s is not settled, and a probe would hide what became of it", view.Plural(int(b.Items), "message"), info.Name),
					Fix: fmt.Sprintf("make a pass first: isa sync '%s'", info.Name)}
			}
			if !b.Started.IsZero() {
				runs++
			}
		}
	}
	return runs, nil
}

// atService looks what the service knows of the member's last run.
func (p *Probe) atService(ctx context.Context, _ string) error {
	m, err := p.w.tenant.mail.IMAPMigration(ctx, p.box.User)
	switch {
	case diag.ClassOf(err) == diag.NotFound && api.CodeOf(err) != "USER_NOT_EXIST":
		p.first = "404"
		return nil
	case err == nil && m.ImportedEmail == "" && m.StartedTime == "":
		p.first = "before"
		return nil
	}
	run, err := p.puller().Run(ctx)
	switch {
	case err != nil && p.pending:
		return fmt.Errorf("%s has not signed in yet, which may be why: %w", p.Login, err)
	case err != nil:
		return err
	case run.State == providers.PullNone:
		return nil
	case run.State == providers.PullDone:
		p.note("the service remembers an import from %s, which it forgets; what that brought stays", view.Line(run.User))
		return nil
	case p.ours(run.User):
		p.note("a probe that was cut off is still under way at the service, and is ended")
		return nil
	}
	return &diag.Failure{Class: diag.Conflict, Op: "probe", Detail: fmt.Sprintf("the service is fetching from %s for %s", view.Line(run.User), p.Login),
		Fix: "wait until that run is done, or name another member"}
}

func (p *Probe) puller() providers.Puller { return works.Puller(p.w.tenant.mail, p.box) }

// ours reports a login of a probe from this directory.
func (p *Probe) ours(user string) bool {
	return strings.HasPrefix(strings.ToLower(user), p.w.probePrefix())
}

// examine refuses where doctor's own checks of the gateway fail, by their names.
func (p *Probe) examine(ctx context.Context, _ string) error {
	ctx, cancel := context.WithTimeout(ctx, examining)
	defer cancel()
	checks := p.w.examineGateway(ctx, p.gateway)
	if i := slices.IndexFunc(checks, func(c Check) bool { return c.Verdict == Failed }); i >= 0 {
		c := checks[i]
		return &diag.Failure{Class: diag.Invalid, Op: c.Name, Detail: c.What + ": " + c.Why, Fix: c.Fix}
	}
	return nil
}

// poll is how often the service is asked how far its run is.
func (p *Probe) poll() time.Duration {
	if p.w.pace.unlimited {
		return jitter
	}
	return p.w.pace.pause(probePoll)
}
