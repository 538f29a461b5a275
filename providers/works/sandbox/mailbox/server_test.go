package mailbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

const letter = "From: Kim <kim@example.com>\r\nTo: lee@acme.co.kr\r\nSubject: =?EUC-KR?B?vsiz5w==?=\r\n" +
	"Message-ID: <1@example.com>\r\nDate: Mon, 2 Jan 2006 15:04:05 +0900\r\n\r\nhello\r\n"

// TestRoundTrip: bytes, flags with their case, dates with their zone.
func TestRoundTrip(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	c := dial(t, s, "a@acme.co.kr")
	date := time.Date(2001, 2, 3, 4, 5, 6, 0, time.FixedZone("", 9*3600))
	bodies := []string{letter, "", "\r\n", "no header", strings.Repeat("x", 100_000) + "\n\x00\r\xff", "a: b\n\nbare\n"}
	for i, body := range bodies {
		data := c.put("INBOX", body, &imap.AppendOptions{Time: date, Flags: []imap.Flag{imap.FlagSeen, "$MyLabel", "Projekt"}})
		want(t, "UID", data.UID, i+1)
	}
	sel := c.open("INBOX")
	want(t, "EXISTS", sel.NumMessages, len(bodies))
	want(t, "UIDNEXT", sel.UIDNext, len(bodies)+1)
	want(t, "keywords", sel.PermanentFlags, `[\Answered \Flagged \Deleted \Seen \Draft $MyLabel Projekt \*]`)
	for i, body := range bodies {
		if got := c.body(imap.UID(i + 1)); got != body {
			t.Errorf("message %d: %q came back as %q", i, body, got)
		}
	}
	list, err := c.Fetch(imap.UIDSetNum(1), &imap.FetchOptions{Flags: true, InternalDate: true, RFC822Size: true, Envelope: true, UID: true}).Collect()
	c.ok(err)
	m := list[0]
	want(t, "flags", m.Flags, `[$MyLabel \Seen Projekt]`)
	want(t, "date", m.InternalDate, date)
	want(t, "size", m.RFC822Size, len(letter))
	want(t, "Message-ID", m.Envelope.MessageID, "1@example.com")
	want(t, "subject", m.Envelope.Subject, "=?EUC-KR?B?vsiz5w==?=") // as it stands: the client knows no EUC-KR
	want(t, "from", m.Envelope.From[0].Addr(), "kim@example.com")
}

// TestSections: raw offsets, also of what no parser likes.
func TestSections(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	c := dial(t, s, "a@acme.co.kr")
	inner := "Subject: inner\r\n\r\nin\r\n"
	parts := "Content-Type: multipart/mixed; boundary=b\r\nX-A: 1\r\n folded\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--b\r\n" +
		"Content-Type: message/rfc822\r\n\r\n" + inner + "--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\nepilogue"
	c.put("INBOX", parts, nil)
	c.put("INBOX", "a:1\nb:2\n\nbody\n", nil)
	c.put("INBOX", "no header, no end", nil)
	c.open("INBOX")
	for _, tc := range []struct {
		uid     imap.UID
		section imap.FetchItemBodySection
		want    string
	}{
		{1, imap.FetchItemBodySection{}, parts},
		{1, imap.FetchItemBodySection{Partial: &imap.SectionPartial{Offset: 3, Size: 5}}, parts[3:8]},
		{1, imap.FetchItemBodySection{Partial: &imap.SectionPartial{Offset: 99999, Size: 5}}, ""},
		{1, imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, parts[:strings.Index(parts, "preamble")]},
		{1, imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, parts[strings.Index(parts, "preamble"):]},
		{1, imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"x-a"}}, "X-A: 1\r\n folded\r\n\r\n"},
		{1, imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFieldsNot: []string{"content-type"}}, "X-A: 1\r\n folded\r\n\r\n"},
		{1, imap.FetchItemBodySection{Part: []int{1}}, "first"},
		{1, imap.FetchItemBodySection{Part: []int{1}, Specifier: imap.PartSpecifierMIME}, "Content-Type: text/plain\r\n\r\n"},
		{1, imap.FetchItemBodySection{Part: []int{2}}, strings.TrimSuffix(inner, "\r\n")},
		{1, imap.FetchItemBodySection{Part: []int{2}, Specifier: imap.PartSpecifierHeader}, "Subject: inner\r\n\r\n"},
		{1, imap.FetchItemBodySection{Part: []int{2}, Specifier: imap.PartSpecifierText}, "in"},
		{1, imap.FetchItemBodySection{Part: []int{2, 1}}, "in"},
		{1, imap.FetchItemBodySection{Part: []int{3}}, "aGVsbG8="},
		{1, imap.FetchItemBodySection{Part: []int{4}}, ""},
		{2, imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, "a:1\nb:2\n\n"},
		{2, imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, "body\n"},
		{2, imap.FetchItemBodySection{Part: []int{1}}, "body\n"},
		{3, imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, "no header, no end"},
		{3, imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, ""},
	} {
		section := tc.section
		section.Peek = true
		list, err := c.Fetch(imap.UIDSetNum(tc.uid), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{&section}}).Collect()
		c.ok(err)
		if len(list) != 1 || len(list[0].BodySection) != 1 {
			t.Fatalf("%d %+v: %+v", tc.uid, section, list)
		}
		want(t, fmt.Sprintf("%d %+v", tc.uid, section), fmt.Sprintf("%q", list[0].BodySection[0].Bytes), fmt.Sprintf("%q", tc.want))
	}
	list, err := c.Fetch(imap.SeqSetNum(1, 2, 3), &imap.FetchOptions{BodyStructure: &imap.FetchItemBodyStructure{Extended: true}}).Collect()
	c.ok(err)
	var walked []string
	list[0].BodyStructure.Walk(func(path []int, part imap.BodyStructure) bool {
		walked = append(walked, fmt.Sprint(path, part.MediaType()))
		return true
	})
	want(t, "structure", walked, "[[]multipart/mixed [1]text/plain [2]message/rfc822 [3]text/plain]")
	want(t, "flags after PEEK", flagsOf(c, 1), "[]")
	if _, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Collect(); err != nil {
		t.Fatal(err)
	}
	want(t, "flags after BODY[]", flagsOf(c, 1), `[\Seen]`)
}

