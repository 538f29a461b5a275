package content

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// file moves messages of a folder of the source into another one.
func file(s *store, from, to string, keys ...string) {
	for _, key := range keys {
		s.box(from).moveTo(s, s.box(to), key)
	}
}

// keysOf are the keys of a folder's messages.
func keysOf(s *store, path string) []string {
	var out []string
	for _, l := range s.box(path).mails {
		out = append(out, keyFor(l.uid))
	}
	return out
}

// filedWorld is a source whose mail is at the target.
func filedWorld(t *testing.T, n int) (from, to *store, o Options) {
	from, to = newStore(t, "old", "a", "b", "c"), newStore(t, "new")
	for i := range n {
		from.folders[i%3].put(from, letterOf(i, 10))
	}
	from.box("INBOX").put(from, letter{date: time.Unix(1_700_000_000, 0), body: []byte("Subject: none\r\n\r\nno Message-ID")})
	o = options(openLedger(t), job(from, to))
	mustRun(t, o)
	wantSame(t, from, to)
	return from, to, o
}

// TestWhatIsFiledAwayMovesAlong: messages that were filed elsewhere at the source are
// moved at the target, not copied again, whichever folder is looked into first.
func TestWhatIsFiledAwayMovesAlong(t *testing.T) {
	for _, condstore := range []bool{true, false} {
		for _, blind := range []bool{false, true} {
			t.Run(fmt.Sprintf("condstore %v blind %v", condstore, blind), func(t *testing.T) {
				from, to, o := filedWorld(t, 90)
				from.condstore, to.blind = condstore, blind
				file(from, "INBOX", "b", keysOf(from, "INBOX")...)
				file(from, "a", "INBOX", keysOf(from, "a")[5:9]...)
				file(from, "a", "c", keysOf(from, "a")[0])
				from.box("b").mails[35].flags = []string{`\Flagged`}
				from.box("INBOX").put(from, letterOf(1000, 10))
				fetched := from.calls["fetched"]
				var last Counts
				o.Observe = func(e Event) { last = e.All.clone() }
				r := mustRun(t, o)
				o.Observe = nil
				if last.Expect.Items > 1 || last.Sums[providers.Copied].Items != 1 {
					t.Errorf("told at the end: %+v, want no more than the new one", last)
				}
				if got := from.calls["fetched"] - fetched; got != 2 {
					t.Errorf("%d messages were fetched, want the new one and the one without Message-ID", got)
				}
				if j := r.Jobs[0]; j.Followed != 36 || j.Brought != 36 || j.Strayed != 0 || j.Moved[providers.Copied].Items != 1 || j.Sums[providers.Copied].Items != 92 {
					t.Errorf("followed %d, brought %d, %d stay, moved %v, sums %v", j.Followed, j.Brought, j.Strayed, j.Moved, j.Sums)
				}
				mustRun(t, o)
				wantSame(t, from, to)
				if r := mustRun(t, o); len(r.Moved) > 0 || r.Jobs[0].Followed+r.Jobs[0].Brought+r.Jobs[0].Flags > 0 {
					t.Errorf("the third pass moved %v, %+v", r.Moved, r.Jobs[0])
				}
			})
		}
	}
}

// TestWhatCannotBeMovedStays: where the target cannot move, in a live mailbox, and of
// what was there before isa came, nothing is moved and nothing doubled.
func TestWhatCannotBeMovedStays(t *testing.T) {
	t.Run("a target that cannot move", func(t *testing.T) {
		from, to, o := filedWorld(t, 30)
		to.stays = true
		file(from, "INBOX", "b", keysOf(from, "INBOX")[:4]...)
		was := contents(to)
		r := mustRun(t, o)
		if j := r.Jobs[0]; j.Strayed != 4 || len(j.Moved) > 0 || len(j.Notes) != 1 || !strings.HasPrefix(j.Notes[0].Text, "4 items were filed elsewhere") {
			t.Errorf("%d stay, moved %v, notes %v", j.Strayed, j.Moved, j.Notes)
		}
		if fmt.Sprint(contents(to)) != fmt.Sprint(was) {
			t.Errorf("the target changed: %v", contents(to))
		}
		// Flags follow all the same.
		from.modseq++
		b := from.box("b")
		l := b.mails[len(b.mails)-1]
		l.flags, l.mod, b.mod = []string{"$late"}, from.modseq, from.modseq
		mustRun(t, o)
		there := slices.IndexFunc(to.box("INBOX").mails, func(x *letter) bool { return slices.Equal(x.body, l.body) })
		if got := to.box("INBOX").mails[there].flags; !slices.Equal(got, l.flags) {
			t.Errorf("flags are %v, want %v", got, l.flags)
		}
		to.stays = false
		file(from, "b", "c", keysOf(from, "b")[0])
		r = mustRun(t, o)
		if j := r.Jobs[0]; j.Brought == 0 {
			t.Errorf("brought %d", j.Brought)
		}
	})
	t.Run("a live mailbox", func(t *testing.T) {
		from, to, o := filedWorld(t, 30)
		file(from, "INBOX", "b", keysOf(from, "INBOX")[:4]...)
		o.Jobs[0].Phase = Live
		was := contents(to)
		r := mustRun(t, o)
		if len(r.Moved) > 0 || fmt.Sprint(contents(to)) != fmt.Sprint(was) || to.calls["move"] > 0 {
			t.Errorf("moved %v, %v", r.Moved, contents(to))
		}
	})
	t.Run("what was there before", func(t *testing.T) {
		from, to := newStore(t, "old", "a"), newStore(t, "new")
		for i := range 5 {
			from.box("INBOX").put(from, letterOf(i, 10))
			to.box("INBOX").put(to, letterOf(i, 10))
		}
		o := options(openLedger(t), job(from, to))
		mustRun(t, o)
		file(from, "INBOX", "a", keysOf(from, "INBOX")[:2]...)
		r := mustRun(t, o)
		if j := r.Jobs[0]; to.calls["move"]+to.calls["put"] > 0 || j.Strayed != 2 || j.Sums[providers.Adopted].Items != 5 {
			t.Errorf("%d moves, %d stay, sums %v", to.calls["move"], j.Strayed, j.Sums)
		}
	})
	t.Run("what the member moved", func(t *testing.T) {
		from, to, o := filedWorld(t, 30)
		keys := keysOf(from, "INBOX")[:2]
		to.add("mine", "")
		file(to, "INBOX", "mine", keysOf(to, "INBOX")[:1]...)
		file(from, "INBOX", "b", keys...)
		r := mustRun(t, o)
		if n := len(to.box("mine").mails); n != 1 || len(to.box("b").mails) != 11 || len(r.Moved) > 0 {
			t.Errorf("%d in the member's folder, %d in b, moved %v", n, len(to.box("b").mails), r.Moved)
		}
	})
}

