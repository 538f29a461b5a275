package workspace

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/mail/pop3"
)

// serverPatience is how long a server may stay silent.
const serverPatience = 10 * time.Second

// errNoLogin stands for a secret: the way to a server is tried, nobody is logged in.
var errNoLogin = errors.New("nobody is to be logged in")

// examineSource checks where old mail is read. Nobody is logged in.
func (w *Workspace) examineSource(ctx context.Context, s *mail.Source) []Check {
	name := s.Address.String()
	if mail.Files(s.Type) {
		return []Check{w.examineFiles(name, s)}
	}
	m := &mover{w: w, roots: map[string]*x509.CertPool{}}
	if err := m.trust(s); err != nil {
		return []Check{failed(name, "ca_file cannot be used", err, "correct ca_file: a PEM file of certificates")}
	}
	at := host{name: name, addr: s.Server(), server: s.ServerName, roots: m.roots[s.CAFile], security: security(s.TLS)}
	if s.Type == mail.TypePOP3 {
		return at.examine(ctx, w.env.Now(), at.pop3)
	}
	bearer := false
	for _, one := range w.Mail.Migrations {
		bearer = bearer || one.Source == s && one.Login.Mode == mail.LoginOAuth
	}
	return at.examine(ctx, w.env.Now(), func(ctx context.Context) Check { return at.imap(ctx, bearer, false) })
}

func (w *Workspace) examineFiles(name string, s *mail.Source) Check {
	dir := w.env.Path(s.Directory)
	if s.Directory == "" {
		dir = w.env.ConfigDir()
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return failed(name, "the directory cannot be read", err, "correct directory, or give the user of isa the right to read it")
	}
	return Check{Name: name, Verdict: Fine, What: fmt.Sprintf("%s holds %s", filepath.Clean(dir), strings.Replace(view.Plural(len(entries), "entry"), "entrys", "entries", 1))}
}

// examineTarget checks where members' mailboxes are opened.
func (w *Workspace) examineTarget(ctx context.Context) []Check {
	const name = "mail host"
	server, err := mail.TargetServer(w.Config.Tenant.Edition, w.Config.Access.IMAPBase)
	if err != nil {
		return []Check{failed(name, "it is not known", err, "correct or unset ISA_IMAP_BASE")}
	}
	at := host{name: name, addr: server.Address(), security: dial.TLS}
	if !server.TLS {
		at.security = dial.Plain
	}
	return at.examine(ctx, w.env.Now(), func(ctx context.Context) Check { return at.imap(ctx, false, true) })
}

// host is a server of mail.
type host struct {
	name, addr, server string
	roots              *x509.CertPool
	security           dial.Security
}

func (h host) options() dial.Options {
	return dial.Options{Addr: h.addr, Server: h.server, Security: h.security, Roots: h.roots, Stall: serverPatience}
}

// examine checks name, port and certificate, then speaks to the server.
func (h host) examine(ctx context.Context, now time.Time, speak func(context.Context) Check) []Check {
	var out []Check
	if h.security == dial.TLS {
		c := h.certificate(ctx, now)
		if c.Verdict == Failed {
			return []Check{c}
		}
		out = append(out, c)
	}
	return append(out, speak(ctx))
}

// unreachable is the way out where a server cannot be reached.
const unreachable = "correct host and port; is a firewall between?"

// certificate checks the way to a port with TLS from the first byte.
func (h host) certificate(ctx context.Context, now time.Time) Check {
	name := h.name + " certificate"
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	o := h.options()
	o.Now = func() time.Time { return now }
	link, err := dial.Open(ctx, o)
	if err != nil {
		return failed(name, h.addr+" cannot be reached", err, unreachable)
	}
	defer link.Cut() // nothing was said
	conn, err := link.Encrypt(ctx)
	if err != nil {
		return failed(name, h.addr+" is not trusted", err, unreachable)
	}
	return lifetime(name, conn.ConnectionState().PeerCertificates[0], now)
}

// lifetime tells how long a certificate lasts.
func lifetime(name string, leaf *x509.Certificate, now time.Time) Check {
	left := leaf.NotAfter.Sub(now)
	days := view.Plural(int(left/(24*time.Hour)), "day")
	switch {
	case left <= 0:
		return Check{name, Failed, "it expired on " + leaf.NotAfter.Format(time.DateOnly), "nobody who checks it connects", "renew it"}
	case left < expiresSoon:
		return Check{name, Doubtful, "it lasts " + days, "the move may take longer", "renew it"}
	}
	return Check{Name: name, Verdict: Fine, What: "trusted, for this name, lasts " + days}
}

// imap reads the greeting and what the server offers before the login.
func (h host) imap(ctx context.Context, bearer, target bool) Check {
	c, err := imapwire.Dial(ctx, h.options())
	if err != nil {
		return failed(h.name, h.addr+" cannot be spoken to", err, unreachable)
	}
	defer c.Close() //nolint:errcheck // nothing was done
	if err := c.Capability(ctx); err != nil {
		return failed(h.name, h.addr+" does not tell what it offers", err, "is it an IMAP server?")
	}
	matters := []string{"CONDSTORE", "SPECIAL-USE", "LITERAL+"}
	if target {
		matters = []string{"UIDPLUS", "MULTIAPPEND", "LITERAL+", "MOVE"}
	}
	var offers []string
	for _, name := range matters {
		if c.Has(name) {
			offers = append(offers, name)
		}
	}
	check := Check{Name: h.name, Verdict: Fine, What: h.addr + " answers"}
	if len(offers) > 0 {
		check.What += "; offers " + strings.Join(offers, ", ") + " (more perhaps after a login)"
	}
	switch {
	case bearer && !c.Has("AUTH=XOAUTH2"):
		check.Verdict, check.Why, check.Fix = Failed, "it takes no access tokens (XOAUTH2), which login has", "log in with a password or a master user"
	case !bearer && c.Has("LOGINDISABLED") && !c.Has("AUTH=PLAIN"):
		check.Verdict, check.Why, check.Fix = Failed, "it takes no passwords on this connection", "use tls or starttls"
	case h.security == dial.Plain && !local127(h.addr):
		check.Verdict, check.Why, check.Fix = Doubtful, "passwords and mail pass unprotected", "use tls"
	}
	return check
}

// pop3 reads the greeting and what the server offers, and goes away before the login.
func (h host) pop3(ctx context.Context) Check {
	a := pop3.Account{Addr: h.addr, ServerName: h.server, Security: h.security, Roots: h.roots, Stall: serverPatience, User: "nobody",
		Secret: func(context.Context) (string, error) {
			return "", &diag.Failure{Class: diag.Cancelled, Op: "log in", Err: errNoLogin}
		}}
	_, err := pop3.Origin(a).Open(ctx)
	if err != nil && !errors.Is(err, errNoLogin) {
		return failed(h.name, h.addr+" cannot be spoken to", err, unreachable)
	}
	c := Check{Name: h.name, Verdict: Fine, What: h.addr + " answers"}
	if h.security == dial.Plain && !local127(h.addr) {
		c.Verdict, c.Why, c.Fix = Doubtful, "passwords and mail pass unprotected", "use tls"
	}
	return c
}

// local127 reports an address of this machine.
func local127(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopback(host)
}
