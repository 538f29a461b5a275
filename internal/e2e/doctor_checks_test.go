//go:build unix

package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// sources are mail_source blocks, by name, each as HCL inside of the block.
func sources(blocks map[string]string) string {
	var b strings.Builder
	for name, inside := range blocks {
		fmt.Fprintf(&b, "mail_source %q {\n%s\n}\n", name, inside)
	}
	return b.String()
}

// TestDoctorSources: servers by POP3, by STARTTLS and with a certificate that has
// expired, and directories of files.
func TestDoctorSources(t *testing.T) {
	t.Parallel()
	server := mailtest.Dovecot(t, mailtest.Options{Users: []string{"kim"}})
	tn := startTenant(t, sandbox.Options{})
	host := func(kind, addr, more string) string {
		return fmt.Sprintf("  %s {\n    host = \"127.0.0.1\"\n    port = %s\n%s\n  }", kind, portOf(addr), more)
	}
	trusted := "    ca_file = \"ca.pem\""
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "sources.hcl": sources(map[string]string{
		"pop3":      host("pop3", server.POP3, `    tls = "none"`),
		"pop3s":     host("pop3", server.POP3S, trusted),
		"stranger":  host("pop3", server.POP3S, ""),
		"starttls":  host("imap", server.IMAP, "    tls = \"starttls\"\n"+trusted),
		"untrusted": host("imap", server.IMAP, `    tls = "starttls"`),
		"expired":   host("imap", expired(t), trusted),
		"silent":    host("pop3", closedPort(t), `    tls = "none"`),
		"eml":       "  eml { directory = \"mail\" }",
		"missing":   "  mbox { directory = \"nowhere\" }",
	})})
	ca, err := os.ReadFile(server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"ca.pem": string(ca), "mail/1.eml": "", "mail/2.eml": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := tn.doctor(t, 1, dir)
	d.wants(t, "sources", map[string]string{
		"mail_source.pop3": "ok", "mail_source.pop3s": "ok", "mail_source.pop3s certificate": "warning", // it is good for ten days
		"mail_source.stranger certificate": "failed", "mail_source.starttls": "ok", "mail_source.untrusted": "failed",
		"mail_source.expired certificate": "failed", "mail_source.silent": "failed", "mail_source.eml": "ok", "mail_source.missing": "failed"})
	for name, text := range map[string]string{"mail_source.pop3s certificate": "it lasts 9 days", "mail_source.expired certificate": "expired",
		"mail_source.stranger certificate": "unknown authority", "mail_source.eml": "holds 2 entries", "mail_source.silent": "refused"} {
		if c := d[name]; !strings.Contains(c.What+" "+c.Why, text) {
			t.Errorf("%s does not say %q: %+v", name, text, c)
		}
	}
}

func closedPort(t testing.TB) string { return "127.0.0.1:" + freePort(t) }