// TestFilingThatIsNone: copies stay two messages, and what was deleted and comes anew
// with other bytes is another message.
func TestFilingThatIsNone(t *testing.T) {
	from, _, o := filedWorld(t, 30)
	from.box("c").put(from, *from.box("a").mails[0]) // a copy
	l := *from.box("INBOX").mails[0]
	l.body = slices.Clone(l.body)
	l.body[len(l.body)-1] ^= 1
	l.date = l.date.Add(time.Second)
	from.box("INBOX").mails = from.box("INBOX").mails[1:]
	from.modseq++
	from.box("INBOX").mod = from.modseq
	from.box("c").put(from, l)
	r := mustRun(t, o)
	if got := r.Moved[providers.Copied].Items; got != 2 || r.Jobs[0].Followed != 0 {
		t.Errorf("moved %v, followed %d", r.Moved, r.Jobs[0].Followed)
	}
}

// TestSwappedNames: two folders that exchanged their names at the source are not copied
// again.
func TestSwappedNames(t *testing.T) {
	from, to, o := filedWorld(t, 90)
	a, b := from.box("a"), from.box("b")
	a.path, b.path, a.id, b.id = b.path, a.path, b.id, a.id
	puts := to.calls["put"]
	mustRun(t, o)
	mustRun(t, o)
	if to.calls["put"] != puts {
		t.Errorf("%d puts", to.calls["put"]-puts)
	}
	wantSame(t, from, to)
	if r := mustRun(t, o); len(r.Moved) > 0 || r.Jobs[0].Followed > 0 {
		t.Errorf("the third pass moved %v, followed %d", r.Moved, r.Jobs[0].Followed)
	}
}

// TestFilingDuringAPass: what is filed away between the listing and the visit of a
// folder waits for the next pass.
func TestFilingDuringAPass(t *testing.T) {
	from, to := newStore(t, "old", "a", "b"), newStore(t, "new")
	for i := range 30 {
		from.folders[i%3].put(from, letterOf(i, 10))
	}
	var filed atomic.Bool // several folders are put at once
	to.fault = func(op string, after bool, n int) error {
		if op == "put" && filed.CompareAndSwap(false, true) {
			from.mu.Lock()
			defer from.mu.Unlock()
			file(from, "INBOX", "b", keysOf(from, "INBOX")[:3]...)
			file(from, "b", "INBOX", keysOf(from, "b")[:3]...)
		}
		return nil
	}
	o := options(openLedger(t), job(from, to))
	for range 3 {
		if _, err := Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, o)
	wantSame(t, from, to)
}

// TestATargetThatDatesAnew: a target that does not keep dates is recognised by bytes
// after an answer was lost.
func TestATargetThatDatesAnew(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	to.dates = true
	for i := range 30 {
		from.box("INBOX").put(from, letterOf(i, 10))
	}
	lost := false
	to.fault = func(op string, after bool, n int) error {
		if op == "stored" && n == 20 && !lost {
			lost = true
			return &diag.Failure{Class: diag.Unavailable, Op: op, Unknown: true, Detail: "the answer was lost"}
		}
		return nil
	}
	mustRun(t, options(openLedger(t), job(from, to)))
	if n := len(to.box("INBOX").mails); n != 30 || !lost {
		t.Errorf("the target holds %d messages", n)
	}
}

