//go:build unix

package mailtest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

func TestDovecotKeepsACorpus(t *testing.T) {
	corpus := Corpus{Messages: 400, Seed: 1}
	source := Dovecot(t, Options{Zone: "KST-9"})
	if err := source.Load("user", corpus); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), source.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range (Comparison{}).Compare(corpus.Mailbox(), got) {
		t.Error(d)
	}
	target := Dovecot(t, Options{Format: "sdbox"})
	if err := AppendCorpus(t.Context(), target.Account("user"), corpus); err != nil {
		t.Fatal(err)
	}
	if err := target.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	Same(t, source.Account("user"), target.Account("user"), Comparison{})
}

func TestDovecotTakesMoreMail(t *testing.T) {
	s := Dovecot(t, Options{Users: []string{"a", "b"}})
	first, more := Corpus{Messages: 50, Seed: 1, Folders: 4}, Corpus{Messages: 50, Seed: 2, Folders: 6}
	if err := s.Load("a", first); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), s.Account("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Load("a", more); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), s.Account("a"))
	if err != nil {
		t.Fatal(err)
	}
	want := first.Mailbox()
	for path, seen := range more.Mailbox() {
		want[path] = append(want[path], seen...)
	}
	for _, d := range (Comparison{}).Compare(want, got) {
		t.Error(d)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(s.Dir, "kept")
	if err := s.Save("a", kept); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Restore("a", kept); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := Read(t.Context(), s.Account("a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range (Comparison{}).Compare(got, again) {
		t.Error(d)
	}
	if err := s.Wipe("a"); err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{"a", "b"} {
		if got, err := Read(t.Context(), s.Account(u)); err != nil || got.Items() != 0 {
			t.Errorf("%s: %d messages, %v", u, got.Items(), err)
		}
	}
}

func uidValidity(t *testing.T, a Account, folder string) uint32 {
	t.Helper()
	var n uint32
	err := Do(t.Context(), a, func(c *imapclient.Client) error {
		d, err := c.Select(folder, nil).Wait()
		if err == nil {
			n = d.UIDValidity
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDovecotNumbersAFolderAnew(t *testing.T) {
	s := Dovecot(t, Options{})
	corpus := Corpus{Messages: 40, Seed: 1, Folders: 3}
	if err := s.Load("user", corpus); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"INBOX", "Sent"} {
		before := uidValidity(t, s.Account("user"), folder)
		if err := s.ResetUIDValidity("user", folder); err != nil {
			t.Fatal(err)
		}
		if after := uidValidity(t, s.Account("user"), folder); after == before {
			t.Errorf("%s still has UIDVALIDITY %d", folder, after)
		}
	}
	got, err := Read(t.Context(), s.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range (Comparison{}).Compare(corpus.Mailbox(), got) {
		t.Error(d)
	}
}

func TestDovecotOptions(t *testing.T) {
	s := Dovecot(t, Options{Caps: "IMAP4rev1 UIDPLUS", Quota: 100_000})
	var no *imap.Error
	err := Do(t.Context(), s.Account("user"), func(c *imapclient.Client) error {
		if caps := c.Caps(); len(caps) != 2 || !caps.Has(imap.CapUIDPlus) {
			t.Errorf("capabilities %v", caps)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	raw := []byte("Subject: x\r\n\r\n" + strings.Repeat("y", 60_000) + "\r\n")
	err = Append(t.Context(), s.Account("user"), Message{Folder: "INBOX", Raw: raw}, Message{Folder: "INBOX", Raw: raw})
	if !errors.As(err, &no) || no.Code != imap.ResponseCodeOverQuota {
		t.Errorf("over quota: got %v", err)
	}

	if err := Append(t.Context(), s.Account("user"), Message{Folder: "비밀", Raw: []byte("Subject: x\r\n\r\n")}); err != nil {
		t.Error(err)
	}
	if err := s.Forbid("user", "비밀"); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), s.Account("user")); !errors.As(err, &no) {
		t.Errorf("a forbidden folder: got %v", err)
	}

	wrong := s.Account("user")
	wrong.Password = "wrong"
	if _, err := Read(t.Context(), wrong); !errors.As(err, &no) {
		t.Errorf("a wrong password: got %v", err)
	}
	other := s.Account("user*" + MasterUser)
	if err := Do(t.Context(), other, func(*imapclient.Client) error { return nil }); err != nil {
		t.Errorf("the master user: %v", err)
	}
	secure := s.Account("user")
	secure.Addr, secure.TLS = s.IMAPS, &tls.Config{RootCAs: s.Roots}
	if err := Do(t.Context(), secure, func(*imapclient.Client) error { return nil }); err != nil {
		t.Errorf("TLS: %v", err)
	}
	pop, err := net.Dial("tcp", s.POP3)
	if err != nil {
		t.Fatal(err)
	}
	defer pop.Close()
	fmt.Fprintf(pop, "USER user\r\nPASS %s\r\nSTAT\r\nQUIT\r\n", Password)
	in := bufio.NewScanner(pop)
	for range 4 {
		if in.Scan(); !strings.HasPrefix(in.Text(), "+OK") {
			t.Errorf("POP3: %q", in.Text())
		}
	}
}

func TestNothingIsLeft(t *testing.T) {
	s, err := StartDovecot(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.PID() == 0 {
		t.Error("no PID")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir); err == nil {
		t.Errorf("%s is still there", s.Dir)
	}
	if conn, err := net.Dial("tcp", s.IMAP); err == nil {
		conn.Close()
		t.Error("somebody still answers")
	}
}

func TestDovecotServesHostileMail(t *testing.T) {
	s := Dovecot(t, Options{})
	all := Hostile("이상한 메일", 3_000_000)
	var messages []Message
	for _, h := range all {
		messages = append(messages, h.Message)
	}
	if err := s.LoadMessages("user", messages...); err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), s.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	served := map[[32]byte]int{}
	for _, seen := range got["이상한 메일"] {
		served[seen.Sum]++
	}
	// Dovecot ends all lines with CRLF and shows another byte for NUL.
	changed := map[string]bool{"NUL in the body": true, "NUL in the header": true, "bare LF": true, "some lines with bare LF": true}
	for _, h := range all {
		if sum := h.Seen().Sum; served[sum] == 0 != changed[h.Name] {
			t.Errorf("%s: served as it is: %v", h.Name, !changed[h.Name])
		} else {
			served[sum]--
		}
	}
	if len(got["이상한 메일"]) != len(all) {
		t.Errorf("%d messages served of %d", len(got["이상한 메일"]), len(all))
	}
}
