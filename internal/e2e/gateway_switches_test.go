//go:build unix

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// Foundations, as docs/gateway.md has them: what isa relies on, and cannot promise when it
// is otherwise.
const (
	foundFolders  = "a run adds to folders that are there"
	foundSpecial  = "sent mail, drafts, junk and trash go into the service's own folders"
	foundKept     = "flags and dates of receipt are kept"
	foundOwn      = "an undone run takes back only what it put there itself"
	foundUndone   = "`Before migration` after a start means undone"
	foundEnded    = "a run that is ended early is undone"
	foundDone     = "`Completed` means that it arrived"
	foundCount    = "the count at the end is the number of messages offered"
	foundTrust    = "the certificate is checked like a browser does"
	foundPending  = "members who have not signed in yet have a mailbox for it"
	foundSessions = "the service logs in a few times at once at most"
)

// flip is the story of one switch with one value.
type flip struct {
	found   string // the foundation that it is about; "": isa relies on neither value
	lost    string // what is not kept: flags, dates, folders; "" nothing
	first   func(m *gatewayMove)
	with    func(o *gatewayOptions)
	refused string // nothing can be moved, and this is said
	poison  bool   // there is one more message, on which the first runs fail
	// unproven is how many messages of each member nobody can tell to have arrived; they
	// have not, until another route looks.
	unproven  int64
	elsewhere string // the test that has the story
}

// flips are the stories of all values of the switches of the service's migration.
func flips() map[string]flip {
	poisoned := func(says ...string) func(*gatewayMove) {
		return func(m *gatewayMove) {
			m.under("migration-poison=CANARY-POISON", func() { m.sync(3).says(m.t, says...) })
		}
	}
	quarantined := poisoned(" 200 copied", "1 quarantined")
	three := func(o *gatewayOptions) { o.who = []string{"kim", "lee", "min"} }
	untrusted := func(o *gatewayOptions) { o.untrusted = true }
	slowly := func(m *gatewayMove) { m.under("migration-slow=3ms", func() { m.sync(0).says(m.t, " 200 copied") }) }
	return map[string]flip{
		"mail-service-account=403":              {refused: "403"},
		"mail-import=off":                       {refused: "Import external email"},
		"designated-ips=on":                     {refused: "designated IP addresses"},
		"migration-pending=allowed":             {found: foundPending, with: func(o *gatewayOptions) { o.pending = true }, first: (*gatewayMove).withoutSignIn},
		"migration-pending=403":                 {found: foundPending, with: func(o *gatewayOptions) { o.pending = true }, first: (*gatewayMove).afterSignIn},
		"migration-certificate=verified":        {found: foundTrust, with: untrusted, refused: "certificate"},
		"migration-certificate=any":             {found: foundTrust, with: untrusted},
		"migration-logins=5":                    {found: foundSessions, with: three},
		"migration-logins=1":                    {found: foundSessions, with: three},
		"migration-connections=3":               {found: foundSessions},
		"migration-order=name":                  {},
		"migration-fetch=BODY[]":                {},
		"migration-fetch=RFC822":                {},
		"migration-fetch=partial":               {},
		"migration-window=50":                   {},
		"migration-special-folders=special-use": {},
		"migration-special-folders=none":        {found: foundSpecial, lost: "folders"},
		"migration-again=new-folders":           {found: foundFolders, lost: "folders"},
		"migration-flags=read":                  {found: foundKept, lost: "flags"},
		"migration-flags=dropped":               {found: foundKept, lost: "flags"},
		"migration-dates=arrival":               {found: foundKept, lost: "dates"},
		"migration-total=copied":                {found: foundCount},
		"migration-total-running=counted":       {first: slowly},
		"migration-total-running=grows":         {first: slowly},
		"migration-none=404":                    {},
		"migration-rolled-back=before":          {found: foundUndone, poison: true, first: quarantined},
		"migration-rolled-back=forgotten":       {found: foundUndone, poison: true, first: quarantined},
		"migration-rolled-back=completed":       {found: foundDone, poison: true, unproven: 201, first: poisoned("201 unproven", "did not arrive as a whole", "the service counted 201 of 201 items")},
		"migration-rollback=folders":            {found: foundOwn, poison: true, first: quarantined},
		"migration-busy=409":                    {first: (*gatewayMove).afterAnother},
		"migration-busy=400":                    {first: (*gatewayMove).afterAnother},
		"migration-cancel=kept":                 {found: foundEnded},
		"pop3-tls=always":                       {elsewhere: "gateway_server_test.go"},
		"pop3-tls=never":                        {elsewhere: "gateway_server_test.go"},
		"forwarding-again=409":                  {elsewhere: "forwarding_test.go"},
		"forwarding-outside=403":                {elsewhere: "forwarding_test.go"},
	}
}

// migrationSwitches are the switches of the catalogue that are about the service's
// migration: all from the first one on.
func migrationSwitches(t *testing.T) []sandbox.Switch {
	all := sandbox.Catalogue()
	i := slices.IndexFunc(all, func(s sandbox.Switch) bool { return s.Name == "mail-service-account" })
	if i < 0 {
		t.Fatal("the catalogue has no mail-service-account")
	}
	return all[i:]
}