// TestLabels: a message that the store names is one, whatever folder it is an item of:
// labels that change, and a folder that is numbered anew, copy nothing again.
func TestLabels(t *testing.T) {
	from, to := newStore(t, "old", "work", "home"), newStore(t, "new")
	from.gmail = true
	from.add("All Mail", providers.UseAll)
	for i := range 30 {
		from.folders[i%3].put(from, letterOf(7, i%2)) // bytes tell nothing
	}
	large := from.box("work").put(from, letterOf(8, 500))
	j := job(from, to)
	j.Rules.MaxSize = 400
	o := options(openLedger(t), j)
	mustRun(t, o)
	wantCount := func(when string, puts int) {
		t.Helper()
		r := mustRun(t, o)
		sums := r.Jobs[0].Sums
		if sums[providers.Copied].Items != 30 || sums[providers.TooLarge].Items != 1 || len(sums) != 2 || to.calls["put"] != puts {
			t.Errorf("%s: sums %v, %d puts", when, sums, to.calls["put"]-puts)
		}
		n := 0
		for _, b := range to.folders {
			n += len(b.mails)
		}
		if n != 30 {
			t.Errorf("%s: %d messages at the target", when, n)
		}
	}
	puts := to.calls["put"]
	file(from, "INBOX", "All Mail", keysOf(from, "INBOX")[:4]...) // archived
	file(from, "work", "INBOX", keyFor(large.uid), keysOf(from, "work")[0])
	wantCount("labels", puts)
	file(from, "All Mail", "home", keysOf(from, "All Mail")[:2]...)
	b := from.box("INBOX")
	from.epoch++
	b.epoch = from.epoch
	for i, l := range b.mails {
		l.uid = int64(i) + 1
	}
	b.next = int64(len(b.mails)) + 1
	wantCount("labels and an epoch", puts)
	wantCount("nothing", puts)
	for _, b := range from.folders {
		if have := to.box(strings.Join(b.path, "/")); have != nil && len(have.mails) != len(b.mails) && b.use != providers.UseInbox {
			t.Errorf("%v: %d at the source, %d at the target", b.path, len(b.mails), len(have.mails))
		}
	}
}

// TestALedgerLostWhileLive: the state remembers when the last pass was; what came since
// is added, what is there adopted, and nothing is changed.
func TestALedgerLostWhileLive(t *testing.T) {
	from, to, o := filedWorld(t, 30)
	passed := time.Unix(1_750_000_000, 0)
	fresh := openLedger(t)
	s, err := fresh.Stream(t.Context(), providers.StreamInfo{Name: o.Jobs[0].Name, Origin: "mem://old", Target: "mem://new"})
	if err != nil {
		t.Fatal(err)
	}
	info := s.Info()
	info.Passed = passed
	if err := s.Note(t.Context(), info); err != nil {
		t.Fatal(err)
	}
	late := letterOf(500, 10)
	late.date = passed.Add(24 * time.Hour)
	there := letterOf(501, 10)
	there.date = late.date
	from.box("a").put(from, late)
	from.box("a").put(from, there)
	to.box("a").put(to, there)
	from.box("INBOX").mails[0].flags = []string{"$changed"}
	removed := to.box("b").mails[0]
	to.box("b").mails = to.box("b").mails[1:]
	o.Ledger, o.Jobs[0].Phase = fresh, Live
	r := mustRun(t, o)
	if m := r.Moved; m[providers.Copied].Items != 1 || m[providers.Adopted].Items != 1 {
		t.Errorf("moved %v", m)
	}
	if to.calls["flag"]+to.calls["rename"]+to.calls["move"] > 0 || slices.Contains(to.box("b").mails, removed) || len(to.box("b").mails) != 9 {
		t.Errorf("the live mailbox was changed: %v", to.calls)
	}
}

// TestWhatStaysIsCountedOnce: a pass that has to end a folder twice counts once what
// stays where it was delivered.
func TestWhatStaysIsCountedOnce(t *testing.T) {
	from, to, o := filedWorld(t, 30)
	to.stays, to.blind = true, true
	file(from, "INBOX", "b", keysOf(from, "INBOX")[:4]...)
	from.box("b").put(from, letterOf(700, 10)) // so that keys are found out at the end
	clock := newClock()
	o.Now, o.Sleep = clock.Now, clock.Sleep
	var put atomic.Bool
	var asked atomic.Int64
	to.fault = func(op string, after bool, n int) error {
		if op == "stored" {
			put.Store(true)
		}
		if op == "scan" && put.Load() && asked.Add(1) == 1 {
			return &diag.Failure{Class: diag.Limited, Op: op, Err: told(90 * time.Minute)}
		}
		return nil
	}
	if r := mustRun(t, o); asked.Load() < 2 || clock.slept < time.Hour || r.Jobs[0].Strayed != 4 {
		t.Errorf("asked to wait %d times, %v waited, %d stay", asked.Load(), clock.slept, r.Jobs[0].Strayed)
	}
}
