//go:build unix

package imap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/internal/imapwire/wiretest"
	"github.com/isaworks/isa/providers"
	mailimap "github.com/isaworks/isa/providers/mail/imap"
)

// scripted is an account on a server that follows a script after the login.
func scripted(t *testing.T, caps, script string) mailimap.Account {
	return mailimap.Account{
		Addr: wiretest.Serve(t, "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ OK [CAPABILITY IMAP4rev1 "+caps+"] in\n"+script),
		User: "gildong", Security: mailimap.Plain, Secret: secret("pw"),
	}
}

// tell writes folders as a test compares them.
func tell(folders []providers.Folder) []string {
	var all []string
	for _, f := range folders {
		text := strings.Join(f.Path, " > ")
		if f.Use != "" {
			text += " (" + string(f.Use) + ")"
		}
		if f.Unserved != "" {
			text += ": " + f.Unserved
		}
		all = append(all, text)
	}
	return all
}

func wantTold[T any](t *testing.T, have, want []T) {
	t.Helper()
	if fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("have\n%s\nwant\n%s", lines(have), lines(want))
	}
}

func lines[T any](all []T) string {
	var b strings.Builder
	for _, one := range all {
		fmt.Fprintf(&b, "\t%v\n", one)
	}
	return b.String()
}

const when = `INTERNALDATE "01-Feb-2024 09:00:00 +0900"`

func TestGmail(t *testing.T) {
	list := `
C: LIST .*
S: * LIST (\HasNoChildren) "/" "INBOX"
S: * LIST (\HasNoChildren) "/" "Work"
S: * LIST (\HasNoChildren) "/" "Acme/&vPSwuA-"
S: * LIST (\Noselect \HasChildren) "/" "[Gmail]"
S: * LIST (\All) "/" "[Gmail]/All Mail"
S: * LIST (\Drafts) "/" "[Gmail]/Drafts"
S: * LIST (\Important) "/" "[Gmail]/Important"
S: * LIST (\Sent) "/" "[Gmail]/Sent Mail"
S: * LIST (\Junk) "/" "[Gmail]/Spam"
S: * LIST (\Flagged) "/" "[Gmail]/Starred"
S: * LIST (\Trash) "/" "[Gmail]/Trash"
S: $ OK`
	message := func(uid int, labels string) string {
		return fmt.Sprintf("S: * %d FETCH (X-GM-MSGID %d X-GM-LABELS (%s) UID %d FLAGS () %s RFC822.SIZE 10)\n", uid, 1000+uid, labels, uid, when)
	}
	scans := []struct {
		folder, said string
		want         []string
	}{
		{"INBOX", message(1, `"\\Sent" "\\Important" "Work" "Acme/&vPSwuA-" "hidden"`) + message(2, ``), []string{
			"0000000001 [[Gmail]/Sent Mail Acme/&vPSwuA- Work]", "0000000002 []"}},
		{"[Gmail]/Sent Mail", message(1, `"\\Inbox" "\\Sent"`) + message(2, `"Work" "\\Starred"`), []string{"0000000002 [Work]"}},
		{"Acme/&vPSwuA-", message(1, `"Work"`) + message(2, `"\\Draft"`) + message(3, `"work"`), []string{"0000000001 [Work]", "0000000003 []"}},
		{"Work", message(1, `"Acme/&vPSwuA-"`) + message(2, ``), []string{"0000000002 []"}},
		{"[Gmail]/All Mail", message(1, `"\\Inbox"`) + message(2, `"\\Important" "\\Starred" "hidden"`) + message(3, `"Work"`), []string{"0000000002 []"}},
		{"[Gmail]/Trash", message(1, `"\\Inbox"`), []string{"0000000001 []"}},
	}
	script := list
	for _, s := range scans {
		script += "\nC: EXAMINE .*\nC: UID FETCH 1:\\* \\(UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID X-GM-LABELS\\)\nS: $ OK\n" + s.said + "S: $ OK"
	}
	r := reading(t, scripted(t, "SPECIAL-USE X-GM-EXT-1", script))
	for i, s := range scans {
		items, _, err := scan(t.Context(), r, providers.Folder{ID: s.folder}, providers.Scan{})
		if err != nil {
			t.Fatalf("scan %d: %v", i, err)
		}
		var have []string
		for _, it := range items {
			have = append(have, fmt.Sprint(it.Key, " ", it.Copies))
		}
		wantTold(t, have, s.want)
	}

	// Where folders are left out, others that show a message have it; its name stays.
	left := []string{"INBOX", "[Gmail]/Sent Mail"}
	without := []struct {
		folder, said string
		want         []string
	}{
		{"INBOX", message(1, `"\\Sent" "Work"`) + message(2, `"\\Sent"`), []string{"0000000002 [[Gmail]/Sent Mail] 1002"}},
		{"Work", message(7, `"\\Inbox" "Acme/&vPSwuA-"`) + message(8, `"\\Inbox"`), []string{"0000000008 [INBOX] 1008"}},
	}
	script = list
	for _, s := range without {
		script += "\nC: EXAMINE .*\nC: UID FETCH .*\nS: $ OK\n" + s.said + "S: $ OK"
	}
	r = reading(t, scripted(t, "SPECIAL-USE X-GM-EXT-1", script))
	for i, s := range without {
		items, _, err := scan(t.Context(), r, providers.Folder{ID: s.folder}, providers.Scan{Without: left})
		if err != nil {
			t.Fatalf("scan %d: %v", i, err)
		}
		var have []string
		for _, it := range items {
			have = append(have, fmt.Sprint(it.Key, " ", it.Copies, " ", it.Same))
		}
		wantTold(t, have, s.want)
	}

	statuses := strings.Repeat("C: STATUS .*\nS: * STATUS x (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)\nS: $ OK\n", 10)
	r = reading(t, scripted(t, "SPECIAL-USE X-GM-EXT-1", list+"\n"+pipelined(statuses, 10)))
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, tell(folders), []string{
		"INBOX (inbox)", "[Gmail] > Sent Mail (sent)", "[Gmail] > Drafts (drafts)", "Acme > 보낸", "Work",
		"[Gmail]: holds folders only", "[Gmail] > Important: shows what other folders hold", "[Gmail] > Spam (junk)",
		"[Gmail] > Starred (flagged): shows what other folders hold", "[Gmail] > Trash (trash)", "[Gmail] > All Mail (all)",
	})
}

