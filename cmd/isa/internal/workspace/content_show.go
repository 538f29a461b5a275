package workspace

import (
	"fmt"
	"strings"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
)

// tellEvery is the time between two lines that say how far a pass is, where there is no
// terminal.
const tellEvery = 30 * time.Second

// contentShow shows what happens in a pass: on a terminal a bar for each mailbox under
// way and one for all, else a line an event. Observe is called by one goroutine at a
// time.
type contentShow struct {
	env      *cli.Env
	progress *view.Progress
	all      *view.Task
	under    map[string]*view.Task // by job
	bars     bool
	expect   int64 // items, as far as the ledger knows before the pass
	told     time.Time
	doing    string
}

// What is done with mailboxes, in words.
const (
	moving    = "moving"
	counting  = "counting"
	comparing = "comparing"
)

// showContent begins showing; doing is what is done.
func (w *Workspace) showContent(doing string, expect int64) *contentShow {
	s := &contentShow{env: w.env, progress: w.env.Progress(nil), under: map[string]*view.Task{}, bars: w.env.ErrTerminal, expect: expect, told: w.env.Now(), doing: doing}
	if s.bars {
		s.all = s.progress.Task(doing, "message", int(expect))
	}
	return s
}

func (s *contentShow) close() { s.progress.Close() }

// observe takes an event of the engine.
func (s *contentShow) observe(e content.Event) {
	switch e.Kind {
	case content.Began:
		s.bar(e)
	case content.Progress:
		s.bar(e)
		s.tellTotal(e, false)
	case content.Waiting:
		s.waits(e)
	case content.TurnOver:
		s.drop(e.Job)
	case content.Ended:
		s.drop(e.Job)
		if !s.bars {
			s.progress.Line(fmt.Sprintf("%s  %s: %s (%s of %s)", e.Title, e.Job, s.done(e.Here), view.Number(e.All.Jobs), view.Plural(e.All.OfJobs, "mailbox")))
		}
	case content.Failed:
		s.drop(e.Job)
		s.progress.Line(fmt.Sprintf("failed: %s  %s: %v", e.Title, e.Job, e.Err))
	case content.FolderErr:
		s.progress.Line(fmt.Sprintf("failed: %s  %s, folder %s: %v", e.Title, e.Job, strings.Join(e.Folder, "/"), e.Err))
	case content.Stopping:
	}
	if s.all != nil {
		s.set(s.all, e.All, max(s.expect, e.All.Expect.Items))
	}
}

func (s *contentShow) bar(e content.Event) {
	if !s.bars {
		return
	}
	t := s.under[e.Job]
	if t == nil {
		t = s.progress.Task(e.Title, "message", 0)
		n := settled(e.Here.Sums) // in earlier turns
		t.Before(int(n.Items), n.Bytes)
		s.under[e.Job] = t
	}
	t.Wait("")
	s.set(t, e.Here, e.Here.Expect.Items)
}

func (s *contentShow) set(t *view.Task, c content.Counts, expect int64) {
	n := settled(c.Sums)
	t.Total(int(max(expect, n.Items)))
	t.Size(n.Bytes)
	t.Set(int(n.Items))
}

func (s *contentShow) drop(job string) {
	if t := s.under[job]; t != nil {
		t.Drop()
		delete(s.under, job)
	}
}

func (s *contentShow) waits(e content.Event) {
	reason := e.Reason
	if left := e.Until.Sub(e.Time); !e.Until.IsZero() && left >= time.Second {
		reason += ", until " + e.Until.Local().Format("15:04:05")
	}
	if t := s.under[e.Job]; t != nil {
		t.Wait(reason)
		return
	}
	s.progress.Line(fmt.Sprintf("waiting: %s  %s: %s", e.Title, e.Job, reason))
}

// tellTotal says how far the pass is, where there are no bars.
func (s *contentShow) tellTotal(e content.Event, now bool) {
	if s.bars || !now && e.Time.Sub(s.told) < tellEvery {
		return
	}
	s.told = e.Time
	n := settled(e.All.Sums)
	expect := max(s.expect, e.All.Expect.Items, n.Items)
	text := fmt.Sprintf("%s: %s of %s, %s", s.doing, view.Number(int(n.Items)), view.Plural(int(expect), "message"), view.Bytes(n.Bytes))
	if rate := float64(n.Items) / e.All.Seconds; n.Items > 0 && e.All.Seconds > 0 {
		text += fmt.Sprintf(", %.0f/s, %s/s", rate, view.Bytes(int64(float64(n.Bytes)/e.All.Seconds)))
		if expect > n.Items {
			text += ", " + view.Duration(time.Duration(float64(expect-n.Items)/rate*float64(time.Second))) + " left"
		}
	}
	s.progress.Line(fmt.Sprintf("%s (%s of %s)", text, view.Number(e.All.Jobs), view.Plural(e.All.OfJobs, "mailbox")))
}

// settled sums the items that have an outcome.
func settled(s providers.Sums) (n providers.Sum) {
	for o, sum := range s {
		if o != providers.OnTheWay {
			n.Items += sum.Items
			n.Bytes += sum.Bytes
		}
	}
	return n
}

// done says what came of one mailbox.
func (s *contentShow) done(c content.Counts) string {
	switch s.doing {
	case counting:
		return view.Plural(int(c.Expect.Items), "message") + " to move"
	case comparing:
		return "compared"
	}
	return changesIn(c)
}

// changesIn says what a pass did with one mailbox.
func changesIn(c content.Counts) string {
	text := OutcomesText(c.Sums)
	if c.Flags > 0 {
		text += ", " + view.Plural(int(c.Flags), "flag change")
	}
	return strings.TrimPrefix(orNothing(text), ", ")
}

func orNothing(text string) string {
	if text == "" {
		return "nothing new"
	}
	return text
}

// OutcomesText lists how many items ended how: "1,204 copied (31.2 MB), 12 excluded".
func OutcomesText(s providers.Sums) string {
	var parts []string
	for _, o := range providers.Outcomes() {
		n := s[o]
		if n.Items == 0 {
			continue
		}
		text := view.Number(int(n.Items)) + " " + outcomeWord(o)
		if o == providers.Copied {
			text += " (" + view.Bytes(n.Bytes) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// outcomeWord is an outcome in words.
func outcomeWord(o providers.Outcome) string { return strings.ReplaceAll(string(o), "_", " ") }
