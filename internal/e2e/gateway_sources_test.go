//go:build unix

package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestEverySourceByEveryRoute moves the same mail from EML files, mbox, Maildir and POP3
// by append and through the gateway: each message with its bytes, in its folder, once.
func TestEverySourceByEveryRoute(t *testing.T) {
	t.Parallel()
	kinds := []string{"eml", "mbox", "maildir", "pop3"}
	var who []string
	for _, kind := range kinds {
		who = append(who, kind+"-append", kind+"-gateway")
	}
	m := newGateway(t, gatewayOptions{who: who, main: "# the directory alone\n"})
	corpus := mailtest.Corpus{Messages: 120, Folders: 12}
	dir := filepath.Join(m.dir, "mail")
	m.writeEML(filepath.Join(dir, "eml"), corpus)
	m.writeMbox(filepath.Join(dir, "mbox"), corpus)
	for _, who := range who {
		if err := m.source.Load(who, corpus); err != nil {
			t.Fatal(err)
		}
	}
	m.options.main = m.sources(who, dir)
	m.configure(m.options)
	m.sync(0)
	for _, name := range who {
		t.Run(name, func(t *testing.T) {
			m.notices(name)
			got, err := mailtest.Read(t.Context(), m.target(name))
			if err != nil {
				t.Fatal(err)
			}
			want := m.whole(corpus, strings.HasPrefix(name, "pop3"), m.placesOf(name))
			for _, folder := range slices.Concat(keys(want), keys(got)) {
				if w, g := want[folder], sums(got[folder]); w != g {
					t.Errorf("%s: %d messages\n%s\nwant\n%s", folder, len(got[folder]), g, w)
				}
			}
		})
	}
	m.sync(0).says(t, ": nothing new.")
	if s := m.status(); !s.Balanced || s.Total["copied"].Items != s.Total.all() {
		t.Errorf("the sums are %s", s.Total.text())
	}
	m.empty(t, m.dir)
}

// sources declares each kind of source, and a migration for each member: kind-route.
func (m *gatewayMove) sources(who []string, dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "mail_source \"eml\" {\n  eml { directory = %q }\n}\nmail_source \"mbox\" {\n  mbox { directory = %q }\n}\n", dir, dir)
	fmt.Fprintf(&b, "mail_source \"maildir\" {\n  maildir { directory = %q }\n}\n", filepath.Join(m.source.Dir, "mail"))
	fmt.Fprintf(&b, "mail_source \"pop3\" {\n  pop3 {\n    host = \"127.0.0.1\"\n    port = %s\n    tls  = \"none\"\n  }\n}\n", portOf(m.source.POP3))
	for _, name := range who {
		kind, route, _ := strings.Cut(name, "-")
		open := map[string]string{"eml": `  path = "eml"`, "mbox": `  path = "mbox"`, "maildir": fmt.Sprintf("  path = %q", name+"/Maildir"),
			"pop3": fmt.Sprintf("  login {\n    user     = %q\n    password = secret_env(\"OLD_PASSWORD\")\n  }", name)}[kind]
		env := "APP_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		m.env[env] = m.target(name).Password
		fmt.Fprintf(&b, "mail_migration %q {\n  member         = member.staff[%q]\n  source         = mail_source.%s\n  route          = %q\n  app_password   = secret_env(%q)\n  shared_account = true\n  consent        = true\n%s\n}\n",
			name, name, kind, route, env, open)
	}
	return b.String()
}

// writeEML writes a corpus as files, a directory for each folder.
func (m *gatewayMove) writeEML(dir string, c mailtest.Corpus) {
	m.t.Helper()
	for i := range c.Messages {
		msg := c.Message(i)
		path := filepath.Join(dir, filepath.FromSlash(msg.Folder), fmt.Sprintf("%04d.eml", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(path, msg.Raw, 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
}

// writeMbox writes a corpus as mbox files, quoted as mboxrd; folders inside others are in
// directories beside them.
func (m *gatewayMove) writeMbox(dir string, c mailtest.Corpus) {
	m.t.Helper()
	boxes := map[string]*bytes.Buffer{}
	for i := range c.Messages {
		msg := c.Message(i)
		box := boxes[msg.Folder]
		if box == nil {
			box = &bytes.Buffer{}
			boxes[msg.Folder] = box
		}
		fmt.Fprintf(box, "From nobody@acme-old.co.kr %s\n", msg.Date.UTC().Format("Mon Jan _2 15:04:05 2006"))
		for line := range bytes.Lines(lf(msg.Raw)) {
			if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
				box.WriteByte('>')
			}
			box.Write(line)
		}
		box.WriteString("\n")
	}
	for folder, box := range boxes {
		levels := strings.Split(folder, "/")
		for i := range levels[:len(levels)-1] {
			levels[i] += ".sbd"
		}
		path := filepath.Join(dir, filepath.Join(levels...))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(path, box.Bytes(), 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
}

func lf(body []byte) []byte { return bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")) }

// placesOf are the folders at the target of a migration that is declared alone.
func (m *gatewayMove) placesOf(name string) map[string]string {
	m.t.Helper()
	out := map[string]string{}
	for _, f := range m.status("mail_migration." + name).Mailboxes[0].Folders {
		out[f.Folder] = f.Target
	}
	return out
}

// whole is what a corpus is at the target, by folder: the sums of all messages. POP3
// shows the inbox alone.
func (m *gatewayMove) whole(c mailtest.Corpus, inbox bool, places map[string]string) map[string]string {
	own := map[string]string{"Sent": "보낸메일함", "Drafts": "임시보관함", "Junk": "스팸메일함", "Trash": "휴지통"}
	found := map[string][]mailtest.Seen{}
	for i := range c.Messages {
		msg := c.Message(i)
		if inbox && msg.Folder != "INBOX" {
			continue
		}
		place, ok := places[msg.Folder]
		if !ok {
			m.t.Errorf("the folder %s has no place in %v", msg.Folder, places)
			continue
		}
		if name := own[place]; name != "" {
			place = name
		}
		body := bytes.ReplaceAll(lf(msg.Raw), []byte("\n"), []byte("\r\n"))
		found[place] = append(found[place], mailtest.Seen{Sum: sha256.Sum256(body)})
	}
	out := map[string]string{}
	for place, seen := range found {
		out[place] = sums(seen)
	}
	return out
}

// sums lists the hashes of messages in order.
func sums(seen []mailtest.Seen) string {
	var out []string
	for _, s := range seen {
		out = append(out, fmt.Sprintf("%x", s.Sum[:6]))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func keys[V any](m map[string]V) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