func flagsOf(c *client, uid imap.UID) []imap.Flag {
	c.t.Helper()
	list, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{Flags: true}).Collect()
	c.ok(err)
	if len(list) != 1 {
		c.t.Fatalf("UID %d: %d answers", uid, len(list))
	}
	return list[0].Flags
}

// TestFolders: what can be made, renamed and deleted, and how it is listed.
func TestFolders(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	c := dial(t, s, "ko@acme.co.kr")
	c.ok(c.Create("인사/급여/2024", nil).Wait())
	c.ok(c.Create("끝/", nil).Wait())
	c.put("인사/급여", letter, nil)
	validity := c.open("인사/급여").UIDValidity
	c.ok(c.Rename("인사", "총무/인사", nil).Wait())
	c.ok(c.Unselect().Wait())
	sel := c.open("총무/인사/급여")
	want(t, "after RENAME", []any{sel.UIDValidity, sel.NumMessages}, []any{validity, 1})
	c.ok(c.Unselect().Wait())
	want(t, "LIST", strings.Join(names(c, "*"), "\n"), `INBOX [\HasNoChildren]
보낸메일함 [\HasNoChildren \Sent]
임시보관함 [\HasNoChildren \Drafts]
내게쓴메일함 [\HasNoChildren]
스팸메일함 [\HasNoChildren \Junk]
휴지통 [\HasNoChildren \Trash]
끝 [\HasNoChildren]
총무 [\HasChildren]
총무/인사 [\HasChildren]
총무/인사/급여 [\HasChildren]
총무/인사/급여/2024 [\HasNoChildren]`)
	want(t, "LIST %", len(names(c, "%")), 8)
	for what, err := range map[string]error{
		"ALREADYEXISTS": c.Create("끝", nil).Wait(),
		"CANNOT":        c.Create("a//b", nil).Wait(),
		"LIMIT":         c.Create(strings.Repeat("가", 101), nil).Wait(),
		"HASCHILDREN":   c.Delete("총무").Wait(),
		"NONEXISTENT":   c.Delete("nothing").Wait(),
		"TRYCREATE":     second(c.tryPut("nothing", letter, nil)),
	} {
		want(t, what, code(err), what)
	}
	want(t, "system folder", code(c.Delete("보낸메일함").Wait()), "CANNOT")
	want(t, "system folder", code(c.Rename("휴지통", "x", nil).Wait()), "CANNOT")
	want(t, "below itself", code(c.Rename("총무", "총무/x", nil).Wait()), "CANNOT")
	c.ok(c.Delete("총무/인사/급여/2024").Wait())
	c.ok(c.Create("총무/인사/급여/2024", nil).Wait())
	c.ok(c.Subscribe("끝").Wait())
	list, err := c.List("", "*", &imap.ListOptions{SelectSubscribed: true, ReturnStatus: &imap.StatusOptions{NumMessages: true, UIDNext: true}}).Collect()
	c.ok(err)
	want(t, "subscribed", len(list), 7)
	want(t, "delimiter", string(list[0].Delim), "/")
}

