package rawmail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func message(text string) *Message {
	return NewMessage(io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), int64(len(text)), make([]byte, 4<<10))
}

func TestReadAddresses(t *testing.T) {
	for value, expected := range map[string]string{
		"":                                  "[]",
		" , ;,":                             "[]",
		"a@b.c":                             "[a@b.c]",
		"Kim <a@b.c>, d@e":                  "[Kim:a@b.c d@e]",
		`"Kim, \"G\"" <a@b.c>`:              `[Kim, "G":a@b.c]`,
		"=?EUC-KR?B?vsiz5w==?= <a@b.c>":     "[=?EUC-KR?B?vsiz5w==?=:a@b.c]",
		"\xbe\xc8\xb3\xe7 <a@b.c>":          "[\xbe\xc8\xb3\xe7:a@b.c]",
		"a@b.c (Kim (the \\) first))":       "[Kim (the ) first):a@b.c]",
		"<a@b.c> (Kim)":                     "[Kim:a@b.c]",
		"team: a@b.c, d@e;, f@g":            "[{team a@b.c d@e } f@g]",
		"undisclosed-recipients:;":          "[{undisclosed-recipients }]",
		"bob, <carol>":                      "[bob@ carol@]",
		`"a@b"@c.d`:                         "[a@b@c.d]",
		"<@relay.example:a@b.c>":            "[a@b.c]",
		"Kim <a@b.c":                        "[Kim:a@b.c]",
		`"Kim`:                              "[Kim@]",
		"Kim <>":                            "[]",
		strings.Repeat("(", 100) + "a@b.c":  "[]",
		"a b  c <d@e>":                      "[a b c:d@e]",
		"Kim\t<a@b.c>;d@e; \"x\" <y@z> , ,": "[Kim:a@b.c d@e x:y@z]",
	} {
		var b []string
		for _, a := range ReadAddresses(value) {
			text := a.Mailbox + "@" + a.Host
			if a.Name != "" {
				text = a.Name + ":" + text
			}
			switch {
			case a.Group && a.Mailbox == "":
				text = "}"
			case a.Group:
				text = "{" + a.Mailbox
			}
			b = append(b, text)
		}
		want(t, value, b, expected)
	}
	if n := len(ReadAddresses(strings.Repeat("a@b,", 5*maxAddresses))); n > maxAddresses+1 {
		t.Errorf("%d addresses", n)
	}
}

func TestReadParams(t *testing.T) {
	for _, tc := range []struct{ value, kind, params, boundary string }{
		{"", "", "[]", ""},
		{"text/plain", "text/plain", "[]", ""},
		{`multipart/mixed; BOUNDARY="a;b=\"c\""; x=y`, "multipart/mixed", `[{BOUNDARY a;b="c"} {x y}]`, `a;b="c"`},
		{"multipart/mixed; boundary=----=_Part_1 ; x", "multipart/mixed", "[{boundary ----=_Part_1}]", "----=_Part_1"},
		{`a/b;boundary="abc`, "a/b", "[{boundary abc}]", "abc"},
		{"a/b; ; name=\xb0\xdf\xc0\xfb.pdf;boundary=x", "a/b", "[{name \xb0\xdf\xc0\xfb.pdf} {boundary x}]", "x"},
		{"a/b; boundary*0=ab; boundary*1=cd", "a/b", "[{boundary*0 ab} {boundary*1 cd}]", "abcd"},
		{"a/b; boundary*=UTF-8''%41", "a/b", "[{boundary* UTF-8''%41}]", "A"},
		{"a/b; x; boundary=y", "a/b", "[{boundary y}]", "y"},
		{"a/b; =y; boundary=", "a/b", "[{boundary }]", ""},
	} {
		kind, params := readParams(tc.value)
		want(t, tc.value, []any{kind, fmt.Sprintf("%v", params), params.Value("boundary")}, []any{tc.kind, tc.params, tc.boundary})
	}
	_, params := readParams("a/b" + strings.Repeat(";a=b", 10_000))
	want(t, "parameters", len(params), maxParams)
}

func TestEnvelope(t *testing.T) {
	e, err := message("From: \xbe\xc8 <a@b.c>\r\nSubject: =?EUC-KR?B?vsiz5w==?=\r\n\tmore\r\nDate: some day\r\nMessage-Id: <1@x>\r\nIn-Reply-To: <2@x>\r\n <3@x>\r\nReply-To: r@s\r\n\r\nSubject: of no header\r\n").Envelope()
	if err != nil {
		t.Fatal(err)
	}
	want(t, "as it stands", *e, "{Date:some day Subject:=?EUC-KR?B?vsiz5w==?=\tmore From:[{Name:\xbe\xc8 Mailbox:a Host:b.c Group:false}] Sender:[{Name:\xbe\xc8 Mailbox:a Host:b.c Group:false}] "+
		"ReplyTo:[{Name: Mailbox:r Host:s Group:false}] To:[] Cc:[] Bcc:[] InReplyTo:<2@x> <3@x> MessageID:<1@x>}")
	l := e.Library()
	want(t, "for the library", []any{l.Date.IsZero(), l.MessageID, l.InReplyTo}, "[true 1@x [2@x 3@x]]")
}