// pipelined puts the commands of a script before their answers.
func pipelined(script string, commands int) string {
	var said, answered []string
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "C:") {
			said = append(said, line)
		} else {
			answered = append(answered, line)
		}
	}
	return strings.Join(append(said[:commands:commands], answered...), "")
}

func TestExchange(t *testing.T) {
	wire := imapwire.EncodeUTF7
	names := []string{"INBOX", "Archive", wire("보낸 편지함"), wire("일정"), wire("일정/휴일"), wire("연락처"), "Notes", "Sync Issues", "Sync Issues/Conflicts", "Projects/Calendar"}
	script := "C: NAMESPACE\nC: LIST .*\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: $ OK\n"
	var statuses string
	for _, name := range names {
		script += fmt.Sprintf("S: * LIST () \"/\" %q\n", name)
		statuses += fmt.Sprintf("C: STATUS .*\nS: * STATUS %q (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 3)\nS: $ OK\n", name)
	}
	a := scripted(t, "NAMESPACE", script+"S: $ OK\n"+pipelined(statuses, len(names)))
	a.Quirks.Exchange = true
	folders, err := reading(t, a).Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, tell(folders), []string{
		"INBOX (inbox)", "보낸 편지함 (sent)", "Archive (archive)", "Notes: holds notes", "Projects > Calendar",
		"Sync Issues: holds reports of Outlook about itself", "Sync Issues > Conflicts: holds reports of Outlook about itself",
		"연락처: holds contacts", "일정: holds appointments", "일정 > 휴일: holds appointments",
	})
}

