package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/planner"
)

func TestPlanOfMail(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	one, two := addr.New("wave", "one"), addr.New("wave", "two")
	line := func(key, title string, c planner.Content) planner.Content {
		c.Address, c.Title, c.Route = addr.Instance("mail_migration", "staff", key), title, "append"
		return c
	}
	p := &planner.Plan{
		Created: now, Hash: strings.Repeat("ab", 32),
		Content: []planner.Content{
			{Address: addr.New("mail_migration", "gone"), Forgotten: true},
			line("1", "김철수", planner.Content{Wave: one, Phase: "cutover", Items: 20000, Bytes: 171e6, NewItems: 1204, NewBytes: 31e6, TooLarge: 2, Excluded: 300, Surveyed: now}),
			line("2", "남궁민수", planner.Content{Wave: one, Phase: "cutover"}),
			line("3", "이영희", planner.Content{Wave: one, Phase: "cutover", Items: 10, Surveyed: now, Passed: now}),
			line("4", "박지민", planner.Content{Wave: two, Phase: "presync", Waits: "the member has not signed in yet"}),
			line("6", "정하나", planner.Content{Wave: two, Phase: "presync", Items: 5000, NewItems: 4001, NewBytes: 1e6, Surveyed: now, Runs: 3, Notices: 6}),
			line("5", "최\x1b[31m", planner.Content{Wave: two, Phase: "presync", Moved: one, Items: 5, Surveyed: now, Passed: now}),
		},
		Waves:    []planner.WaveChange{{Address: one, From: "presync", To: "cutover"}, {Address: two, To: "presync"}, {Address: addr.New("wave", "three"), To: "presync"}},
		Unserved: []planner.Unserved{{Address: addr.New("mail_source", "old"), What: "public folders"}},
		Cost:     planner.Cost{Content: &planner.ContentCost{Items: 1204, Bytes: 31e6, Seconds: 90, Notices: 6}},
	}
	var out bytes.Buffer
	if err := Plan(&out, p, Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "mail.txt", out.String())

	still := &planner.Plan{Created: now.Add(3 * time.Hour), Content: []planner.Content{line("3", "이영희", planner.Content{Items: 10, Surveyed: now, Passed: now})}}
	out.Reset()
	if err := Plan(&out, still, Style{}); err != nil {
		t.Fatal(err)
	}
	want := `Mail
  1 mailbox with nothing new

No changes. The tenant is as the configuration says.
Mail is as it was when it was passed over, 3 h ago; isa sync moves what came
since.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +made:\n%s", diff)
	}
}

// TestGrid: Hangul is two columns wide, and columns without anything are left out.
func TestGrid(t *testing.T) {
	got := Grid([]string{"", "items", "refused", "size"}, [][]string{{"김철수", "1,204", "", "31.0 MB"}, {"kim", "3", "", ""}, {"total"}})
	want := []string{
		"        items     size",
		"김철수  1,204  31.0 MB",
		"kim         3",
		"total",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +made:\n%s", diff)
	}
}

// TestBarsOfMailboxes: names of different widths line up; sizes and reasons to wait are
// shown.
func TestBarsOfMailboxes(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := NewProgress(&out, ProgressOptions{Terminal: true, Now: func() time.Time { return now }, Style: Style{Width: 120}})
	defer p.Close()
	a, b := p.Task("moving", "message", 0), p.Task("남궁민수과장 namgoong", "message", 0)
	now = now.Add(10 * time.Second)
	a.Total(100)
	a.Size(2_000_000)
	a.Set(50)
	b.Total(10)
	out.Reset()
	now = now.Add(time.Second)
	b.Wait("too many connections")
	text := out.String()
	for _, want := range []string{
		"moving                 [██████████          ]  50 of 100 messages  2.0 MB  4.5/s  181.8 kB/s  11 s left\n",
		"남궁민수과장 namgoong  [                    ]  0 of 10 messages  waiting: too many connections\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
}
