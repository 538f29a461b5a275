//go:build unix

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// probeReport is what isa doctor --probe-mail says in JSON.
type probeReport struct {
	Tenant, Member, Mark, End string
	Offered, Fetched, Counted int
	Facts                     []struct{ Name, Value, How string }
	Questions                 []struct {
		Name    string
		Answers []struct{ Value string }
	}
	Answers map[string]string
}

// probe tries the route with kim, and wants an exit code. The document is kept as it was
// written.
func (m *gatewayMove) probe(code int) (r probeReport, text string) {
	m.t.Helper()
	got := m.must(m.t, code, m.dir, "doctor", "--probe-mail", "kim", "--yes", "--format", "json")
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		m.t.Fatalf("%v: %v", err, got)
	}
	m.unspoilt(got)
	return r, got.stdout
}

// unspoilt wants nothing secret in what was said and kept, and no member in what was kept.
func (m *gatewayMove) unspoilt(r result) {
	m.t.Helper()
	kept, err := os.ReadFile(filepath.Join(m.dir, "calibration.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.t.Fatal(err)
	}
	if all := regexp.MustCompile(`[A-Z2-7]{26}`).FindString(r.stdout + r.stderr + string(kept)); all != "" {
		m.t.Errorf("%s looks like the password of a batch", all)
	}
	for _, secret := range []string{m.env["WORKS_CLIENT_SECRET"], "PRIVATE KEY--", `"password"`} {
		if strings.Contains(r.stdout+r.stderr+string(kept), secret) {
			m.t.Errorf("%q is told", secret)
		}
	}
	if strings.Contains(string(kept), "kim") {
		m.t.Errorf("the calibration names a member:\n%s", kept)
	}
}

// facts are what calibration.json holds.
func (m *gatewayMove) facts() map[string]string {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "calibration.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var d struct {
		Facts map[string]struct{ Value string }
	}
	if err == nil {
		err = json.Unmarshal(data, &d)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	out := map[string]string{}
	for name, f := range d.Facts {
		out[name] = f.Value
	}
	return out
}

// wantFacts compares some of them; "" wants none of that name.
func (m *gatewayMove) wantFacts(want map[string]string) {
	m.t.Helper()
	have := m.facts()
	for name, value := range want {
		if have[name] != value {
			m.t.Errorf("%s is %q, want %q", name, have[name], value)
		}
	}
}

// shown is a message of a probe as the mailbox shows it.
type shown struct {
	folder, flags string
	date          time.Time
}

// probed are the messages of a probe that the mailbox holds, by their number, and how
// many messages each folder has.
func (m *gatewayMove) probed(mark string) (got map[string][]shown, sizes map[string]int) {
	m.t.Helper()
	got, sizes = map[string][]shown{}, map[string]int{}
	err := mailtest.Do(m.t.Context(), m.target("kim"), func(c *imapclient.Client) error {
		list, err := c.List("", "*", nil).Collect()
		if err != nil {
			return err
		}
		for _, l := range list {
			box, err := c.Select(l.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
			if err != nil || box.NumMessages == 0 {
				continue
			}
			sizes[l.Mailbox] = int(box.NumMessages)
			all, err := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{Envelope: true, Flags: true, InternalDate: true}).Collect()
			if err != nil {
				return err
			}
			for _, one := range all {
				if n, ok := strings.CutPrefix(one.Envelope.Subject, "[이사 점검 "+mark+"] "); ok {
					got[n] = append(got[n], shown{l.Mailbox, strings.ToLower(fmt.Sprint(one.Flags)), one.InternalDate})
				}
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return got, sizes
}

// look answers a probe's questions by looking into the mailbox, as a person does.
func (m *gatewayMove) look(mark string) map[string]string {
	m.t.Helper()
	got, sizes := m.probed(mark)
	a := map[string]string{"arrived": fmt.Sprint(len(got["1/3"]) + len(got["2/3"]) + len(got["3/3"]))}
	if len(got) < 3 {
		return a
	}
	state := func(f shown) string {
		if strings.Contains(f.flags, `\seen`) {
			return "read"
		}
		return "unread"
	}
	one, two, three := got["1/3"][0], got["2/3"][0], got["3/3"][0]
	a["read"], a["unread"], a["important"] = state(one), state(two), "no"
	if strings.Contains(three.flags, `\flagged`) {
		a["important"] = "yes"
	}
	a["date"] = "today"
	if one.date.Year() == 2019 {
		a["date"] = "received"
	}
	const folder = "1차 이사 점검"
	switch {
	case two.folder == folder && sizes[folder] == 1:
		a["folder"] = "own"
	case two.folder == folder:
		a["folder"] = "beside"
	case sizes[folder] > 0:
		a["folder"] = "second"
	default:
		a["folder"] = "changed"
	}
	a["sent"] = map[string]string{"보낸메일함": "sent", "Sent": "own"}[three.folder]
	return a
}

// handIn writes answers into the document that the probe wrote, and hands it in.
func (m *gatewayMove) handIn(code int, text string, answers map[string]string) result {
	m.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		m.t.Fatal(err)
	}
	doc["answers"] = answers
	data, err := json.Marshal(doc)
	if err != nil {
		m.t.Fatal(err)
	}
	m.file("answers.json", string(data))
	r := m.must(m.t, code, m.dir, "doctor", "--answers", "answers.json")
	m.unspoilt(r)
	return r
}

// TestProbeMail: three messages arrive as they were offered, two notices beside them, and
// nothing is left behind; a person's answers are handed in later; a second probe tells
// what a second run does; and the first pass says that nobody has looked until then.
func TestProbeMail(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 3, Folders: 1})
	m.notices("kim")
	r, text := m.probe(0)
	if r.End != "completed" || r.Offered != 3 || r.Fetched != 3 || r.Counted != 3 || len(r.Questions) != 7 || r.Member != "kim@acme.co.kr" {
		t.Errorf("%+v", r)
	}
	m.wantFacts(map[string]string{"mail-service-account": "allowed", "migration-none": "before", "migration-fetch": "BODY.PEEK[]", "migration-connections": "1",
		"migration-order": "listed", "migration-count": "offered", "migration-rolled-back": "", "migration-arrival": "", "migration-pending": ""})
	if n := m.notices("kim"); n != 2 {
		t.Errorf("%d notices", n)
	}
	if n := m.spooled(); n != 0 {
		t.Errorf("%d batches are left in the spool", n)
	}
	m.sync(0).says(t, "isa doctor --probe-mail MEMBER", "3 copied")

	answers := m.look(r.Mark)
	want := map[string]string{"arrived": "3", "read": "read", "unread": "unread", "important": "yes", "date": "received", "folder": "own", "sent": "sent"}
	if !maps.Equal(answers, want) {
		t.Fatalf("arrived as %v", answers)
	}
	for name, wrong := range map[string]string{"arrived": "9", "nothing": "yes"} {
		other := maps.Clone(want)
		other[name] = wrong
		m.handIn(1, text, other).says(t, name)
	}
	m.handIn(1, strings.Replace(text, `"tenant": "`, `"tenant": "x`, 1), want).says(t, "of the tenant")
	m.handIn(1, text, map[string]string{"arrived": ""}).says(t, "holds no answer")
	m.handIn(1, text, map[string]string{}).says(t, "holds no answer")
	m.wantFacts(map[string]string{"migration-arrival": ""})
	m.handIn(0, text, want).says(t, "Nothing contradicts", "점검 메일 3통은 삭제해도 됩니다")
	m.wantFacts(map[string]string{"migration-arrival": "once", "migration-flags": "kept", "migration-dates": "kept", "migration-names": "kept",
		"migration-special-folders": "names", "migration-date-shown": "received", "migration-sent-mail": "sent", "migration-again": "", "migration-count": "offered"})

	if r := m.must(t, 0, m.dir, "doctor", "--answers", "answers.json", "--format", "json"); !strings.Contains(r.stdout, `"unpromised": []`) || !strings.Contains(r.stdout, `"name": "migration-flags"`) {
		t.Errorf("handed in as JSON: %v", r)
	}
	again, text := m.probe(0)
	if none := slices.IndexFunc(again.Facts, func(f struct{ Name, Value, How string }) bool { return f.Name == "migration-none" }); none < 0 {
		t.Errorf("the service has not forgotten the first probe: %+v", again.Facts)
	}
	m.handIn(0, text, m.look(again.Mark))
	m.wantFacts(map[string]string{"migration-again": "merge", "migration-none": "before", "migration-names": "kept"})
	if got, _ := m.probed(r.Mark); len(got) != 3 || again.Mark == r.Mark {
		t.Errorf("after the second probe the first has %v", slices.Collect(maps.Keys(got)))
	}
	if r := m.sync(0); strings.Contains(r.stderr, "probe-mail") || strings.Contains(r.stderr, "calibration.json") {
		t.Errorf("a pass after a probe without objections: %v", r)
	}
}

// TestProbeMailAnswers: what contradicts the route is told, whatever the answer is; what
// nobody answered is named, and nobody hears then that all is well. That a person cannot
// tell is no error.
func TestProbeMailAnswers(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	r, text := m.probe(0)
	all := m.look(r.Mark)
	const fine, korean, open = "Nothing contradicts", "문제가 발견되지 않았습니다", "Not answered / 답하지 않은 질문"
	for _, c := range []struct {
		name string
		with map[string]string
		says []string
		not  []string
	}{
		{"all are fine", nil, []string{fine, korean}, []string{open, "Warning"}},
		{"nobody can tell", map[string]string{"arrived": "unknown", "read": "unknown", "unread": "unknown", "important": "unknown", "date": "unknown", "folder": "unknown", "sent": "unknown"},
			[]string{"tell nothing", open, "Which date", "검색하세요"}, []string{fine, korean, "Warning", "may be deleted"}},
		{"of one nothing is known", map[string]string{"important": "unknown", "folder": ""}, []string{open, "marked as important", "1차 이사 점검", `"important":""`, `"date":"received"`}, []string{fine, korean, "Which date"}},
		{"the date as written", map[string]string{"date": "written"}, []string{"on which a message was written"}, []string{fine, korean, open}},
		{"another date", map[string]string{"date": "other"}, []string{"another date"}, []string{fine, korean, open, "was written"}},
		{"the date of the run", map[string]string{"date": "today"}, []string{"with the date of their run"}, []string{fine, korean, "another date"}},
		{"sent mail elsewhere", map[string]string{"sent": "other"}, []string{"sent mail arrives neither"}, []string{fine, korean, open}},
		{"all are fine again", nil, []string{fine, korean}, []string{open, "Warning"}},
	} {
		answers := maps.Clone(all)
		maps.Copy(answers, c.with)
		if got := m.handIn(0, text, answers); !got.tells(c.says, c.not) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	other := maps.Clone(all)
	other["date"], other["sent"] = "written", "unknown"
	m.handIn(0, text, other)
	got := m.must(t, 0, m.dir, "doctor", "--answers", "answers.json", "--format", "json")
	if !got.tells([]string{`"unanswered": [`, `"sent"`, "was written"}, nil) {
		t.Errorf("as JSON: %v", got)
	}
	m.must(t, 0, m.dir, "plan").says(t, "on which a message was written")
}

// tells reports whether all of some texts were said, and none of others.
func (r result) tells(says, not []string) bool {
	said := func(text string) bool { return strings.Contains(r.stdout+r.stderr, text) }
	return !slices.ContainsFunc(says, func(text string) bool { return !said(text) }) && !slices.ContainsFunc(not, said)
}

// TestProbeMailNeedsNoMailHost: that of the gov edition is published nowhere, and a probe
// does not log in to it.
func TestProbeMailNeedsNoMailHost(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{tenant: "  edition   = \"gov\"\n"})
	m.load("kim", mailtest.Corpus{Messages: 3, Folders: 1})
	m.env["ISA_IMAP_BASE"] = ""
	if r, _ := m.probe(0); r.End != "completed" || r.Fetched != 3 {
		t.Errorf("%+v", r)
	}
	m.sync(0).says(t, " 3 copied")
	m.must(t, 0, m.dir, "doctor", "--probe-mail", "kim", "--yes").says(t, "fill this mailbox before, in 1 run")
}
