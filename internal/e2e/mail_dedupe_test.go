//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// dedupeReport is what isa mail dedupe says in JSON.
type dedupeReport struct {
	Total     struct{ Messages, Sets, Copies, Moved, Elsewhere int64 }
	Mailboxes []struct {
		Address string
		Folders []struct {
			Folder                      string
			Messages, Copies, Elsewhere int64
		}
	}
}

func (m *move) dedupe(t testing.TB, code int, args ...string) (r dedupeReport) {
	t.Helper()
	args = append([]string{"mail", "dedupe", "--format", "json"}, args...)
	if err := json.Unmarshal([]byte(m.must(t, code, m.dir, args...).stdout), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (m *move) messages(t testing.TB, who string) (mailtest.Mailbox, map[[32]byte]int) {
	t.Helper()
	box, err := mailtest.Read(t.Context(), m.target(who))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[[32]byte]int{}
	for _, folder := range box {
		for _, one := range folder {
			sums[one.Sum]++
		}
	}
	return box, sums
}

// TestDedupe: copies that an earlier migration left in the sandbox's mailboxes are told,
// and moved only after a yes; nothing is deleted, and a second run has nothing to do.
func TestDedupe(t *testing.T) {
	t.Parallel()
	old := time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)
	m := newMove(t, moveOptions{who: []string{"kim", "lee"}, sandbox: sandbox.Options{Switches: sandbox.Switches{"imap-more": "offered"}}})
	twice := letter("프로젝트", "twice", old)
	for who, all := range map[string][]mailtest.Message{
		"kim": {letter("INBOX", "one", old), twice, twice, twice, letter("INBOX", "sent", old), letter("Sent", "sent", old)},
		"lee": {letter("INBOX", "two", old)},
	} {
		if err := mailtest.Append(t.Context(), m.target(who), all...); err != nil {
			t.Fatal(err)
		}
	}
	before, sums := m.messages(t, "kim")
	m.must(t, 0, m.dir, "mail", "dedupe").says(t, "2 copies could be moved with --move-to FOLDER; nothing was changed.", "프로젝트")
	r := m.dedupe(t, 0, m.address("kim"))
	if r.Total.Messages != 6 || r.Total.Sets != 1 || r.Total.Copies != 2 || r.Total.Elsewhere != 2 || len(r.Mailboxes) != 1 {
		t.Errorf("found %+v", r)
	}
	m.must(t, 0, m.dir, "mail", "dedupe", "--format", "csv").says(t, `프로젝트,3,1,2,`)

	answer := func(text string, code int) result {
		t.Helper()
		cmd := m.command(m.dir, "mail", "dedupe", "--move-to", "중복")
		cmd.Stdin = strings.NewReader(text)
		r := finish(t, cmd)
		if r.code != code {
			t.Fatalf("answered %q: %v", text, r)
		}
		return r
	}
	for _, no := range []string{"", "y\n", "no\n"} {
		answer(no, 1).says(t, "nothing was moved")
	}
	if now, _ := m.messages(t, "kim"); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Error("looking, or no, changed the mailbox")
	}
	answer("yes\n", 0).says(t, "2 copies moved to 중복; the first of each stayed where it was.")
	after, now := m.messages(t, "kim")
	if fmt.Sprint(now) != fmt.Sprint(sums) || len(after["중복"]) != 2 || len(after["프로젝트"]) != 1 {
		t.Errorf("after moving: %v", after)
	}
	if r := m.dedupe(t, 0, "--move-to", "중복", "--yes"); r.Total.Copies+r.Total.Moved != 0 {
		t.Errorf("a second run found %+v", r.Total)
	}
	m.must(t, 3, m.dir, "mail", "dedupe", "--move-to", "휴지통", "--yes").says(t, "is emptied by itself")
	for _, wrong := range [][]string{{"--move-to", "a//b", "--yes"}, {"--yes"}, {"--move-to", "x", "--format", "json"}} {
		m.must(t, 1, m.dir, append([]string{"mail", "dedupe"}, wrong...)...)
	}
}

// TestDedupeSurvivesKills kills isa while it moves copies at a real server: nothing is
// lost or doubled, and the next run finishes.
func TestDedupeSurvivesKills(t *testing.T) {
	t.Parallel()
	m := newMove(t, moveOptions{target: mailtest.Dovecot})
	var all []mailtest.Message
	for i := range 700 {
		one := letter([]string{"INBOX", "보관"}[i%2], fmt.Sprint("m", i), time.Date(2024, 5, 1+i%28, 9, 0, 0, 0, time.UTC))
		all = append(all, one, one)
	}
	if err := mailtest.Append(t.Context(), m.target("kim"), all...); err != nil {
		t.Fatal(err)
	}
	_, sums := m.messages(t, "kim")
	killed := 0
	for _, after := range []time.Duration{150, 250, 350, 450} {
		cmd := m.command(m.dir, "mail", "dedupe", "--move-to", "중복", "--yes")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after * time.Millisecond)
		if cmd.Process.Kill() == nil {
			killed++
		}
		if err := cmd.Wait(); err == nil {
			killed--
		}
		if _, now := m.messages(t, "kim"); fmt.Sprint(now) != fmt.Sprint(sums) {
			t.Fatalf("a kill after %d ms lost or doubled a message", after)
		}
	}
	m.dedupe(t, 0, "--move-to", "중복", "--yes")
	box, now := m.messages(t, "kim")
	if fmt.Sprint(now) != fmt.Sprint(sums) || len(box["중복"]) != 700 {
		t.Errorf("%d of 700 copies were moved", len(box["중복"]))
	}
	t.Logf("%d runs were killed", killed)
	if r := m.dedupe(t, 0); r.Total.Copies != 0 {
		t.Errorf("%d copies are left", r.Total.Copies)
	}
}
