package workspace

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/mail/imap"
	"github.com/isaworks/isa/providers/works/api"
)

// mover makes jobs of the content engine from mail_migration blocks. Secrets are
// resolved at each login only.
type mover struct {
	w       *Workspace
	ledger  providers.Ledger
	secrets *secret.Resolver
	server  mail.Server
	unknown error                     // why server is not known; only the route append needs it
	roots   map[string]*x509.CertPool // by ca_file
	refused *Refusals
	asking  sync.Mutex // is held by who notes a run in the state
}

func (w *Workspace) newMover(ledger providers.Ledger) (*mover, error) {
	m, err := w.naming(ledger)
	if err != nil {
		return nil, err
	}
	for _, s := range w.Mail.Sources {
		if err := m.trust(s); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// naming is a mover that knows the names of origins and targets, and opens none.
func (w *Workspace) naming(ledger providers.Ledger) (*mover, error) {
	server, err := mail.TargetServer(w.Config.Tenant.Edition, w.Config.Access.IMAPBase)
	if err != nil && w.Config.Access.IMAPBase != "" {
		return nil, err
	}
	m := &mover{w: w, ledger: ledger, secrets: w.resolver(), server: server, unknown: err, roots: map[string]*x509.CertPool{}, refused: w.Refused}
	if m.refused == nil {
		m.refused = &Refusals{}
	}
	return m, nil
}

// trust reads the certificates that a source wants to be trusted besides those of the
// system.
func (m *mover) trust(s *mail.Source) error {
	if s.CAFile == "" || m.roots[s.CAFile] != nil {
		return nil
	}
	path := s.CAFile
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.w.env.ConfigDir(), path)
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: ca_file: %w", s.Address, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s: ca_file %s holds no certificate; give the server's, or its authority's, as PEM", s.Address, s.CAFile)
	}
	m.roots[s.CAFile] = pool
	return nil
}

// job is one migration as the engine takes it, in the phase that the state has.
func (m *mover) job(one *mail.Migration, phase content.Phase) content.Job {
	j := content.Job{
		Name: one.Address.String(), Title: one.Title, Phase: phase,
		Origin: m.origin(one), Target: m.target(one), Rules: m.rules(one),
	}
	if !one.Wave.IsZero() {
		j.Wave = one.Wave.String()
	}
	j.Map = m.mapping(one, providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name(), Wave: j.Wave})
	return j
}

// target is the member's mailbox. On a rehearsal its name is the sandbox's, whose
// port may be another one tomorrow; in the gov edition that of the API, since the mail host
// may be given later, or never.
func (m *mover) target(one *mail.Migration) providers.Target {
	a := imap.Account{Addr: m.server.Address(), User: one.Mail, Secret: m.password(one.AppPassword), Security: imap.Plain}
	if m.server.TLS {
		a.Security = imap.TLS
	}
	var t providers.Target = guardedTarget{imap.Target(a, providers.Limits{}), a, m.refused}
	if m.unknown != nil {
		t = unknownTarget{t, m.unknown}
	}
	access, edition := m.w.Config.Access, m.w.Config.Tenant.Edition
	if edition != string(api.Gov) && (!rehearsed(m.w.Identity()) || !loopback(m.server.Host)) {
		return t
	}
	return named{t, "imap://" + placeOf(edition, access.APIBase) + "/" + strings.ToLower(one.Mail)}
}

// unknownTarget is a mailbox whose server is not known.
type unknownTarget struct {
	providers.Target
	err error
}

// Open implements providers.Target.
func (u unknownTarget) Open(context.Context) (providers.Writer, error) { return nil, u.err }

// named is a target under another name.
type named struct {
	providers.Target
	name string
}

// Name implements providers.Target.
func (n named) Name() string { return n.name }

func (m *mover) password(handle value.Secret) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) { return m.secrets.Resolve(ctx, handle) }
}

func (m *mover) rules(one *mail.Migration) content.Rules {
	r := content.Rules{Since: one.Rules.Since, Before: one.Rules.Before, MaxSize: one.Rules.MaxSize, DualSince: one.Rules.DualSince}
	if one.Rules.KeepLarge != "" {
		r.Keep = m.keep(one)
	}
	return r
}

// mapping finds the places of folders, which keep those that they once got. Without
// an answer of the ledger no folder has a place, and the job ends with an error.
func (m *mover) mapping(one *mail.Migration, about providers.StreamInfo) func([]providers.Folder) []content.Mapping {
	return func(folders []providers.Folder) []content.Mapping {
		rules := one.Rules.Folders
		var err error
		if rules.Known, err = places(context.Background(), m.ledger, about); err != nil {
			return nil
		}
		var out []content.Mapping
		for _, p := range mail.Map(folders, rules) {
			out = append(out, content.Mapping{Folder: p.Folder, Path: p.Path, Use: p.Use, Excluded: p.Excluded, Note: p.Note, Sent: p.Sent})
		}
		return out
	}
}

// places are where the folders of a stream went.
func places(ctx context.Context, ledger providers.Ledger, about providers.StreamInfo) (map[string]providers.Folder, error) {
	stream, err := ledger.Stream(ctx, about)
	if err != nil {
		return nil, err
	}
	records, err := stream.Folders(ctx)
	if err != nil {
		return nil, err
	}
	return targetsOf(records), nil
}

func targetsOf(records []providers.FolderRecord) map[string]providers.Folder {
	out := map[string]providers.Folder{}
	for _, r := range records {
		if r.Target.ID != "" {
			out[r.ID] = r.Target
		}
	}
	return out
}

// contentLimits are the limits of all hosts. Members who have not signed in yet have no
// app password, so that any number of refused logins in a row is ordinary at the
// service.
func (m *mover) contentLimits(jobs []content.Job, by map[string]*mail.Migration) map[string]content.Limits {
	out := map[string]content.Limits{}
	for _, j := range jobs {
		l := by[j.Name].Source.Limits
		out[j.Origin.Host()] = content.Limits{
			Connections: l.Connections, PerAccount: l.PerAccount,
			MessagesPerSecond: float64(l.MessagesPerSecond), BytesPerSecond: float64(l.BytesPerSecond),
			Hours: content.Hours{From: l.Hours.From, To: l.Hours.To, Zone: l.Hours.Zone},
		}
		if by[j.Name].Source.Type == mail.TypePOP3 { // which lets one session at a time into a mailbox
			one := out[j.Origin.Host()]
			one.PerAccount = 1
			out[j.Origin.Host()] = one
		}
	}
	for _, j := range jobs {
		host := j.Target.Host()
		if j.Pull != nil {
			host = j.Pull.Puller.Host()
		}
		if _, both := out[host]; !both {
			out[host] = content.Limits{Denials: -1}
		}
	}
	return out
}