// TestNamespaces: what is below INBOX. on old servers stands at the top for people,
// and is made there again; what belongs to others is said.
func TestNamespaces(t *testing.T) {
	script := `
C: NAMESPACE
C: LIST .*
S: * NAMESPACE (("INBOX." ".")) (("user." ".")) (("shared." "."))
S: $ OK
S: * LIST () "." "INBOX"
S: * LIST () "." "INBOX.Work.2024"
S: * LIST () "." "INBOX.\xba\xb8\xb3\xbd\xb8\xde\xc0\xcf\xc7\xd4"
S: * LIST (\Noselect) "." "user"
S: * LIST () "." "user.cheolsu"
S: * LIST () "." "shared.team"
S: * LIST (\All) "." "INBOX.everything"
S: $ OK
`
	statuses := strings.Repeat("C: STATUS .*\nS: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)\nS: $ OK\n", 6)
	create := `
C: CREATE "INBOX.&wMg-"
C: SUBSCRIBE .*
C: CREATE "INBOX.&wMg-.a"
C: SUBSCRIBE .*
C: SELECT "INBOX.&wMg-.a"
S: $ OK
S: $ OK
S: $ OK
S: $ OK
S: * OK [UIDVALIDITY 7] v
S: * OK [UIDNEXT 1] n
S: $ OK`
	w := writing(t, scripted(t, "NAMESPACE", script+pipelined(statuses, 6)+create))
	folders, err := w.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, tell(folders), []string{
		"INBOX (inbox)", "보낸메일함 (sent)", "Work > 2024",
		"shared > team: is shared, not the account's own", "user: belongs to another account", "user > cheolsu: belongs to another account",
		"everything (all): shows what other folders hold",
	})
	f, err := w.Create(t.Context(), []string{"새", "a"}, "")
	if err != nil || f.ID != "INBOX.&wMg-.a" || f.Epoch != "7" {
		t.Errorf("made %v: %v", f, err)
	}
	if _, err := w.Create(t.Context(), []string{"a.b"}, ""); diag.ClassOf(err) != diag.Invalid {
		t.Errorf("a delimiter in a name: %v", err)
	}
}

func TestNoFolderAtAll(t *testing.T) {
	r := reading(t, scripted(t, "", "C: LIST .*\nS: $ OK"))
	if _, err := r.Folders(t.Context()); diag.ClassOf(err) != diag.Unavailable {
		t.Errorf("an empty account: %v", err)
	}
}

