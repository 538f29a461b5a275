//go:build unix

package e2e

import (
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// gatewayHead declares members (%[1]s) and a gateway on this machine: %[2]s is its port,
// %[3]s what batches are.
const gatewayHead = `member "staff" {
  for_each      = toset(%[1]s)
  external_key  = each.key
  login_id      = each.key
  last_name     = each.key
  private_email = "${each.key}@example.com"
  password { mode = "member" }
}

mail_gateway "main" {
  host        = "127.0.0.1"
  port        = %[2]s
  listen      = "127.0.0.1:%[2]s"
  certificate = "tls/cert.pem"
  key         = "tls/key.pem"
  spool       = "spool"
  quota       = "1GB"
  allow       = ["127.0.0.1"]
  batch {
%[3]s
  }
}
`

// gatewayMain moves the mail of all members: %[1]s is the source, %[2]s what opens it,
// %[3]s the route.
const gatewayMain = `mail_source "old" {
%[1]s
}

mail_migration "staff" {
  for_each = member.staff
  member   = each.value
  source   = mail_source.old
  route    = %[3]q
  consent  = true
%[2]s
}
`

// gatewayOptions say what there is.
type gatewayOptions struct {
	who     []string // "kim" when empty
	sandbox sandbox.Options
	source  string                  // HCL of what is in mail_source; "" the Dovecot by IMAP
	open    string                  // HCL of how a migration opens it; "" by login
	account func(who string) string // at the old server; nil: who
	trust   []string                // PEM files of what the service trusts besides the Dovecot's own
	server  *mailtest.Server        // the old server; nil: one of its own
	wave    bool                    // everybody moves with wave.one, which is to be applied first
	main    string                  // HCL instead of that of source, open and route; "" none
	batch   string                  // HCL of what is in batch
	route   string                  // "gateway" when empty
	tenant  string                  // HCL of what is in tenant besides
	// pending: nobody has signed in yet. untrusted: the service trusts no authority.
	pending, untrusted bool
}

// gatewayMove is a company whose mail goes through a gateway. A Dovecot is the old
// server, the sandbox's migration the client that fetches.
type gatewayMove struct {
	*move
	options gatewayOptions
	port    string
}

func newGateway(t testing.TB, o gatewayOptions) *gatewayMove {
	t.Helper()
	if len(o.who) == 0 {
		o.who = []string{"kim"}
	}
	if o.account == nil {
		o.account = func(who string) string { return who }
	}
	var users []string
	for _, who := range o.who {
		users = append(users, o.account(who))
	}
	source := o.server
	if source == nil {
		source = mailtest.Dovecot(t, mailtest.Options{Users: users})
	}
	o.sandbox.SeedValue, o.sandbox.ImportRoots = 1, source.Roots.Clone()
	if o.untrusted {
		o.sandbox.ImportRoots = x509.NewCertPool()
	}
	for _, file := range o.trust {
		pem, err := os.ReadFile(file)
		if err != nil || !o.sandbox.ImportRoots.AppendCertsFromPEM(pem) {
			t.Fatal(file, err)
		}
	}
	m := &gatewayMove{options: o, port: freePort(t), move: &move{t: t, tenant: startTenant(t, o.sandbox), who: o.who, source: source}}
	m.env["OLD_PASSWORD"] = mailtest.Password
	m.dir = files(t, map[string]string{"tenant.hcl": strings.Replace(tenantFile, "{\n", "{\n"+o.tenant, 1)})
	if err := os.Mkdir(filepath.Join(m.dir, "tls"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.certificate(filepath.Join(source.Dir, "tls"))
	m.configure(o)
	m.must(t, 0, m.dir, "apply", "--yes", "--target", "member.staff", "--allow", fmt.Sprintf("member.invitation=%d", len(o.who)))
	if !o.pending {
		m.signIn()
	}
	return m
}

// signIn lets the members sign in, so that their mailboxes can be looked into; the route
// needs none of it.
func (m *gatewayMove) signIn() {
	m.t.Helper()
	passwords := map[string]string{}
	for _, who := range m.who {
		if err := m.SignIn(who + "@acme.co.kr"); err != nil {
			m.t.Fatal(err)
		}
		made, err := m.AppPassword(who+"@acme.co.kr", false)
		if err != nil {
			m.t.Fatal(err)
		}
		passwords[who] = made.Password
	}
	_, addr, _ := strings.Cut(m.env["ISA_IMAP_BASE"], "://")
	m.target = func(who string) mailtest.Account {
		return mailtest.Account{Addr: addr, User: who + "@acme.co.kr", Password: passwords[who]}
	}
}

// certificate copies a certificate and its key to where the gateway reads them.
func (m *gatewayMove) certificate(from string) {
	m.t.Helper()
	for _, name := range []string{"cert.pem", "key.pem"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			m.t.Fatal(err)
		}
		m.file("tls/"+name, string(data))
	}
}

// configure writes the configuration.
func (m *gatewayMove) configure(o gatewayOptions) {
	m.t.Helper()
	if o.source == "" {
		o.source = fmt.Sprintf("  imap {\n    host = \"127.0.0.1\"\n    port = %s\n    tls  = \"none\"\n  }", portOf(m.source.IMAP))
	}
	if o.open == "" {
		o.open = "  login {\n    user     = each.key\n    password = secret_env(\"OLD_PASSWORD\")\n  }"
	}
	if o.batch == "" {
		o.batch = "    interval = \"0s\"\n    smallest = 1"
	}
	if o.route == "" {
		o.route = "gateway"
	}
	if o.main == "" {
		if o.wave {
			o.open += "\n  wave = wave.one"
		}
		o.main = fmt.Sprintf(gatewayMain, o.source, o.open, o.route)
	}
	if o.wave {
		m.wave("presync", "")
	}
	m.file("head.hcl", fmt.Sprintf(gatewayHead, hclList(o.who), m.port, o.batch))
	m.file("main.hcl", o.main)
}

// freePort is a port that nobody has at the moment.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(l.Addr().String())
}

// notices takes the service's notices out of a member's inbox and counts them.
func (m *gatewayMove) notices(who string) (n int) {
	m.t.Helper()
	err := mailtest.Do(m.t.Context(), m.target(who), func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "From", Value: "no-reply@isa-sandbox.invalid"}}}, nil).Wait()
		if err != nil || len(found.AllUIDs()) == 0 {
			return err
		}
		n = len(found.AllUIDs())
		if err := c.Store(imap.UIDSetNum(found.AllUIDs()...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		return c.Expunge().Close()
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

// load puts a corpus into a member's old mailbox.
func (m *gatewayMove) load(who string, c mailtest.Corpus) {
	m.t.Helper()
	if err := m.source.Load(m.options.account(who), c); err != nil {
		m.t.Fatal(err)
	}
}

// more adds messages to a member's old mailbox.
func (m *gatewayMove) more(who string, c mailtest.Corpus) {
	m.t.Helper()
	var messages []mailtest.Message
	for i := range c.Messages {
		messages = append(messages, c.Message(i))
	}
	if err := m.source.LoadMessages(m.options.account(who), messages...); err != nil {
		m.t.Fatal(err)
	}
}

// settled wants every message of a member to have arrived once.
func (m *gatewayMove) settled(who string, messages int64) {
	m.t.Helper()
	m.notices(who)
	m.same(who, mailtest.Comparison{})
	if s := m.status(m.address(who)); !s.Balanced || s.Total["copied"].Items != messages || s.Total.all() != messages {
		m.t.Errorf("the sums are %s", s.Total.text())
	}
	m.sync(0, m.address(who)).says(m.t, ": nothing new.")
	if n := m.notices(who); n != 0 {
		m.t.Errorf("%d notices of a pass with nothing new", n)
	}
}

// spooled is how many batches the spool holds.
func (m *gatewayMove) spooled() (n int) {
	m.t.Helper()
	entries, err := os.ReadDir(filepath.Join(m.dir, "spool"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			n++
		}
	}
	return n
}

// same wants both ends of a member's mail to be the same. The gateway offers folders
// under English names, and the service puts them into its own, whose names are Korean.
func (m *gatewayMove) same(who string, o mailtest.Comparison) {
	m.t.Helper()
	own := map[string]string{"Sent": "보낸메일함", "Drafts": "임시보관함", "Junk": "스팸메일함", "Trash": "휴지통"}
	places := m.places(who)
	o.Rename = func(path string) string {
		place, ok := places[path]
		if !ok || place == "" { // the service keeps names when it fetches from the old server
			place = path
		}
		if name := own[place]; name != "" {
			return name
		}
		return place
	}
	mailtest.Same(m.t, m.source.Account(m.options.account(who)), m.target(who), o)
}

// under does something while the service has a fault.
func (m *gatewayMove) under(fault string, do func()) {
	m.t.Helper()
	for _, faults := range []string{fault, ""} {
		if err := m.SetFaults(faults); err != nil {
			m.t.Fatal(err)
		}
		if faults != "" {
			do()
		}
	}
}

// arrived wants a member to have exactly this, without what is not kept: flags, dates or
// folders.
func (m *gatewayMove) arrived(who string, want mailtest.Mailbox, lost string) {
	m.t.Helper()
	m.notices(who)
	got, err := mailtest.Read(m.t.Context(), m.target(who))
	if err != nil {
		m.t.Fatal(err)
	}
	if w, g := linesOf(want, lost), linesOf(got, lost); !slices.Equal(w, g) {
		m.t.Errorf("%s: %d arrived\n%s\nwant %d\n%s", who, len(g), strings.Join(g, "\n"), len(w), strings.Join(w, "\n"))
	}
}

// linesOf is a mailbox as lines, without what a service does not keep. Its own folders have
// English names.
func linesOf(m mailtest.Mailbox, lost string) (lines []string) {
	own := map[string]string{"보낸메일함": "Sent", "임시보관함": "Drafts", "스팸메일함": "Junk", "휴지통": "Trash"}
	for folder, messages := range m {
		if name := own[folder]; name != "" {
			folder = name
		}
		for _, s := range messages {
			line := fmt.Sprintf("%x", s.Sum[:8])
			for _, part := range []struct{ name, text string }{{"folders", folder}, {"dates", fmt.Sprint(s.Date)}, {"flags", s.Flags}} {
				if part.name != lost {
					line += " " + part.text
				}
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// together is what two mailboxes hold.
func together(a, b mailtest.Mailbox) mailtest.Mailbox {
	out := maps.Clone(a)
	for folder, messages := range b {
		out[folder] = slices.Concat(out[folder], messages)
	}
	return out
}