// TestManyParts: what would take much memory is plain content.
func TestManyParts(t *testing.T) {
	root, err := Parse(strings.NewReader("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 5*maxParts)))
	if err != nil {
		t.Fatal(err)
	}
	if len(root.Children) >= maxParts {
		t.Errorf("%d parts", len(root.Children))
	}
	deep := strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 5_000)
	root, err = Parse(strings.NewReader(deep))
	if err != nil {
		t.Fatal(err)
	}
	levels := 0
	for q := root; q != nil; q = q.Message {
		levels++
	}
	want(t, "levels", levels, maxLevels+1)
	want(t, "to the end", root.Body.To, len(deep))
}

// TestSectionsAreOffsets: what a section that is Raw holds stands in the message at its
// Span, whatever the message and the partial are.
func TestSectionsAreOffsets(t *testing.T) {
	text := "Content-Type: multipart/mixed; boundary=b\r\nX: y\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nin\r\n--b--\r\npost"
	r := rand.New(rand.NewPCG(1, 2))
	specifiers := []imap.PartSpecifier{"", imap.PartSpecifierHeader, imap.PartSpecifierText, imap.PartSpecifierMIME}
	raw := 0
	for range 3000 {
		b := []byte(text)
		for range r.IntN(4) {
			b[r.IntN(len(b))] = "\r\n -b:x"[r.IntN(7)]
		}
		section := &imap.FetchItemBodySection{Specifier: specifiers[r.IntN(4)]}
		for range r.IntN(3) {
			section.Part = append(section.Part, 1+r.IntN(3))
		}
		if r.IntN(2) == 0 {
			section.Partial = &imap.SectionPartial{Offset: r.Int64N(200), Size: r.Int64N(200)}
		}
		c, err := message(string(b)).Section(section)
		if err != nil {
			t.Fatal(err)
		}
		c = c.Partial(section.Partial)
		got, err := io.ReadAll(c.Reader)
		if err != nil || int64(len(got)) != c.Size {
			t.Fatalf("%+v: %d of %d bytes, %v", section, len(got), c.Size, err)
		}
		if c.Raw {
			raw++
			if !bytes.Equal(got, b[c.Span.From:c.Span.To]) {
				t.Fatalf("%+v: %q at %v", section, got, c.Span)
			}
		}
	}
	if raw < 1000 {
		t.Errorf("only %d were raw", raw)
	}
}

// TestBroken: an error of the disk is told, and not taken for the end.
func TestBroken(t *testing.T) {
	gone := errors.New("gone")
	m := NewMessage(io.NewSectionReader(failing{gone}, 0, 100), 100, make([]byte, 4<<10))
	if _, err := m.Envelope(); !errors.Is(err, gone) {
		t.Error(err)
	}
	if _, err := m.Parts(); !errors.Is(err, gone) {
		t.Error(err)
	}
	c := &Candidate{Message: m, Date: time.Unix(0, 0)}
	if _, err := c.Matches(&imap.SearchCriteria{Body: []string{"x"}}); !errors.Is(err, gone) {
		t.Error(err)
	}
	if ok, err := c.Matches(&imap.SearchCriteria{Smaller: 101}); !ok || err != nil {
		t.Error("the index is enough for that", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestSets(t *testing.T) {
	c := &Candidate{Seq: 3, UID: 30, LastSeq: 5, LastUID: 50, Message: message("")}
	for _, tc := range []struct {
		criteria imap.SearchCriteria
		want     bool
	}{
		{imap.SearchCriteria{SeqNum: []imap.SeqSet{{{Start: 5, Stop: 2}}}}, true},
		{imap.SearchCriteria{SeqNum: []imap.SeqSet{{{Start: 4, Stop: 0}}}}, false},
		{imap.SearchCriteria{SeqNum: []imap.SeqSet{{{Start: 1, Stop: 1}, {Start: 3, Stop: 3}}}}, true},
		{imap.SearchCriteria{SeqNum: []imap.SeqSet{{{Start: 3, Stop: 3}}}, UID: []imap.UIDSet{{{Start: 31, Stop: 0}}}}, false},
		{imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 99, Stop: 30}}}}, true},
		{imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 0, Stop: 0}}}}, false},
	} {
		got, err := c.Matches(&tc.criteria)
		want(t, fmt.Sprintf("%+v", tc.criteria), []any{got, err}, []any{tc.want, nil})
	}
	if _, err := c.Matches(&imap.SearchCriteria{UID: []imap.UIDSet{imap.SearchRes()}}); err == nil {
		t.Error("$ was never saved")
	}
}

// FuzzFields reads anything as a header: what is read of it fits on one line.
func FuzzFields(f *testing.F) {
	f.Add("From: \"a\" <b@c>, d: e@f;\r\nContent-Type: a/b; c*0*=UTF-8''%41; d=\"e\r\n f\"\r\n")
	f.Add("To: (((\r\n\t<@a:b@c\r\nSubject:\r\n\r\n")
	f.Fuzz(func(t *testing.T, header string) {
		all := SplitFields([]byte(header))
		e := EnvelopeOf(all)
		e.Library()
		for _, list := range [][]Address{e.From, e.To, e.Cc, e.Bcc, e.Sender, e.ReplyTo} {
			open := false
			for _, a := range list {
				if strings.ContainsAny(a.Name+a.Mailbox+a.Host, "\r\n") {
					t.Fatalf("%+v", a)
				}
				if !a.Group {
					continue
				}
				if a.Mailbox == "" && !open {
					t.Fatalf("a group ends that never began: %+v", list)
				}
				open = !open
			}
			if open {
				t.Fatalf("a group does not end: %+v", list)
			}
		}
		q := &Part{}
		q.understand([]byte(header), false)
		q.Disposition()
		q.Library()
		if q.Type == "" || q.Subtype == "" {
			t.Fatalf("no type: %+v", q)
		}
	})
}