func TestFetchesOfServersThatLie(t *testing.T) {
	message := func(uid int, body string) string {
		return fmt.Sprintf("S: * %d FETCH (UID %d FLAGS (\\Seen) %s BODY[] %s)\n", uid, uid, when, body)
	}
	open := "C: EXAMINE .*\nC: UID FETCH 1:3 .*\nS: * OK [UIDVALIDITY 3] v\nS: $ OK\n"
	big := strings.Repeat("x", 1<<20+1)
	for _, c := range []struct {
		name, script string
		want         []string
		class        diag.Class
	}{
		{name: "another size than said", script: open + message(1, `{5}\r\nabcde`) + message(2, `""`) + message(3, `{0}\r\n`) + "S: $ OK", want: []string{"1 5", "2 0", "3 0"}},
		{name: "some are gone", script: open + message(1, `{5}\r\nabcde`) + "S: $ NO [EXPUNGEISSUED] some", want: []string{"1 5"}},
		{name: "twice, and others", script: open + message(1, `"a"`) + message(1, `"a"`) + message(77, `"a"`) + "S: * 9 FETCH (FLAGS ())\nS: $ OK", want: []string{"1 1"}},
		{name: "one without bytes", script: open + message(1, `NIL`) + message(2, `"a"`) + "S: $ OK\n" + strings.Repeat("C: UID FETCH 1 .*\n"+message(1, "NIL")+"S: $ OK\n", 5),
			want: []string{"2 1"}, class: diag.Invalid},
		{name: "one that is refused", script: open + message(1, `"a"`) + "S: $ NO [SERVERBUG] broken\n" + strings.Repeat("C: UID FETCH 2 .*\nS: $ NO [SERVERBUG] broken\n", 5) + "C: UID FETCH 3 .*\n" + message(3, `"c"`) + "S: $ OK",
			want: []string{"1 1", "3 1"}, class: diag.Invalid},
		{name: "bytes before the UID", script: open + "S: * 1 FETCH (BODY[] {1}\\r\\na UID 1 FLAGS () " + when + ")\n" + fmt.Sprintf("S: * 2 FETCH (BODY[] {%d}\\r\\n%s UID 2 FLAGS () %s)\n", len(big), big, when) + "S: $ OK\n" +
			fmt.Sprintf("C: UID FETCH 2 .*\nS: * 2 FETCH (BODY[] {%d}\\r\\n%s UID 2)\nS: $ OK", len(big), big), want: []string{"1 1", fmt.Sprint("2 ", len(big))}},
		{name: "limited", script: open + message(1, `"a"`) + "S: $ NO [THROTTLED] wait", want: []string{"1 1"}, class: diag.Limited},
		{name: "cut off", script: open + `S| * 1 FETCH (UID 1 FLAGS () ` + when + ` BODY[] {10}\r\nabc`, class: diag.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reading(t, scripted(t, "", c.script))
			var items []providers.Item
			for _, key := range []string{"0000000003", "0000000001", "0000000002"} {
				items = append(items, providers.Item{Key: key, Size: 1})
			}
			var have []string
			err := r.Fetch(t.Context(), providers.Folder{ID: "INBOX", Epoch: "3"}, items, func(m providers.Message) error {
				n, err := io.Copy(io.Discard, m.Body)
				if err == nil && n != m.Size {
					t.Errorf("%d bytes of %d", n, m.Size)
				}
				if err != nil {
					return err
				}
				have = append(have, fmt.Sprint(strings.TrimLeft(m.Key, "0"), " ", n))
				return err
			})
			wantTold(t, have, c.want)
			if diag.ClassOf(err) != c.class {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// TestAnErrorOfTheCallerIsTheCallers: a refusal of the target that comes back through
// the source's Fetch is not taken for one of the source.
func TestAnErrorOfTheCallerIsTheCallers(t *testing.T) {
	theirs := &diag.Failure{Class: diag.Invalid, Op: "store", Err: &imapwire.Refusal{Verb: "APPEND", Status: "NO", Text: "no"}}
	r := reading(t, scripted(t, "", "C: EXAMINE .*\nC: UID FETCH 1 .*\nS: * OK [UIDVALIDITY 3] v\nS: $ OK\nS: * 1 FETCH (UID 1 FLAGS () "+when+` BODY[] "a")`+"\nS: $ OK"))
	err := r.Fetch(t.Context(), providers.Folder{ID: "INBOX"}, []providers.Item{{Key: "0000000001"}}, func(providers.Message) error { return theirs })
	if err != error(theirs) {
		t.Errorf("ended with %v", err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	r := reading(t, scripted(t, "", "#"))
	for _, key := range []string{"12", "", "00000000x1", "0000000000", "9999999999"} {
		err := r.Fetch(t.Context(), providers.Folder{ID: "INBOX"}, []providers.Item{{Key: key}}, nil)
		if diag.ClassOf(err) != diag.Internal {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestSecretsThatCannotBeHad(t *testing.T) {
	a := mailimap.Account{Addr: wiretest.Serve(t, "S: * OK hello"), User: "gd", Security: mailimap.Plain}

	a.Secret = func(context.Context) (string, error) { return "", errors.New("the command failed") }
	if _, err := mailimap.Origin(a).Open(t.Context()); diag.ClassOf(err) != diag.Denied || !strings.Contains(err.Error(), "the command failed") {
		t.Errorf("ended with %v", err)
	}
}