// TestGatewayInEachSwitch moves 200 messages, 20 that came since, and then nothing, for each
// thing that nobody has confirmed of the service's migration, as it may be. Each message
// arrives once, or is named unproven; what isa cannot promise then docs/gateway.md says.
func TestGatewayInEachSwitch(t *testing.T) {
	t.Parallel()
	stories := flips()
	var names []string
	for _, s := range migrationSwitches(t) {
		for i, value := range s.Values {
			name := s.Name + "=" + value
			if _, told := stories[name]; told {
				names = append(names, name)
			} else if i > 0 {
				t.Errorf("%s has no story here: %s (%s)", name, s.About, s.Source)
			}
		}
	}
	if len(names) != len(stories) {
		t.Errorf("%d stories of %d are of switches that there are", len(names), len(stories))
	}
	doc, err := os.ReadFile("../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for i := range names {
		users = append(users, switchUsers(i)...)
	}
	server := mailtest.Dovecot(t, mailtest.Options{Users: users})
	for i, name := range names {
		story := stories[name]
		if !strings.Contains(string(doc), "\n| "+story.found) {
			t.Errorf("%s: docs/gateway.md has no row %q", name, story.found)
		}
		t.Run(name, func(t *testing.T) {
			if story.elsewhere != "" {
				text, err := os.ReadFile(story.elsewhere)
				if switched, value, _ := strings.Cut(name, "="); err != nil || !strings.Contains(string(text), switched) || !strings.Contains(string(text), `"`+value+`"`) {
					t.Errorf("%s does not flip it: %v", story.elsewhere, err)
				}
				return
			}
			t.Parallel()
			tellFlip(t, name, story, server, switchUsers(i))
		})
	}
}

// switchUsers are the accounts at the old server of a story; the last is somebody else's.
func switchUsers(story int) []string {
	var out []string
	for _, who := range []string{"kim", "lee", "min", "other"} {
		out = append(out, fmt.Sprintf("%s%d@acme-old.co.kr", who, story))
	}
	return out
}

// tellFlip moves the mail of a story.
func tellFlip(t *testing.T, name string, story flip, server *mailtest.Server, users []string) {
	on, value, _ := strings.Cut(name, "=")
	o := gatewayOptions{server: server, batch: "    messages = 1000\n    interval = \"0s\"\n    smallest = 1", sandbox: sandbox.Options{Switches: sandbox.Switches{on: value}},
		account: func(who string) string { return users[slices.Index([]string{"kim", "lee", "min", "other"}, who)] },
		open:    "  login {\n    user     = \"${each.key}" + strings.TrimPrefix(users[0], "kim") + "\"\n    password = secret_env(\"OLD_PASSWORD\")\n  }"}
	if story.with != nil {
		story.with(&o)
	}
	m := newGateway(t, o)
	corpus := mailtest.Corpus{Messages: 200, Folders: 9, MaxBytes: 20_000}
	fresh := mailtest.Corpus{Messages: 20, Folders: 9, Seed: 7, Prefix: "new", MaxBytes: 20_000}
	for _, who := range m.who {
		m.load(who, corpus)
	}
	if story.refused != "" {
		m.sync(3).says(t, story.refused)
		if s := m.status(); s.Total["copied"].Items != 0 || s.Total["unproven"].Items+s.Total["pending"].Items != 200 {
			t.Errorf("the sums are %s", s.Total.text())
		}
		m.arrived("kim", mailtest.Mailbox{}, "")
		return
	}
	if story.poison {
		if err := server.LoadMessages(users[0], poisonous()); err != nil {
			t.Fatal(err)
		}
	}
	members := int64(len(m.who))
	if story.first != nil {
		story.first(m)
	} else {
		m.sync(0).says(t, fmt.Sprintf(" %d copied", 200*members))
	}
	for _, who := range m.who {
		m.more(who, fresh)
	}
	code, all, copied := 0, 220*members, 220*members
	if story.poison {
		code, all = 3, all+1
	}
	if story.unproven > 0 {
		copied = 20
	}
	m.sync(code).says(t, fmt.Sprintf(" %d copied", 20*members))
	m.sync(code).says(t, ": nothing new.")
	for _, who := range m.who {
		want := fresh.Mailbox()
		if story.unproven == 0 {
			want = together(want, corpus.Mailbox())
		}
		m.arrived(who, want, story.lost)
	}
	if s := m.status(); !s.Balanced || s.Total["unproven"].Items != story.unproven || s.Total["copied"].Items != copied || s.Total.all() != all {
		t.Errorf("the sums are %s", s.Total.text())
	}
	if story.unproven > 0 {
		m.unproven(story.unproven, together(together(fresh.Mailbox(), corpus.Mailbox()), mailtest.Mailbox{"INBOX": {poisonous().Seen()}}))
	}
}

// unproven is the way out for what nobody can tell to have arrived: another route looks.
func (m *gatewayMove) unproven(messages int64, want mailtest.Mailbox) {
	m.t.Helper()
	if r := m.isa(m.t, m.dir, "status", "--failures"); strings.Count(r.stdout, "unproven") < int(messages) {
		m.t.Errorf("not all that is unproven is named: %v", r)
	}
	m.env["APP_PASSWORD"] = m.target("kim").Password
	o := m.options
	o.route, o.open = "append", o.open+"\n  app_password = secret_env(\"APP_PASSWORD\")"
	m.configure(o)
	m.sync(0).says(m.t, fmt.Sprintf(" %d copied", messages))
	m.arrived("kim", want, "")
}

// poisonous is a message that a service may not take.
func poisonous() mailtest.Message {
	return mailtest.Message{Folder: "INBOX", Date: time.Unix(1600000000, 0), Raw: []byte("Message-ID: <poison@acme-old.co.kr>\r\nSubject: poisoned\r\n\r\nCANARY-POISON\r\n")}
}
