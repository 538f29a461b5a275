package workspace

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/providers"
)

// TestWhatIsShownOfAPass: without a terminal a line for each mailbox and one for all at
// intervals; on a terminal bars, and lines only for what went wrong.
func TestWhatIsShownOfAPass(t *testing.T) {
	now := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	counts := func(items, expect int64, jobs int) content.Counts {
		return content.Counts{Sums: providers.Sums{providers.Copied: {Items: items, Bytes: items * 1000}}, Expect: providers.Sum{Items: expect}, Jobs: jobs, OfJobs: 3, Seconds: 10}
	}
	events := []content.Event{
		{Kind: content.Began, Job: "mail_migration.a", Title: "김철수", Here: counts(0, 40, 0), All: counts(0, 40, 0)},
		{Kind: content.Progress, Job: "mail_migration.a", Title: "김철수", Here: counts(20, 40, 0), All: counts(20, 40, 0)},
		{Kind: content.Waiting, Job: "mail_migration.a", Title: "김철수", Reason: "the service is busy", Until: now.Add(time.Minute), Here: counts(20, 40, 0), All: counts(20, 40, 0)},
		{Kind: content.Progress, Job: "mail_migration.a", Title: "김철수", Here: counts(30, 40, 0), All: counts(30, 40, 0)},
		{Kind: content.FolderErr, Job: "mail_migration.a", Title: "김철수", Folder: []string{"옛", "자료"}, Err: errors.New("broken"), Here: counts(30, 40, 0), All: counts(30, 40, 0)},
		{Kind: content.Ended, Job: "mail_migration.a", Title: "김철수", Here: counts(40, 40, 1), All: counts(40, 40, 1)},
		{Kind: content.Failed, Job: "mail_migration.b", Title: "이\x1b[2J", Err: errors.New("denied"), Here: counts(0, 0, 1), All: counts(40, 40, 2)},
	}
	for _, terminal := range []bool{false, true} {
		var errs bytes.Buffer
		clock := now
		w := &Workspace{env: &cli.Env{Err: &errs, ErrTerminal: terminal, Width: func() int { return 120 },
			Lookup: func(name string) (string, bool) { return "", name == "NO_COLOR" }, Now: func() time.Time { return clock }}}
		show := w.showContent(moving, 100)
		for i, e := range events {
			clock = now.Add(time.Duration(i) * 20 * time.Second)
			e.Time = clock
			show.observe(e)
		}
		text := errs.String()
		show.close()
		wants := []string{"failed: 김철수  mail_migration.a, folder 옛/자료: broken", "failed: 이\ufffd[2J  mail_migration.b: denied"}
		if terminal {
			wants = append(wants, "김철수", "20 of 40 messages  20.0 kB  waiting: the service is busy, until", "20 of 100 messages")
		} else {
			wants = append(wants, "waiting: 김철수  mail_migration.a: the service is busy, until",
				"moving: 30 of 100 messages, 30.0 kB, 3/s, 3.0 kB/s, 23 s left (0 of 3 mailboxes)", "김철수  mail_migration.a: 40 copied (40.0 kB) (1 of 3 mailboxes)")
		}
		for _, want := range wants {
			if flat := strings.Join(strings.Fields(text), " "); !strings.Contains(flat, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("terminal %v: %q is missing in %q", terminal, want, text)
			}
		}
		if !terminal && strings.Count(text, "\n") != 5 {
			t.Errorf("without a terminal these lines were written:\n%s", text)
		}
	}
}
