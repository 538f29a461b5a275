//go:build unix

package e2e

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/mail"
)

// withoutSignIn moves mail for somebody who signs in afterwards.
func (m *gatewayMove) withoutSignIn() {
	m.t.Helper()
	m.sync(0).says(m.t, " 200 copied")
	m.signIn()
}

// afterSignIn moves mail for somebody whose mailbox takes none before.
func (m *gatewayMove) afterSignIn() {
	m.t.Helper()
	m.sync(3).says(m.t, "the member is pending", "has signed in once")
	if s := m.status(); s.Total["copied"].Items != 0 {
		m.t.Errorf("the sums are %s", s.Total.text())
	}
	m.signIn()
	m.sync(0).says(m.t, "200 copied")
}

// afterAnother moves mail while somebody else's run is under way, which is waited for.
func (m *gatewayMove) afterAnother() {
	m.t.Helper()
	if err := m.source.Load(m.options.account("other"), mailtest.Corpus{Messages: 50, Seed: 99, Folders: 3}); err != nil {
		m.t.Fatal(err)
	}
	if err := m.SetFaults("migration-slow=1m"); err != nil {
		m.t.Fatal(err)
	}
	port, err := strconv.Atoi(portOf(m.source.IMAPS))
	if err != nil {
		m.t.Fatal(err)
	}
	theirs := m.puller("kim")
	if err := theirs.Start(m.t.Context(), providers.Pickup{Host: "127.0.0.1", Port: port, TLS: true, User: m.options.account("other"), Password: mailtest.Password}); err != nil {
		m.t.Fatal(err)
	}
	waiting := "the service is fetching from " + m.options.account("other")
	cmd := m.command(m.dir, "sync")
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	for range 1200 {
		if strings.Contains(out.String(), waiting) {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if run, err := theirs.Run(m.t.Context()); err != nil || run.State != providers.PullRunning || run.User != m.options.account("other") {
		m.t.Errorf("the other run became %+v, %v", run, err)
	}
	if err := m.SetFaults(""); err != nil {
		m.t.Fatal(err)
	}
	if err := theirs.Forget(m.t.Context()); err != nil { // who began it ends it; nothing of it stays
		m.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		m.t.Errorf("the pass ended with %v\n%s", err, out.String())
	}
	result{stdout: out.String()}.says(m.t, waiting, " 200 copied")
}

// puller asks the service to fetch into a member's mailbox, as somebody else.
func (m *gatewayMove) puller(who string) providers.Puller {
	m.t.Helper()
	return mail.Puller(m.client(), mail.Mailbox{User: who + "@acme.co.kr", Name: "imap://" + who, Host: "service", Looking: time.Second})
}

// client is one of the migration API.
func (m *gatewayMove) client() *api.Client {
	m.t.Helper()
	client, err := api.New(api.Options{APIBase: m.url, AuthBase: m.url, Lanes: lanes.New(lanes.Budget{PerMinute: 1_000_000}), Scopes: []string{"mail"},
		Credentials: api.Credentials{ClientID: m.env["WORKS_CLIENT_ID"], ServiceAccount: m.env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: func(context.Context) (string, error) { return m.env["WORKS_CLIENT_SECRET"], nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(m.env["WORKS_PRIVATE_KEY"]), nil }}})
	if err != nil {
		m.t.Fatal(err)
	}
	return client
}
