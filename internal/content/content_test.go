package content

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state/ledger"
)

// clock is time that passes only while somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept time.Duration
}

func newClock() *clock { return &clock{now: time.Unix(1_900_000_000, 0).UTC()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.now = c.now.Add(d)
	c.slept += d
	return nil
}

func openLedger(t testing.TB) *ledger.Ledger {
	t.Helper()
	dir := t.TempDir()
	if shm, err := os.MkdirTemp("/dev/shm", "content"); err == nil {
		dir = shm
		t.Cleanup(func() { os.RemoveAll(shm) })
	}
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "isa.state.ledger"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// same maps every folder to one of the same name.
func same(folders []providers.Folder) []Mapping {
	var out []Mapping
	for _, f := range folders {
		m := Mapping{Folder: f, Path: f.Path}
		if f.Use == providers.UseInbox {
			m.Use = f.Use
		}
		out = append(out, m)
	}
	return out
}

func job(from, to *store) Job {
	return Job{Name: "mail_migration." + from.name, Title: from.name, Phase: Presync, Origin: origin{from}, Target: target{to}, Map: same}
}

func options(l providers.Ledger, jobs ...Job) Options {
	c := newClock()
	return Options{Ledger: l, Jobs: jobs, Now: c.Now, Sleep: c.Sleep}
}

func mustRun(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range r.Jobs {
		if j.Err != nil || len(j.Failures) > 0 {
			t.Fatalf("%s: %v %v", j.Name, j.Err, j.Failures)
		}
		if !j.Balanced || !j.Complete {
			t.Fatalf("%s: complete %v, balanced %v, sums %v, notes %v", j.Name, j.Complete, j.Balanced, j.Sums, j.Notes)
		}
	}
	return r
}

// contents lists a store: for each folder its messages with date and flags, sorted.
func contents(s *store) map[string][]string {
	out := map[string][]string{}
	for _, b := range s.folders {
		var list []string
		for _, l := range b.mails {
			list = append(list, fmt.Sprintf("%x %d %v", l.body[:min(len(l.body), 40)], l.date.Unix(), l.flags)+fmt.Sprint(len(l.body)))
		}
		slices.Sort(list)
		out[strings.Join(b.path, "/")] = list
	}
	return out
}

func wantSame(t *testing.T, from, to *store) {
	t.Helper()
	a, b := contents(from), contents(to)
	for path, list := range a {
		if !slices.Equal(list, b[path]) {
			t.Errorf("folder %s: the source holds %d, the target %d:\n%s\n%s", path, len(list), len(b[path]), strings.Join(list, "\n"), strings.Join(b[path], "\n"))
		}
	}
}

func TestAMailboxIsMovedOnceAndThenOnlyWhatChanged(t *testing.T) {
	from, to := newStore(t, "old", "보낸 편지함", "a", "a/b", "empty"), newStore(t, "new")
	n := 0
	for i := range 300 {
		n++
		from.folders[i%4].put(from, letterOf(n, 100+i*20))
	}
	from.box("a").put(from, letterOf(9999, 3<<20))
	l := openLedger(t)
	o := options(l, job(from, to))
	r := mustRun(t, o)
	wantSame(t, from, to)
	if got := r.Sums[providers.Copied].Items; got != 301 || r.Moved[providers.Copied].Items != 301 || len(r.Sums) != 1 {
		t.Errorf("sums %v, moved %v", r.Sums, r.Moved)
	}

	for _, s := range []*store{from, to} {
		s.calls, s.opens = map[string]int{}, 0
	}
	r = mustRun(t, o)
	if len(r.Moved) != 0 || to.opens != 0 || from.calls["scan"] != 0 || from.calls["folders"] != 1 || r.Jobs[0].Unchanged != 5 {
		t.Errorf("an unchanged pass: moved %v, %d logins at the target, %v at the source, %d unchanged", r.Moved, to.opens, from.calls, r.Jobs[0].Unchanged)
	}

	from.box("a").put(from, letterOf(5000, 10))
	from.modseq++
	x := from.box("a/b")
	x.mails[0].flags, x.mails[0].mod, x.mod = []string{`$Label1`, `\Answered`}, from.modseq, from.modseq
	in := from.box("INBOX")
	in.epoch += 50
	for _, l := range in.mails {
		l.uid += 1000
	}
	in.next += 1000
	from.rename(from.box("보낸 편지함"), "보낸메일")
	r = mustRun(t, o)
	wantSame(t, from, to)
	if j := r.Jobs[0]; r.Moved[providers.Copied].Items != 1 || len(r.Moved) != 1 || j.Flags != 1 || j.Renamed != 1 || j.Reclaimed != int64(len(in.mails)) {
		t.Errorf("moved %v, %d flags, %d renamed, %d reclaimed of %d", r.Moved, j.Flags, j.Renamed, j.Reclaimed, len(in.mails))
	}
	if to.box("보낸 편지함") != nil {
		t.Error("the folder's old name is still there")
	}
	r = mustRun(t, o)
	if len(r.Moved) != 0 || r.Jobs[0].Unchanged != 5 {
		t.Errorf("a pass after that moved %v", r.Moved)
	}
}

func TestAFilledTargetIsAdopted(t *testing.T) {
	for _, blind := range []bool{false, true} {
		from, to := newStore(t, "old", "a"), newStore(t, "new", "a")
		to.blind = blind
		twin := letterOf(7, 50)
		noID := letter{date: time.Unix(1_700_000_000, 0), body: []byte("Subject: no id\r\n\r\none")}
		other := letter{date: noID.date, body: []byte("Subject: no id\r\n\r\ntwo")}
		for i := range 20 {
			m := letterOf(i, 30)
			from.box("a").put(from, m)
			if i%2 == 0 {
				m.flags = nil
				to.box("a").put(to, m)
			}
		}
		for range 3 {
			from.box("a").put(from, twin)
		}
		to.box("a").put(to, twin)
		from.box("a").put(from, noID)
		from.box("a").put(from, other)
		to.box("a").put(to, other)
		o := options(openLedger(t), job(from, to))
		r := mustRun(t, o)
		wantSame(t, from, to)
		// Ten, the twin (mail 7 is one of three of a kind and one there), and the other.
		if r.Sums[providers.Adopted].Items != 12 || r.Sums[providers.Copied].Items != 13 {
			t.Errorf("blind %v: sums %v", blind, r.Sums)
		}
		if r = mustRun(t, o); len(r.Moved) != 0 {
			t.Errorf("blind %v: a second pass moved %v", blind, r.Moved)
		}
	}
}

func TestEveryItemEndsInItsOutcome(t *testing.T) {
	from, to := newStore(t, "old", "bin"), newStore(t, "new")
	bad := []byte("Subject: =?euc-kr?B?vsiz5w==?= bad\r\n\r\npoison")
	killer := []byte("Subject: killer\r\n\r\nkiller")
	in := from.box("INBOX")
	for i := range 120 {
		in.put(from, letterOf(i, 10))
		switch i {
		case 33:
			in.put(from, letter{date: time.Unix(1_700_000_000, 0), body: bad})
		case 77:
			in.put(from, letter{date: time.Unix(1_700_000_000, 0), body: killer})
		}
	}
	in.put(from, letterOf(500, 5000))
	old := letterOf(600, 10)
	old.date = time.Unix(1_000_000_000, 0)
	in.put(from, old)
	from.box("bin").put(from, letterOf(700, 1))
	to.refuses = func(b []byte) bool { return string(b) == string(bad) }
	to.breaks = func(b []byte) bool { return string(b) == string(killer) }
	to.limits = providers.Limits{Item: 4000}
	j := job(from, to)
	j.Rules.Since = time.Unix(1_500_000_000, 0)
	j.Map = func(fs []providers.Folder) []Mapping {
		out := same(fs)
		for i := range out {
			if out[i].Path[0] == "bin" {
				out[i].Excluded = "the folder bin is left out"
			}
		}
		return out
	}
	l := openLedger(t)
	o := options(l, j)
	r := mustRun(t, o)
	want := providers.Sums{}
	for outcome, n := range map[providers.Outcome]int64{providers.Copied: 120, providers.Refused: 1, providers.Quarantined: 1, providers.TooLarge: 1, providers.Excluded: 2} {
		want[outcome] = providers.Sum{Items: n}
		if r.Sums[outcome].Items != n {
			t.Errorf("%s: %d, want %d", outcome, r.Sums[outcome].Items, n)
		}
	}
	s, err := l.Stream(t.Context(), providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name()})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	if err := s.Failures(t.Context(), func(f providers.FolderRecord, r providers.Record) error {
		told = append(told, fmt.Sprintf("%s %s %q %q", f.Path[0], r.Outcome, r.Note, r.Title))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(told)
	wantTold := []string{
		`INBOX excluded "older than since" ""`,
		`INBOX quarantined "the connection to the target broke whenever it was sent" ""`,
		`INBOX refused "NO I do not like it" "안녕 bad"`,
		`INBOX too_large "the target takes no item of this size" "안녕 500"`,
		`bin excluded "the folder bin is left out" ""`,
	}
	if !slices.Equal(told, wantTold) {
		t.Errorf("failures\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(wantTold, "\n"))
	}
	if n := len(to.box("INBOX").mails); n != 120 {
		t.Errorf("%d messages at the target", n)
	}
	// The server changed its mind, and so did the user.
	to.refuses, to.breaks = nil, nil
	o.Jobs[0].Rules.Since = time.Time{}
	o.Jobs[0].Map = same
	r = mustRun(t, o)
	if r.Sums[providers.Copied].Items != 124 || r.Sums[providers.TooLarge].Items != 1 {
		t.Errorf("after the rules changed: %v", r.Sums)
	}
}

func TestWrongSourcesAreErrors(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	l := openLedger(t)
	o := options(l, job(from, to))
	r, err := Run(t.Context(), o)
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || r.Done() {
		t.Errorf("an empty source: %v, %v", r.Jobs[0].Err, err)
	}
	from.box("INBOX").put(from, letterOf(1, 1))
	mustRun(t, o)
	from.box("INBOX").mails = nil
	if r, err = Run(t.Context(), o); err != nil || r.Jobs[0].Err == nil || !strings.Contains(r.Jobs[0].Err.Error(), "1 items were there before") {
		t.Errorf("a source that was emptied: %v, %v", r.Jobs[0].Err, err)
	}
	from.logins = &diag.Failure{Class: diag.Denied, Op: "log in", Detail: "wrong password"}
	from.calls = map[string]int{}
	if r, err = Run(t.Context(), o); err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Denied || from.calls["open"] != 1 {
		t.Errorf("a wrong password: %v after %d logins", r.Jobs[0].Err, from.calls["open"])
	}
	from.logins = down("log in")
	from.calls = map[string]int{}
	if r, err = Run(t.Context(), o); err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Unavailable || from.calls["open"] != 7 {
		t.Errorf("an unreachable server: %v after %d logins", r.Jobs[0].Err, from.calls["open"])
	}
}

func TestWhatIsTooLargeIsKeptElsewhereWhenWanted(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	big := letterOf(1, 3<<20)
	from.box("INBOX").put(from, letterOf(2, 10))
	from.box("INBOX").put(from, big)
	j := job(from, to)
	j.Rules.MaxSize = 1 << 20
	full := true
	kept := map[string][]byte{}
	j.Rules.Keep = func(_ context.Context, f providers.Folder, m providers.Message) (string, error) {
		if full {
			return "", &diag.Failure{Class: diag.Internal, Op: "keep", Detail: "no space left"}
		}
		body, err := io.ReadAll(m.Body)
		kept[m.Key] = body
		return "large/1.eml", err
	}
	o := options(openLedger(t), j)
	r, err := Run(t.Context(), o)
	if err != nil || r.Done() || len(r.Jobs[0].Failures) != 1 || r.Sums[providers.TooLarge].Items != 0 {
		t.Errorf("what could not be kept is settled: %v, %v, %v", r.Sums, r.Jobs[0].Failures, err)
	}
	full = false
	r = mustRun(t, o)
	if r.Sums[providers.TooLarge].Items != 1 || r.Sums[providers.Copied].Items != 1 || len(kept) != 1 || string(kept["0000000002"]) != string(big.body) {
		t.Errorf("sums %v, %d kept", r.Sums, len(kept))
	}
	if r = mustRun(t, o); len(r.Moved) != 0 {
		t.Errorf("another pass moved %v", r.Moved)
	}
}

func TestABatchThatIsTakenInPartIsNotDoubled(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	to.partial = true
	to.refuses = func(b []byte) bool { return strings.HasSuffix(string(b), "poison") }
	for i := range 160 {
		l := letterOf(i, 10)
		if i%60 == 20 {
			l.body = append(l.body, "poison"...)
		}
		from.box("INBOX").put(from, l)
	}
	r := mustRun(t, options(openLedger(t), job(from, to)))
	if r.Sums[providers.Copied].Items != 157 || r.Sums[providers.Refused].Items != 3 || len(to.box("INBOX").mails) != 157 {
		t.Errorf("sums %v, %d at the target", r.Sums, len(to.box("INBOX").mails))
	}
}

func TestASourceThatHidesItemsIsNotBelieved(t *testing.T) {
	from, to := newStore(t, "old", "a"), newStore(t, "new")
	for i := range 40 {
		from.folders[i%2].put(from, letterOf(i, 10))
	}
	from.hides = 3
	o := options(openLedger(t), job(from, to))
	r, err := Run(t.Context(), o)
	if err != nil || r.Done() || len(r.Jobs[0].Failures) != 2 || !strings.Contains(r.Jobs[0].Failures[0].Err.Error(), "holds 20 items, but shows 17") {
		t.Errorf("failures %v, %v", r.Jobs[0].Failures, err)
	}
	if r.Sums[providers.Copied].Items != 34 || r.Sums[providers.OnTheWay].Items != 6 {
		t.Errorf("sums %v", r.Sums)
	}
	from.hides = 0
	mustRun(t, o)
	wantSame(t, from, to)
}
