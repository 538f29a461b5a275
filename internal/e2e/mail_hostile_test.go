//go:build unix

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestMailHostile: mail and servers that other programs stumble over. Each message ends
// in one outcome, each folder that cannot be read is named, and the rest is moved.
func TestMailHostile(t *testing.T) {
	t.Parallel()
	awkward := mailtest.Hostile("이상한 메일", 0)
	var messages []mailtest.Message
	for _, a := range awkward {
		messages = append(messages, a.Message)
	}
	corpus := mailtest.Corpus{Messages: 1500, Folders: 5, MedianBytes: 2000}
	refused := "<parts@example.co.kr>"
	var line *mailtest.FaultLine
	m := newMove(t, moveOptions{
		line: func(source string) string {
			line = mailtest.Faulty(t, source, mailtest.Faults{
				Seed: 5, CutMessages: 500, RefuseOneIn: 20, Size: func(n int64) int64 { return n + n%7 },
			})
			return line.Addr
		},
		target: func(t testing.TB, o mailtest.Options) *mailtest.Server {
			return mailtest.Dovecot(t, o)
		},
	})
	target := strings.TrimPrefix(m.env["ISA_IMAP_BASE"], "imap://")
	picky := mailtest.Faulty(t, target, mailtest.Faults{
		RefuseMessage: func(raw []byte) bool { return strings.Contains(string(raw[:min(len(raw), 200)]), refused) },
		Answer:        "I do not like this message",
	})
	m.env["ISA_IMAP_BASE"] = "imap://" + picky.Addr
	if err := m.source.Load("kim", corpus); err != nil {
		t.Fatal(err)
	}
	if err := m.source.LoadMessages("kim", messages...); err != nil {
		t.Fatal(err)
	}
	if err := m.source.LoadMessages("kim", mailtest.Message{Folder: "닫힌 폴더", Raw: []byte("Subject: nobody sees this\r\n\r\n")}); err != nil {
		t.Fatal(err)
	}
	if err := m.source.Forbid("kim", "닫힌 폴더"); err != nil {
		t.Fatal(err)
	}
	var r result
	for range 6 { // a server that refuses one command in twenty takes more than one pass
		if r = m.isa(t, m.dir, "sync"); m.status().Total["pending"].Items == 0 && !strings.Contains(r.stderr, "folder ") {
			break
		}
	}
	if r.code != 3 {
		t.Fatalf("a message was refused, and isa ends with %v", r)
	}
	s := m.status("mail_migration.staff[\"kim\"]")
	t.Logf("%s; %+v; %v", s.Total.text(), line.Happened(), r)
	if n := int64(corpus.Messages + len(awkward)); s.Total.all() != n {
		t.Errorf("the outcomes sum up to %d, the source holds %d", s.Total.all(), n)
	}
	if s.Total["refused"].Items != 2 || s.Total["too_large"].Items != 1 || s.Total["pending"].Items != 0 {
		t.Errorf("the sums are %s", s.Total.text())
	}
	m.isa(t, m.dir, "status", "--failures").says(t, "refused", "Can't save a zero byte message", "I do not like this message", "too large", `"large": larger than max_size`)
	hidden := false
	for _, f := range s.Mailboxes[0].Folders {
		hidden = hidden || f.Folder == "닫힌 폴더" && f.Unserved != ""
	}
	if !hidden {
		t.Error("nobody is told of the folder that cannot be opened")
	}
	m.must(t, 0, m.dir, "plan").says(t, "Nobody can move (unserved)", "닫힌 폴더")
	if err := m.source.Permit("kim", "닫힌 폴더"); err != nil {
		t.Fatal(err)
	}
	missing := 0
	for _, d := range m.differences("kim") {
		switch {
		case d.Folder == "닫힌 폴더":
		case d.Kind == mailtest.Missing:
			missing++
		case d.Kind == mailtest.DateDiffers && d.Source.Date > time.Now().Unix(): // Dovecot takes none of the future
		default:
			t.Error(d)
		}
	}
	if missing != 3 {
		t.Errorf("%d messages are not at the target, want the three that isa names", missing)
	}
}

// differences are the ways in which the target is not the source.
func (m *move) differences(who string) []mailtest.Difference {
	m.t.Helper()
	places := m.places(who)
	from, err := mailtest.Read(m.t.Context(), m.source.Account(who))
	if err != nil {
		m.t.Fatal(err)
	}
	to, err := mailtest.Read(m.t.Context(), m.target(who))
	if err != nil {
		m.t.Fatal(err)
	}
	return mailtest.Comparison{Rename: func(path string) string {
		if place, ok := places[path]; ok {
			return place
		}
		return path
	}}.Compare(from, to)
}
