package imapwire_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/internal/imapwire"
)

// TestAgainstGoIMAP: the server of another implementation understands every command.
func TestAgainstGoIMAP(t *testing.T) {
	mem := imapmemserver.New()
	user := imapmemserver.NewUser("gildong", "p\"w")
	mem.AddUser(user)
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapLiteralPlus: {}, imap.CapNamespace: {}},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})

	ctx := t.Context()
	c, err := imapwire.Dial(ctx, dial.Options{Addr: listener.Addr().String(), Security: dial.Plain})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(ctx, dial.Credentials{User: "gildong", Secret: `p"w`}); err != nil {
		t.Fatal(err)
	}
	name := c.WriteName("보낸메일함/R&D")
	now, err := c.Make(ctx, []imapwire.Making{{Name: c.WriteName("보낸메일함")}, {Name: name}})
	if err != nil {
		t.Fatal(err)
	}
	bodies := []string{"Subject: a\r\n\r\na", "Message-ID: <b@c>\r\nSubject: b\r\n\r\n" + strings.Repeat("long\r\n", 20_000), "Subject: c\r\n\r\n"}
	when := time.Date(2024, 2, 9, 1, 2, 3, 0, time.FixedZone("", 9*3600))
	var entries []imapwire.Entry
	for _, b := range bodies {
		entries = append(entries, imapwire.Entry{Flags: []string{`\Seen`}, Date: when, Size: int64(len(b)), Body: strings.NewReader(b)})
	}
	stored, err := c.Append(ctx, name, entries)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(stored.UIDs, []uint32{1, 2, 3}) || stored.Validity != now.Validity {
		t.Errorf("stored as %v in %v", stored, now)
	}
	if err := c.Store(ctx, []imapwire.Flagging{{Set: imapwire.SetOf([]uint32{2}), Flags: []string{`\Flagged`}}}); err != nil {
		t.Error(err)
	}
	var have []string
	for _, items := range []imapwire.Items{{Size: true, Fields: []string{"MESSAGE-ID"}}, {Body: true}} {
		err = c.Fetch(ctx, imapwire.Fetch{
			Verb: "EXAMINE", Folder: name, Items: items, Sets: slices.Values([]imapwire.Set{{{From: 1, To: 1}}, {{From: 2}}}),
			Yield: func(m *imapwire.Message) error {
				text := fmt.Sprintf("%d %s %v", m.UID, strings.ToLower(fmt.Sprint(m.Flags)), m.Date.Equal(when))
				if m.Body != nil {
					body, err := io.ReadAll(m.Body)
					if err != nil || string(body) != bodies[m.UID-1] {
						t.Errorf("body of %d: %.60q, %v", m.UID, body, err)
					}
				} else if m.Size != int64(len(bodies[m.UID-1])) || strings.Contains(string(m.Header), "<b@c>") != (m.UID == 2) {
					t.Errorf("told of %d: size %d, header %q", m.UID, m.Size, m.Header)
				}
				have = append(have, text)
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{`1 [\seen] true`, `2 [\flagged] true`, `3 [\seen] true`}
	if !slices.Equal(have, append(want, want...)) {
		t.Errorf("told %q", have)
	}
	if err := c.Rename(ctx, name, "other"); err != nil {
		t.Error(err)
	}
	folders, _, err := c.List(ctx, true)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range folders {
		found = found || f.Name == "other" && f.Status != nil && f.Status.Messages == 3 && f.Status.Next == 4
	}
	if !found {
		t.Errorf("the folder is not listed: %v", folders)
	}
	if err := c.Noop(ctx); err != nil {
		t.Error(err)
	}
}