func names(c *client, pattern string) []string {
	c.t.Helper()
	list, err := c.List("", pattern, nil).Collect()
	c.ok(err)
	var out []string
	for _, l := range list {
		out = append(out, fmt.Sprint(l.Mailbox, " ", l.Attrs))
	}
	return out
}

func second[T any](_ T, err error) error { return err }

func code(err error) string {
	var e *imap.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	if e.Code == "" {
		return string(e.Type)
	}
	return string(e.Code)
}

// TestChanges: two clients see what the other does.
func TestChanges(t *testing.T) {
	how := inferred()
	how.More = true
	s := start(t, Options{Behaviour: how})
	w := converse(t, s.Addr())
	w.login("a@acme.co.kr")
	c := dial(t, s, "a@acme.co.kr")
	for range 4 {
		c.put("INBOX", letter, nil)
	}
	c.open("INBOX")
	w.Command("SELECT INBOX")
	c.ok(c.Store(imap.UIDSetNum(2, 3), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close())
	c.ok(c.UIDExpunge(imap.UIDSetNum(1, 2)).Close())
	data, err := c.Copy(imap.UIDSetNum(1, 4), "Trash").Wait()
	c.ok(err)
	want(t, "COPYUID", []any{data.SourceUIDs, data.DestUIDs}, "[1,4 1:2]")
	moved, err := c.Move(imap.UIDSetNum(4), "Sent").Wait()
	c.ok(err)
	want(t, "moved", moved.DestUIDs, "1")
	c.put("INBOX", letter, nil)
	want(t, "during FETCH", w.Command("FETCH 2:* UID"), "* 3 FETCH (UID 3)\n* 5 EXISTS\n* 3 FETCH (UID 3 FLAGS (\\Deleted))\nx OK FETCH completed")
	want(t, "told", w.Command("NOOP"), "* 4 EXPUNGE\n* 2 EXPUNGE\nx OK NOOP completed")
	want(t, "afterwards", w.Command("FETCH 1:* UID"), "* 1 FETCH (UID 1)\n* 2 FETCH (UID 3)\n* 3 FETCH (UID 5)\nx OK FETCH completed")
	want(t, "deleted", w.Command("UID SEARCH DELETED"), "* SEARCH 3\nx OK UID SEARCH completed")
	if _, err := c.Store(imap.UIDSetNum(3), &imap.StoreFlags{Op: imap.StoreFlagsSet, Flags: []imap.Flag{`\Recent`}}, nil).Collect(); err == nil {
		t.Error(`\Recent can be set`)
	}
}

// TestSearch: by index, header and text.
func TestSearch(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	c := dial(t, s, "a@acme.co.kr")
	date := time.Date(2020, 5, 6, 7, 8, 9, 0, time.UTC)
	c.put("INBOX", letter, &imap.AppendOptions{Time: date, Flags: []imap.Flag{"Blue"}})
	c.put("INBOX", "Message-ID: <2@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n7JWI64WV\r\n", nil)
	c.put("INBOX", "junk", nil)
	c.open("INBOX")
	field := func(k, v string) imap.SearchCriteria {
		return imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: k, Value: v}}}
	}
	for _, tc := range []struct {
		c    imap.SearchCriteria
		want string
	}{
		{imap.SearchCriteria{}, "[1 2 3]"},
		{field("Message-ID", "<2@x>"), "[2]"},
		{field("Message-ID", ""), "[1 2]"},
		{field("Subject", "안녕"), "[1]"},
		{imap.SearchCriteria{Body: []string{"안녕"}}, "[2]"},
		{imap.SearchCriteria{Text: []string{"KIM@EXAMPLE"}}, "[1]"},
		{imap.SearchCriteria{Flag: []imap.Flag{"blue"}}, "[1]"},
		{imap.SearchCriteria{NotFlag: []imap.Flag{"Blue"}}, "[2 3]"},
		{imap.SearchCriteria{Before: date.AddDate(0, 0, 1)}, "[1]"},
		{imap.SearchCriteria{Since: date.AddDate(0, 0, 1)}, "[2 3]"},
		{imap.SearchCriteria{SentBefore: date}, "[1]"},
		{imap.SearchCriteria{Larger: 100}, "[1]"},
		{imap.SearchCriteria{Not: []imap.SearchCriteria{field("Message-ID", "")}}, "[3]"},
		{imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{field("Message-ID", "<2@x>"), {Smaller: 5}}}}, "[2 3]"},
		{imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 3, Stop: 0}}}}, "[3]"},
		{imap.SearchCriteria{SeqNum: []imap.SeqSet{{{Start: 1, Stop: 2}}}}, "[1 2]"},
	} {
		got, err := c.UIDSearch(&tc.c, nil).Wait()
		c.ok(err)
		want(t, fmt.Sprintf("%+v", tc.c), got.AllUIDs(), tc.want)
	}
}
