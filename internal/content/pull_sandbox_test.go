package content

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/imapgate"
	budgets "github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/imap"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/mail"
	"github.com/isaworks/isa/providers/works/sandbox"
)

const memberLogin = "gildong@acme.co.kr"

// tenant is a tenant with a member whose mailbox the service fills from a gateway, both
// on real sockets.
type tenant struct {
	t      *testing.T
	server *sandbox.Server
	client *api.Client
	port   int
}

func newTenant(t *testing.T, sp *spool.Spool, switches sandbox.Switches) *tenant {
	t.Helper()
	dir := t.TempDir()
	roots := certificate(t, dir)
	n := &tenant{t: t, port: serveGateway(t, sp, dir)}
	var err error
	n.server, err = sandbox.New(sandbox.Options{Speed: 1000, ImportRoots: roots, Switches: switches, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.server.Close(); err != nil {
			t.Error(err)
		}
	})
	base, err := n.server.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env := n.server.Env()
	n.client, err = api.New(api.Options{APIBase: base, AuthBase: base, Lanes: budgets.New(budgets.Budget{PerMinute: 1_000_000}), Backoff: 5 * time.Millisecond, Scopes: []string{"directory", "mail"},
		Credentials: api.Credentials{ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: func(context.Context) (string, error) { return env["WORKS_CLIENT_SECRET"], nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.client.CreateUser(t.Context(), api.Props{"domainId": 10000001, "email": memberLogin, "userExternalKey": "k", "privateEmail": "g@example.com",
		"userName": api.Props{"lastName": "홍", "firstName": "길동"}}); err != nil {
		t.Fatal(err)
	}
	if err := n.server.SignInAll(); err != nil {
		t.Fatal(err)
	}
	return n
}

// certificate writes a certificate of 127.0.0.1 and returns who trusts it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return pool
}

// serveGateway serves a spool, as another process would: by the directory alone.
func serveGateway(t *testing.T, sp *spool.Spool, dir string) int {
	t.Helper()
	other, err := spool.Open(sp.Dir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	gate, err := imapgate.New(imapgate.Options{Offers: other.Offers(), Certificate: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key")})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- gate.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// job moves a store into the member's mailbox.
func (n *tenant) job(from *store, sp *spool.Spool) Job {
	j := gateway(n.t, from, nil, sp)
	j.Pull.Puller = mail.Puller(n.client, mail.Mailbox{User: memberLogin, Name: "imap://member", Host: "service", Looking: time.Second})
	j.Pull.Gateway.Host, j.Pull.Gateway.Port = "127.0.0.1", n.port
	j.Pull.Rule.Items, j.Pull.Rule.Poll, j.Pull.Rule.Silence = 200, 20*time.Millisecond, 20*time.Second
	return j
}

// mailbox reads what is in the member's mailbox, but what the service wrote itself.
func (n *tenant) mailbox() map[string][]string {
	n.t.Helper()
	made, err := n.server.AppPassword(memberLogin, true)
	if err != nil {
		n.t.Fatal(err)
	}
	r, err := imap.Origin(imap.Account{Addr: strings.TrimPrefix(n.server.Env()["ISA_IMAP_BASE"], "imap://"), Security: imap.Plain, User: memberLogin,
		Secret: func(context.Context) (string, error) { return made.Password, nil }}).Open(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	folders, err := r.Folders(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	out := map[string][]string{}
	for _, f := range folders {
		if f.Items == 0 || f.Unserved != "" {
			continue
		}
		var items []providers.Item
		if _, err := r.Scan(n.t.Context(), f, providers.Scan{}, func(it providers.Item) error { items = append(items, it); return nil }); err != nil {
			n.t.Fatal(err)
		}
		dates := map[string]time.Time{}
		for _, it := range items {
			dates[it.Key] = it.Date
		}
		if err := r.Fetch(n.t.Context(), f, items, func(m providers.Message) error {
			body, err := io.ReadAll(m.Body)
			if err == nil && strings.Contains(string(body), "@acme.example>") {
				name := strings.Join(f.Path, "/")
				if f.Use == providers.UseInbox {
					name = "INBOX"
				}
				out[name] = append(out[name], fmt.Sprintf("%s|%d", body, dates[m.Key].Unix()))
			}
			return err
		}); err != nil {
			n.t.Fatal(err)
		}
	}
	return out
}

func (n *tenant) wantAll(from *store, but func([]byte) bool) {
	n.t.Helper()
	want := map[string][]string{}
	for _, b := range from.folders {
		for _, l := range b.mails {
			if but == nil || !but(l.body) {
				name := strings.Join(b.path, "/")
				want[name] = append(want[name], fmt.Sprintf("%s|%d", l.body, l.date.Unix()))
			}
		}
	}
	have := n.mailbox()
	for _, m := range []map[string][]string{want, have} {
		for _, list := range m {
			slices.Sort(list)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(want[name], have[name]) {
			n.t.Errorf("%s: %d at the source, %d in the mailbox", name, len(want[name]), len(have[name]))
		}
	}
	if len(want) != len(have) {
		n.t.Errorf("folders %v", slices.Sorted(maps.Keys(have)))
	}
}

// TestTheServiceFetchesFromTheGateway: the whole way, over sockets, with the service
// as it may be.
func TestTheServiceFetchesFromTheGateway(t *testing.T) {
	for name, switches := range map[string]sandbox.Switches{
		"as it probably is": {},
		"another client": {"migration-connections": "3", "migration-fetch": "partial", "migration-order": "name", "migration-total": "copied",
			"migration-total-running": "grows", "migration-none": "404", "migration-rolled-back": "forgotten", "migration-busy": "400"},
		"a third": {"migration-window": "50", "migration-fetch": "RFC822", "migration-logins": "1", "migration-special-folders": "special-use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sp := openSpool(t, 0)
			n := newTenant(t, sp, switches)
			from := newStore(t, "old", "거래처", "거래처/2020")
			fill(from, 0, 210)
			o := Options{Ledger: openLedger(t), Jobs: []Job{n.job(from, sp)}}
			if r := mustRun(t, o); r.Sums[providers.Copied].Items != 210 {
				t.Fatalf("%v", r.Sums)
			}
			n.wantAll(from, nil)
			fill(from, 1000, 60)
			if r := mustRun(t, o); r.Moved[providers.Copied].Items != 60 || r.Jobs[0].Runs != 1 {
				t.Errorf("%v, %d runs", r.Moved, r.Jobs[0].Runs)
			}
			if r := mustRun(t, o); len(r.Moved) != 0 || r.Jobs[0].Runs != 0 {
				t.Errorf("%v, %d runs", r.Moved, r.Jobs[0].Runs)
			}
			poison(from, "거래처", 77_777)
			fill(from, 2000, 30)
			if err := n.server.SetFaults("migration-poison=POISON"); err != nil {
				t.Fatal(err)
			}
			r := mustRun(t, o)
			if r.Sums[providers.Quarantined].Items != 1 || r.Sums[providers.Copied].Items != 300 || r.Jobs[0].Runs > 16 {
				t.Errorf("%v, %d runs", r.Sums, r.Jobs[0].Runs)
			}
			n.wantAll(from, isPoison)
			emptySpool(t, sp)
		})
	}
}
