package workspace

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
)

// TestCSVHoldsNoFormula: subjects come from outside, and spreadsheets run what looks like
// a formula.
func TestCSVHoldsNoFormula(t *testing.T) {
	var out bytes.Buffer
	c, err := NewCSV(&out, "subject", "bytes", "at")
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{`=HYPERLINK("http://evil")`, "+1", "-1", "@x", "회의, 자료", "line\nbreak\x1b[31m", ""} {
		if err := c.Row(subject, int64(-1), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffsubject,bytes,at\n\"'=HYPERLINK(\"\"http://evil\"\")\",-1,\n'+1,-1,\n'-1,-1,\n'@x,-1,\n\"회의, 자료\",-1,\nline break\ufffd[31m,-1,\n,-1,\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		before time.Duration
		want   string
	}{{10 * time.Second, "now"}, {90 * time.Minute, "1 h 30 min ago"}, {72 * time.Hour, "3 days ago"}} {
		if got := Age(now, now.Add(-c.before)); got != c.want {
			t.Errorf("%v: %q, want %q", c.before, got, c.want)
		}
	}
	if got := Age(now, time.Time{}); got != "never" {
		t.Error(got)
	}
}

// TestFileNamesOfLargeMail: whatever folders are called, files have names that file
// systems take, and no two folders share one.
func TestFileNamesOfLargeMail(t *testing.T) {
	seen := map[string]string{}
	long := strings.Repeat("긴", 80)
	for _, name := range []string{"INBOX", "..", ".", "", "a/b", `a\b`, "a:b", "a_b", "CON?", " x ", "x", "끝.", long + "1", long + "2", "\x00"} {
		got := fileName(name)
		if got == "" || strings.ContainsAny(got, "/\\:*?\"<>|\x00") || strings.HasPrefix(got, ".") || len([]rune(got)) > 80 {
			t.Errorf("%q becomes %q", name, got)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%q and %q both become %q", name, other, got)
		}
		seen[got] = name
	}
}

// TestKeepingLargeMail: the bytes are there, for their owner only, and a second time is
// no harm.
func TestKeepingLargeMail(t *testing.T) {
	dir := t.TempDir()
	m := &mover{w: &Workspace{env: &cli.Env{Dir: dir}}}
	keep := m.keep(&mail.Migration{Mail: "kim@acme.co.kr", Rules: mail.Rules{KeepLarge: "large"}})
	for range 2 {
		msg := providers.Message{Item: providers.Item{Key: "0000000007", Date: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}, Body: strings.NewReader("From: x\r\n\r\n…")}
		where, err := keep(t.Context(), providers.Folder{Path: []string{"인사", "2020"}, Epoch: "9"}, msg)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, where))
		if err != nil || string(data) != "From: x\r\n\r\n…" || where != filepath.Join("large", "kim@acme.co.kr", "인사", "2020", "9-0000000007.eml") {
			t.Errorf("%s holds %q, %v", where, data, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "large", "kim@acme.co.kr", "인사", "2020"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestKeepingLargeMailBesideOther: what has the name of another message, as on a disk
// that ignores case, is kept beside it, each once, however many come at once.
func TestKeepingLargeMailBesideOther(t *testing.T) {
	dir := t.TempDir()
	m := &mover{w: &Workspace{env: &cli.Env{Dir: dir}}}
	keep := m.keep(&mail.Migration{Mail: "kim@acme.co.kr", Rules: mail.Rules{KeepLarge: "large"}})
	bodies := []string{"one", "two", "One", "longer"}
	var mu sync.Mutex
	kept := map[string]map[string]bool{} // body: names
	var group sync.WaitGroup
	for range 3 {
		for _, body := range bodies {
			group.Go(func() {
				where, err := keep(t.Context(), providers.Folder{Path: []string{"a"}}, providers.Message{Item: providers.Item{Key: "1"}, Body: strings.NewReader(body)})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if kept[body] == nil {
					kept[body] = map[string]bool{}
				}
				kept[body][where] = true
			})
		}
	}
	group.Wait()
	for _, body := range bodies {
		for where := range kept[body] {
			data, err := os.ReadFile(filepath.Join(dir, where))
			if err != nil || string(data) != body {
				t.Errorf("%s holds %q, %v, want %q", where, data, err, body)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "large", "kim@acme.co.kr", "a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
	before := len(entries)
	for _, body := range bodies { // once more: nothing is added
		if _, err := keep(t.Context(), providers.Folder{Path: []string{"a"}}, providers.Message{Item: providers.Item{Key: "1"}, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err = os.ReadDir(filepath.Join(dir, "large", "kim@acme.co.kr", "a")); err != nil || len(entries) != before {
		t.Errorf("%d files, then %d, %v", before, len(entries), err)
	}
}

// TestTokenCommand: it must print one token; nothing of what it prints is told.
func TestTokenCommand(t *testing.T) {
	m := &mover{w: &Workspace{env: &cli.Env{Dir: t.TempDir()}}}
	for _, c := range []struct {
		script, token, fault string
	}{
		{"echo Secret-1", "Secret-1", ""},
		{"echo Secret-1; exit 4", "", "ended with exit code 4"},
		{"echo Secret-1 Secret-2", "", "does not print one token"},
		{"true", "", "does not print one token"},
	} {
		got, err := m.token([]string{"/bin/sh", "-c", c.script})(t.Context())
		if got != c.token || (err == nil) != (c.fault == "") {
			t.Errorf("%s: %q, %v", c.script, got, err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "Secret") || diag.ClassOf(err) != diag.Denied) {
			t.Errorf("%s: %v", c.script, err)
		}
	}
	if _, err := m.token([]string{"/does/not/exist"})(t.Context()); diag.ClassOf(err) != diag.Denied {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.token([]string{"/bin/sh", "-c", "echo x"})(cancelled); diag.ClassOf(err) != diag.Cancelled {
		t.Error(err)
	}
}

// TestWhoIsNotReady: mail of members who are not there, or have left, and of those whose
// wave is another one than mail was moved with, is left alone.
func TestWhoIsNotReady(t *testing.T) {
	member, one, two := addr.Instance("member", "staff", "kim"), addr.New("wave", "one"), addr.New("wave", "two")
	object := func(s state.Status) *state.State {
		return &state.State{Objects: []state.Object{{Address: member, Kind: "member", ID: "1", Status: s}}}
	}
	for _, c := range []struct {
		st   *state.State
		wave addr.Address
		info providers.StreamInfo
		want string
	}{
		{&state.State{}, one, providers.StreamInfo{}, "not created yet"},
		{object(state.Pending), one, providers.StreamInfo{}, "not created yet"},
		{object(state.Retired), one, providers.StreamInfo{}, "has left"},
		{object(state.Ready), one, providers.StreamInfo{}, ""},
		{object(state.Unconfirmed), one, providers.StreamInfo{Wave: "wave.one", Moved: true}, ""},
		{object(state.Ready), two, providers.StreamInfo{Wave: "wave.one", Moved: true}, "moved with wave.one before and is in wave.two now"},
		{object(state.Ready), two, providers.StreamInfo{Wave: "wave.one"}, ""},
		{object(state.Ready), addr.Address{}, providers.StreamInfo{Wave: "wave.one", Moved: true}, "is in no wave now"},
		{object(state.Ready), addr.Address{}, providers.StreamInfo{Moved: true}, ""},
	} {
		got := notReady(c.st, &mail.Migration{Member: member, Wave: c.wave}, c.info)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v in %s: %q, want %q", c.info, c.wave, got, c.want)
		}
	}
}

// TestHowAPassEnds: what is not settled is named and ends with 3, an interrupt with 130.
func TestHowAPassEnds(t *testing.T) {
	sums := func(o providers.Outcome, n int64) providers.Sums { return providers.Sums{o: {Items: n, Bytes: n}} }
	settled := content.JobReport{Name: "mail_migration.a", Title: "김", Begun: true, Complete: true, Balanced: true, Sums: sums(providers.Copied, 3)}
	refused := settled
	refused.Sums = sums(providers.Refused, 1)
	closing := refused
	closing.Closed, closing.Wave = true, "wave.one"
	closed := closing
	closed.Begun = false // a later pass does not log in
	failed := content.JobReport{Name: "mail_migration.b", Title: "이", Err: &diag.Failure{Class: diag.Denied, Op: "log in"}}
	for _, c := range []struct {
		name string
		p    Passed
		code int
		says string
	}{
		{"settled", Passed{Report: content.Report{Jobs: []content.JobReport{settled}, Balanced: true, Complete: 1}}, 0, ""},
		{"refused", Passed{Report: content.Report{Jobs: []content.JobReport{refused}, Balanced: true, Complete: 1}}, 3, "1 refused"},
		{"closing", Passed{Report: content.Report{Jobs: []content.JobReport{closing}, Balanced: true, Complete: 1}}, 3,
			"1 refused; isa status --failures 'mail_migration.a' lists them; the mailbox is closed now and later passes do not try them; what the service refuses: lower max_size"},
		{"closed", Passed{Report: content.Report{Jobs: []content.JobReport{closed}, Balanced: true, Complete: 1}}, 0, ""},
		{"failed", Passed{Report: content.Report{Jobs: []content.JobReport{settled, failed}, Failed: 1, Complete: 1}}, 3, "Failed: 이  mail_migration.b: log in"},
		{"waiting", Passed{Report: content.Report{Balanced: true}, Waiting: []Waiting{{addr.New("mail_migration", "c"), "박", "not yet"}}}, 3, "Pending: 박"},
		{"interrupted", Passed{Report: content.Report{Jobs: []content.JobReport{settled}, Interrupted: true, Complete: 1}}, 130, ""},
		{"late", Passed{Report: content.Report{Jobs: []content.JobReport{settled}, Interrupted: true, Unbegun: 1}, late: true}, 3, ""},
	} {
		var out, errs bytes.Buffer
		w := &Workspace{env: &cli.Env{Out: &out, Err: &errs, Now: time.Now}}
		err := w.TellPass(c.p, "isa sync")
		if cli.ExitCode(err) != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: %d, want %d; %s%s", c.name, cli.ExitCode(err), c.code, out.String(), errs.String())
		}
		if c.name == "closing" && (strings.Contains(err.Error(), "isa sync") || !strings.Contains(errs.String(), "to try again, write phase = \"presync\" in wave.one")) {
			t.Errorf("a cutover that is over sends to a pass that does nothing: %v\n%s", err, errs.String())
		}
	}
}

// TestWhatNobodyCanMove: folders that only hold others are not among it, since nothing
// stays behind with them.
func TestWhatNobodyCanMove(t *testing.T) {
	source := addr.New("mail_source", "old")
	folder := func(name, unserved string, gone bool) providers.FolderRecord {
		return providers.FolderRecord{Folder: providers.Folder{Path: []string{name}, Unserved: unserved}, Gone: gone}
	}
	u := unserved{}
	u.add(source, []providers.FolderRecord{folder("Projects", providers.FoldersOnly, false), folder("Calendar", "holds appointments", false),
		folder("Old", "holds appointments", true), folder("INBOX", "", false)})
	if got := u.list(); len(got) != 1 || got[0].Address != source || got[0].What != `the folder "Calendar": holds appointments` {
		t.Errorf("nobody can move %v", got)
	}
}
