//go:build unix

package pop3_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/pop3"
)

func secret(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

func account(s *mailtest.Server) pop3.Account {
	return pop3.Account{Addr: s.POP3, Security: pop3.Plain, User: "user", Secret: secret(mailtest.Password)}
}

// inbox is a corpus in one folder.
func inbox(n int) []mailtest.Message {
	return sourcetest.Messages(mailtest.Corpus{Messages: n, Folders: 1, Seed: 5})
}

// wanted is what POP3 shows of messages: no flags, line ends as POP3 has them.
func wanted(all []mailtest.Message) mailtest.Mailbox {
	out := mailtest.Mailbox{}
	for _, m := range all {
		m.Raw, m.Flags = mailtest.CRLF(m.Raw), nil
		if len(m.Raw) > 0 && !bytes.HasSuffix(m.Raw, []byte("\n")) {
			m.Raw = append(m.Raw, "\r\n"...)
		}
		out["INBOX"] = append(out["INBOX"], m.Seen())
	}
	return out
}

func TestDovecot(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	all := inbox(120)
	large := slices.Clone(all[0].Raw)
	large = append(large, bytes.Repeat([]byte("..From here to there\r\n.\r\n"), 200_000)...)
	all = append(all, mailtest.Message{Folder: "INBOX", Raw: large, Date: all[0].Date})
	if err := s.LoadMessages("user", all...); err != nil {
		t.Fatal(err)
	}
	a := account(s)
	a.Temp = t.TempDir()
	t.Run("contract", func(t *testing.T) {
		r := sourcetest.Open(t, pop3.Origin(a))
		sourcetest.Differ(t, mailtest.Comparison{}.Compare(wanted(all), sourcetest.Read(t, r)))
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(a.Temp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	sourcetest.Contract(t, pop3.Origin(a))
	for name, change := range map[string]func(*pop3.Account){
		"TLS": func(a *pop3.Account) {
			a.Addr, a.Security, a.Roots, a.ServerName = s.POP3S, pop3.TLS, s.Roots, "localhost"
		},
		"STLS":        func(a *pop3.Account) { a.Security, a.Roots, a.ServerName = pop3.StartTLS, s.Roots, "localhost" },
		"user*master": func(a *pop3.Account) { a.Master, a.Separator = mailtest.MasterUser, "*" },
		"authzid":     func(a *pop3.Account) { a.Master = mailtest.MasterUser },
	} {
		t.Run(name, func(t *testing.T) {
			other := a
			change(&other)
			f := sourcetest.Folder(t, sourcetest.Open(t, pop3.Origin(other)), "INBOX")
			if f.Items != int64(len(all)) || f.Use != providers.UseInbox {
				t.Errorf("%+v", f)
			}
		})
	}
	for name, change := range map[string]func(*pop3.Account){
		"password":    func(a *pop3.Account) { a.Secret = secret("hunter2-wrong") },
		"no TLS here": func(a *pop3.Account) { a.Security = pop3.TLS },
		"certificate": func(a *pop3.Account) { a.Addr, a.Security, a.Roots = s.POP3S, pop3.TLS, x509.NewCertPool() },
		"line end":    func(a *pop3.Account) { a.Secret = secret("pw\r\nDELE 1") },
	} {
		other := a
		change(&other)
		_, err := pop3.Origin(other).Open(t.Context())
		if diag.ClassOf(err) != diag.Denied || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOnlyWhatCame: since a mark only what came behind it is read; nothing that was
// deleted shifts anything.
func TestOnlyWhatCame(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	all := inbox(40)
	if err := s.LoadMessages("user", all[:30]...); err != nil {
		t.Fatal(err)
	}
	open := func() (providers.Reader, providers.Folder) {
		r, err := pop3.Origin(account(s)).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r, sourcetest.Folder(t, r, "INBOX")
	}
	r, before := open()
	old, _ := sourcetest.Scan(t, r, before, providers.Scan{})
	r.Close()
	if err := mailtest.Append(t.Context(), s.Account("user"), all[30:]...); err != nil {
		t.Fatal(err)
	}
	r, after := open()
	defer r.Close()
	fresh, _ := sourcetest.Scan(t, r, after, providers.Scan{Since: before.Mark})
	every, _ := sourcetest.Scan(t, r, after, providers.Scan{})
	if len(old) != 30 || len(fresh) != 10 || len(every) != 40 || after.Mark == before.Mark {
		t.Errorf("%d, %d and %d messages", len(old), len(fresh), len(every))
	}
	known := map[string]bool{}
	for _, it := range old {
		known[it.Key] = true
	}
	for _, it := range fresh {
		if known[it.Key] {
			t.Errorf("%q is not new", it.Key)
		}
	}
	if none, _ := sourcetest.Scan(t, r, after, providers.Scan{Since: after.Mark}); len(none) != 0 {
		t.Errorf("%d messages since now", len(none))
	}
	if others, _ := sourcetest.Scan(t, r, after, providers.Scan{Since: "30;something"}); len(others) != 40 {
		t.Errorf("%d messages since something else", len(others))
	}
}

// TestHostile: what the server serves is read byte for byte.
func TestHostile(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	var all []mailtest.Message
	for _, a := range mailtest.Hostile("INBOX", 3_000_000) {
		if !bytes.Contains(a.Raw, []byte{0}) && len(a.Raw) > 0 { // Dovecot changes NUL itself
			a.Flags = nil
			all = append(all, a.Message)
		}
	}
	if err := s.LoadMessages("user", all...); err != nil {
		t.Fatal(err)
	}
	r := sourcetest.Open(t, pop3.Origin(account(s)))
	undated := func(m mailtest.Mailbox) mailtest.Mailbox { // most have no date of their own
		for i := range m["INBOX"] {
			m["INBOX"][i].Date = 0
		}
		return m
	}
	sourcetest.Differ(t, mailtest.Comparison{}.Compare(undated(wanted(all)), undated(sourcetest.Read(t, r))))
}
