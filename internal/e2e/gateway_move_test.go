//go:build unix

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestGatewayMovesMail moves mail from a Dovecot through the gateway into the sandbox,
// then what is new, then nothing: byte for byte, with flags, dates and folders, nothing
// twice, and no notice more than the plan says. GATEWAY_MESSAGES=20000 in the environment
// is that many messages.
func TestGatewayMovesMail(t *testing.T) {
	t.Parallel()
	messages := 2000
	if text := os.Getenv("GATEWAY_MESSAGES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1000 {
			t.Fatalf("GATEWAY_MESSAGES=%s is no number from 1000 on", text)
		}
		messages = n
	}
	m := newGateway(t, gatewayOptions{wave: true, batch: "    messages = 1000\n    interval = \"0s\"\n    smallest = 1"})
	if err := m.source.Load("kim", mailtest.Corpus{Messages: messages}); err != nil {
		t.Fatal(err)
	}
	m.must(t, 0, m.dir, "survey").says(t, thousands(messages))
	runs := messages / 1000
	m.must(t, 0, m.dir, "apply", "--yes", "--wave", "one").says(t,
		fmt.Sprintf("%d runs of the service at least: the member gets %d notices", runs, 2*runs),
		fmt.Sprintf("%s copied", thousands(messages)))
	if n := m.notices("kim"); n < 2*runs {
		t.Errorf("%d notices, and the plan said at least %d", n, 2*runs)
	}
	m.same("kim", mailtest.Comparison{})
	m.empty(t, m.dir)

	fresh := mailtest.Corpus{Messages: 200, Seed: 9, Prefix: "new"}
	var more []mailtest.Message
	for i := range fresh.Messages {
		more = append(more, fresh.Message(i))
	}
	if err := m.source.LoadMessages("kim", more...); err != nil {
		t.Fatal(err)
	}
	m.sync(0).says(t, " 200 copied", "1 run of the service with 2 notices")
	if n := m.notices("kim"); n != 2 {
		t.Errorf("%d notices of one run", n)
	}
	m.same("kim", mailtest.Comparison{})
	m.must(t, 0, m.dir, "verify").says(t, "not read", "All was fetched, as the service has counted it", "200 offered; 200 of 200 items were read to their end, the service counted 200 of 200")
	m.sync(0).says(t, ": nothing new.")
	if n := m.notices("kim"); n != 0 {
		t.Errorf("%d notices of no run", n)
	}
	if n := m.spooled(); n != 0 {
		t.Errorf("the spool holds %d batches", n)
	}
	if s := m.status(); !s.Balanced || s.Total["copied"].Items != int64(messages+200) || s.Total.all() != int64(messages+200) {
		t.Errorf("the sums are %s", s.Total.text())
	}
}

// TestGatewayNeedsNoMailHost: that of the gov edition is published nowhere, and this route
// does not log in to it. Who looks into the mailboxes later gives it, and nothing moves
// twice.
func TestGatewayNeedsNoMailHost(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{tenant: "  edition   = \"gov\"\n"})
	m.load("kim", mailtest.Corpus{Messages: 60, Folders: 6})
	host := m.env["ISA_IMAP_BASE"]
	m.env["ISA_IMAP_BASE"] = ""
	m.sync(0).says(t, " 60 copied")
	m.settled("kim", 60)
	m.must(t, 0, m.dir, "verify").says(t, "All was fetched")

	m.env["APP_PASSWORD"] = m.target("kim").Password
	o := m.options
	o.route, o.open = "append", "  login {\n    user     = each.key\n    password = secret_env(\"OLD_PASSWORD\")\n  }\n  app_password = secret_env(\"APP_PASSWORD\")"
	m.configure(o)
	m.more("kim", mailtest.Corpus{Messages: 5, Folders: 6, Seed: 4, Prefix: "new"})
	m.sync(3).says(t, "the mail host of the gov edition is not known")
	m.env["ISA_IMAP_BASE"] = host
	m.sync(0).says(t, " 5 copied")
	m.same("kim", mailtest.Comparison{})
}