// expiredPair is a certificate for 127.0.0.1 that was good until an hour ago, as PEM.
func expiredPair(t testing.TB) (cert, key []byte) {
	t.Helper()
	dir := t.TempDir()
	if _, _, err := mailtest.Certificate(dir); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	was := *pair.Leaf
	was.NotBefore, was.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &was, &was, pair.Leaf.PublicKey, pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = os.ReadFile(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key
}

// expired serves TLS with such a certificate.
func expired(t testing.TB) string {
	t.Helper()
	pair, err := tls.X509KeyPair(expiredPair(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func(c net.Conn) {
				_ = c.(*tls.Conn).Handshake() // which fails
				_ = c.Close()
			}(c)
		}
	}()
	return l.Addr().String()
}

// TestDoctorGateway: a certificate that has expired, or has another key; a quota that the
// disk has no room for; a ledger that is missing; a state that somebody has locked.
func TestDoctorGateway(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	const gate = "mail_gateway.main"
	cert, key := expiredPair(t)
	m.file("tls/cert.pem", string(cert))
	d := m.doctor(t, 1, m.dir)
	d.wants(t, "the key of another certificate", map[string]string{gate + " certificate": "failed"})
	m.file("tls/key.pem", string(key))
	d = m.doctor(t, 1, m.dir)
	d.wants(t, "an expired certificate", map[string]string{gate + " certificate": "failed", gate + " spool": "ok"})
	if !strings.Contains(d[gate+" certificate"].What, "it expired on") {
		t.Errorf("%+v", d[gate+" certificate"])
	}
	m.certificate(filepath.Join(m.source.Dir, "tls"))

	head, err := os.ReadFile(filepath.Join(m.dir, "head.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	m.file("head.hcl", strings.Replace(string(head), `"1GB"`, `"900000GB"`, 1))
	d = m.doctor(t, 0, m.dir)
	d.wants(t, "a quota larger than the disk", map[string]string{gate + " spool": "warning"})
	if !strings.Contains(d[gate+" spool"].What, "less than the quota of") {
		t.Errorf("%+v", d[gate+" spool"])
	}
	m.file("head.hcl", string(head))

	m.load("kim", mailtest.Corpus{Messages: 3, Folders: 1})
	m.sync(0)
	ledger := filepath.Join(m.dir, "isa.state.ledger")
	for _, name := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(ledger+name, ledger+name+".away"); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	m.doctor(t, 1, m.dir).wants(t, "the ledger is missing", map[string]string{"ledger": "failed", "state": "ok"})
	for _, name := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(ledger+name+".away", ledger+name); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	m.doctor(t, 0, m.dir).wants(t, "the ledger is back", map[string]string{"ledger": "ok"})

	lock, err := filelock.Take(context.Background(), filepath.Join(m.dir, "isa.state.lock"), state.Holder{Who: "lee@elsewhere", PID: os.Getpid(), Since: time.Now(), What: "apply"})
	if err != nil {
		t.Fatal(err)
	}
	d = m.doctor(t, 0, m.dir)
	d.wants(t, "a locked state", map[string]string{"lock": "warning"})
	if !strings.Contains(d["lock"].What, "lee@elsewhere") {
		t.Errorf("%+v", d["lock"])
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
}

// through puts a proxy before the tenant, which changes its answers.
func (tn *tenant) through(t testing.TB, change func(*http.Response)) {
	t.Helper()
	base, err := url.Parse(tn.url)
	if err != nil {
		t.Fatal(err)
	}
	p := httputil.NewSingleHostReverseProxy(base)
	p.ModifyResponse = func(r *http.Response) error { change(r); return nil }
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	for _, name := range []string{"ISA_API_BASE", "ISA_AUTH_BASE"} {
		tn.env[name] = strings.Replace(tn.env[name], tn.url, s.URL, 1)
	}
}

// TestDoctorService: a clock that is off, limits that are not those of the plan, another
// program with the same app, and keys that are another's or too short.
func TestDoctorService(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"tenant.hcl": tenantFile})
	for name, c := range map[string]struct {
		options sandbox.Options
		change  func(*http.Response)
		check   string
		verdict string
		says    string
	}{
		"as it should be": {sandbox.Options{Limits: true}, nil, "quota", "ok", "of 240 calls left"},
		"another plan":    {sandbox.Options{Limits: true, Plan: "free"}, nil, "quota", "warning", `the configuration counts with 240 calls a minute (plan "standard")`},
		"another program": {sandbox.Options{Limits: true}, func(r *http.Response) { r.Header.Set("RateLimit-Remaining", "3") }, "quota", "warning", "another program"},
		"no limits told":  {sandbox.Options{}, nil, "quota", "not_checked", "no answer told"},
		"an exact clock":  {sandbox.Options{}, nil, "clock", "ok", "as the service's"},
		"a clock behind":  {sandbox.Options{}, dated(5 * time.Minute), "clock", "warning", "behind the service"},
		"a clock ahead":   {sandbox.Options{}, dated(-2 * time.Hour), "clock", "warning", "ahead of the service"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, c.options)
			if c.change != nil {
				tn.through(t, c.change)
			}
			d := tn.doctor(t, 0, dir)
			d.wants(t, name, map[string]string{c.check: c.verdict})
			if got := d[c.check]; !strings.Contains(got.What+" "+got.Why, c.says) {
				t.Errorf("does not say %q: %+v", c.says, got)
			}
		})
	}
	t.Run("keys", func(t *testing.T) {
		t.Parallel()
		tn := startTenant(t, sandbox.Options{})
		for bits, verdict := range map[int]string{2048: "ok", 1024: "warning"} {
			key, err := rsa.GenerateKey(rand.Reader, bits)
			if err != nil {
				t.Fatal(err)
			}
			tn.env["WORKS_PRIVATE_KEY"] = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
			tn.doctor(t, 1, dir).wants(t, "the key of another account", map[string]string{"credentials": verdict, "sign-in": "failed"})
		}
	})
}

// dated changes the date of answers.
func dated(by time.Duration) func(*http.Response) {
	return func(r *http.Response) { r.Header.Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat)) }
}
