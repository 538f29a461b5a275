package imapgate

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
)

// TestCertificate: a new one is served as soon as both files are in place, the old one
// until then.
func TestCertificate(t *testing.T) {
	var dir string
	g := start(t, small(t), func(o *Options, s *Server) {
		if s == nil {
			dir = filepath.Dir(o.Certificate)
		}
	})
	serial := func() string {
		k := g.converse(t)
		k.Line()
		cs := k.Conn.(*tls.Conn).ConnectionState()
		return cs.PeerCertificates[0].SerialNumber.String()
	}
	old := serial()
	other := t.TempDir()
	writeCertificate(t, filepath.Join(other, "cert.pem"), filepath.Join(other, "key.pem"))
	pem, err := os.ReadFile(filepath.Join(other, "cert.pem"))
	if err != nil || !g.roots.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	move := func(name string) {
		if err := os.Rename(filepath.Join(other, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	open := g.converse(t)
	open.login()
	move("cert.pem")
	want(t, "the old one, while the key does not fit", serial(), old)
	want(t, "it is told", g.told(t, func(e Event) bool { return e.Kind == Certificate }).Reason, "tls: private key does not match public key")
	move("key.pem")
	if serial() == old {
		t.Error("the new certificate is not served")
	}
	want(t, "who is there stays", open.Command("NOOP"), "x OK NOOP completed")
	if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	serial()
}

func TestNoCertificate(t *testing.T) {
	_, err := New(Options{Offers: small(t), Certificate: "/nowhere/cert.pem", Key: "/nowhere/key.pem"})
	if diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), "/nowhere/cert.pem") {
		t.Error(err)
	}
}

// TestShutdown: who waits is told, a command under way ends, and who takes too long is
// cut off.
func TestShutdown(t *testing.T) {
	t.Parallel()
	f := messages(t, mailtest.Message{Folder: "INBOX", Raw: make([]byte, 20<<20)})
	g := start(t, f, limits(Limits{Grace: 3 * time.Second}))
	idle, waits, reads, sleeps := g.converse(t), g.converse(t), g.converse(t), g.converse(t)
	for _, k := range []*talk{idle, waits, reads, sleeps} {
		k.login()
		k.Command("SELECT INBOX")
	}
	idle.Send("x IDLE\r\n")
	idle.Line()
	reads.Send("x FETCH 1 BODY[]\r\n")
	sleeps.Send("x FETCH 1 BODY[]\r\n")
	if _, err := io.CopyN(io.Discard, reads.In, 1<<20); err != nil {
		t.Fatal(err)
	}
	g.end()
	for _, k := range []*talk{idle, waits} {
		want(t, "told", k.Line(), "* BYE The gateway is shutting down")
	}
	want(t, "to its end", lastLine(reads.Until("x ")), "x OK FETCH completed")
	want(t, "and then", reads.Line(), "* BYE The gateway is shutting down")
	if err := <-g.ended; err != nil {
		t.Error(err)
	}
	g.ended <- nil
	want(t, "complete", f.completed(), 1)
	want(t, "closed", len(slices.DeleteFunc(slices.Clone(g.events), func(e Event) bool { return e.Kind != Closed })), 4)
}

func lastLine(text string) string { return text[strings.LastIndex(text, "\n")+1:] }

// TestTroubleOfTheStore: what cannot be read is a NO; what breaks in the middle ends
// the connection, and is not complete.
func TestTroubleOfTheStore(t *testing.T) {
	f := small(t)
	f.fail = func(p place) (io.ReaderAt, error) {
		switch p.n {
		case 1:
			return nil, &diag.Failure{Class: diag.Unavailable, Op: "spool", Detail: "the disk is gone"}
		case 2:
			return strings.NewReader("1"), nil // one byte of two
		}
		return nil, nil
	}
	g := start(t, f)
	k := g.converse(t)
	k.login()
	k.Command("SELECT INBOX")
	want(t, "NO", k.tagged("FETCH 1:2 BODY[]"), "x NO [UNAVAILABLE] The message cannot be read now; try again later")
	want(t, "what needs no bytes", k.tagged("FETCH 2 (UID FLAGS)"), "x OK FETCH completed")
	k.Send("x FETCH 3 BODY[]\r\n")
	if rest, err := io.ReadAll(k.In); strings.Contains(string(rest), ")") || strings.Contains(string(rest), "x ") {
		t.Errorf("%q, %v", rest, err)
	}
	e := g.told(t, func(e Event) bool { return e.Kind == Closed })
	want(t, "why", strings.Contains(e.Reason, "the disk is gone") && strings.Contains(e.Reason, "1 of 2 bytes"), true)
	want(t, "complete", f.completed(), 1)
	want(t, "begun", len(f.begun), 2)
}

// TestNoOffer: trouble of the store at the login is no wrong password.
func TestNoOffer(t *testing.T) {
	g := start(t, broken{})
	k := g.converse(t)
	k.Line()
	for range 5 {
		want(t, "LOGIN", k.Command("LOGIN a b"), "x NO [UNAVAILABLE] The mailbox cannot be opened now; try again later")
	}
}

// TestFoldersAlike: what clients could not see is not left out in silence.
func TestFoldersAlike(t *testing.T) {
	for _, paths := range [][2][]string{{{"INBOX"}, {"inbox"}}, {{"a", "b"}, {"a", "b"}}, {{"c"}, {"a/b"}}, {{"a"}, {}}, {{"a"}, {"a", ""}}} {
		f := small(t)
		f.folders[0].Path, f.folders[1].Path = paths[0], paths[1]
		g := start(t, f)
		k := g.converse(t)
		k.Line()
		want(t, "LOGIN", k.Command("LOGIN "+testUser+" "+testPassword), "x NO [UNAVAILABLE] The mailbox cannot be opened now; try again later")
		e := g.told(t, func(e Event) bool { return e.Kind == Denied })
		if !strings.Contains(e.Reason, "same name") && !strings.Contains(e.Reason, "cannot be shown") {
			t.Error(e)
		}
	}
}

type broken struct{}

func (broken) Open(string, string) (Offer, error) { return nil, errors.New("no disk") }

// TestComplete: a message is complete when all its bytes went out, however they were
// asked for.
func TestComplete(t *testing.T) {
	size := len(letter)
	for _, tc := range []struct {
		name     string
		fetch    []string // "" is another connection
		begun    int
		complete int
	}{
		{"all", []string{"BODY[]"}, 1, 1},
		{"old name", []string{"RFC822"}, 1, 1},
		{"header", []string{"BODY[HEADER]"}, 0, 0},
		{"fields", []string{"BODY[HEADER.FIELDS (From)]", "BODY[1]", "ENVELOPE"}, 1, 0},
		{"both halves", []string{"RFC822.HEADER", "BODY.PEEK[TEXT]"}, 1, 1},
		{"pieces", []string{"BODY[]<0.100>", "BODY[]<100.99999>"}, 1, 1},
		{"a piece is missing", []string{"BODY[]<0.100>", "BODY[]<101.99999>"}, 1, 0},
		{"in any order", []string{"BODY[]<200.9999>", "BODY[]<0.100>", "BODY[]<50.150>"}, 1, 1},
		{"two connections", []string{"BODY[]<0.100>", "", "BODY[]<100.9999>"}, 1, 1},
		{"in one command", []string{"(BODY[]<0.100> BODY[HEADER] BODY[TEXT])"}, 2, 1},
		{"more than there is", []string{"BODY[]<0." + itoa(size+1) + ">"}, 1, 1},
		{"twice", []string{"BODY[]", "BODY[]"}, 2, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := small(t)
			g := start(t, f)
			k := g.converse(t)
			k.login()
			k.Command("SELECT INBOX")
			for _, item := range tc.fetch {
				if item == "" {
					k = g.converse(t)
					k.login()
					k.Command("SELECT INBOX")
					continue
				}
				if got := k.tagged("FETCH 1 " + item); got != "x OK FETCH completed" {
					t.Fatal(got)
				}
			}
			k.Command("NOOP")
			f.mu.Lock()
			defer f.mu.Unlock()
			want(t, "begun", f.begun[place{0, 0}], tc.begun)
			want(t, "complete", f.complete[place{0, 0}], tc.complete)
		})
	}
}

// TestCutInTheMiddle: a message that the client did not take is not complete.
func TestCutInTheMiddle(t *testing.T) {
	f := messages(t, mailtest.Message{Folder: "INBOX", Raw: []byte(letter)}, mailtest.Message{Folder: "INBOX", Raw: make([]byte, 20<<20)})
	g := start(t, f)
	k := g.converse(t)
	k.login()
	k.Command("SELECT INBOX")
	k.Send("x FETCH 1:2 BODY[]\r\n")
	if _, err := io.CopyN(io.Discard, k.In, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := k.Conn.Close(); err != nil {
		t.Fatal(err)
	}
	e := g.told(t, func(e Event) bool { return e.Kind == Closed })
	want(t, "messages", e.Messages, 1)
	want(t, "complete", f.completed(), 1)
	want(t, "begun", len(f.begun), 2)
}
