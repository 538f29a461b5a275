package content

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// TestALostAnswer: what was handed over without an answer is looked for. Where nobody can
// look it is unproven, neither put again in this pass nor called copied; the next pass
// looks again and resolves it.
func TestALostAnswer(t *testing.T) {
	const n = 20
	for _, c := range []struct {
		name      string
		arrives   bool                    // before the answer is lost
		meanwhile func(to *store, b *box) // what somebody does to the folder of the target
		first     providers.Sums
		then      func(to *store, b *box) // before the next pass
		last      int                     // copies at the target, in all folders, in the end
	}{
		{name: "and it arrived", arrives: true, first: providers.Sums{providers.Copied: {Items: n}}, last: n},
		{name: "and it did not arrive", first: providers.Sums{providers.Copied: {Items: n}}, last: n},
		{name: "and the folder was renamed", arrives: true, meanwhile: renamedAway,
			first: providers.Sums{providers.Unproven: {Items: n}}, then: renamedBack, last: n},
		{name: "and the folder was removed", meanwhile: removed,
			first: providers.Sums{providers.Unproven: {Items: n}}, last: n},
		{name: "and the folder has another epoch", arrives: true, meanwhile: func(to *store, b *box) { b.epoch += 50 },
			first: providers.Sums{providers.Copied: {Items: n}}, last: n},
		{name: "and the server was restored from before", meanwhile: func(to *store, b *box) { b.next = 1 },
			first: providers.Sums{providers.Unproven: {Items: n}}, last: n + 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := newStore(t, "old", "a"), newStore(t, "new")
			from.box("INBOX").put(from, letterOf(500, 5))
			o := options(openLedger(t), job(from, to))
			if strings.Contains(c.name, "restored") { // something has to be there before
				for i := range 5 {
					from.box("a").put(from, letterOf(100+i, 5))
				}
			}
			mustRun(t, o)
			for i := range n {
				from.box("a").put(from, letterOf(i, 5))
			}
			done := false
			to.fault = func(op string, after bool, k int) error {
				if op != "stored" || done || c.arrives && k != n || !c.arrives && k != 0 {
					return nil
				}
				done = true
				if c.meanwhile != nil { // it holds the lock of the store
					c.meanwhile(to, to.box("a"))
				}
				return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the answer was lost", Unknown: true}
			}
			r, err := Run(t.Context(), o)
			if err != nil || !done {
				t.Fatal(err, "the answer was not lost")
			}
			for outcome, want := range c.first {
				if got := r.Jobs[0].Moved[outcome]; got.Items != want.Items {
					t.Errorf("%s: %d, want %d; moved %v, sums %v; %v %v", outcome, got.Items, want.Items, r.Jobs[0].Moved, r.Sums, r.Jobs[0].Err, r.Jobs[0].Failures)
				}
			}
			if c.first[providers.Unproven].Items > 0 {
				s, err := o.Ledger.Stream(t.Context(), providers.StreamInfo{Name: o.Jobs[0].Name, Origin: from.Name(), Target: to.Name()})
				if err != nil {
					t.Fatal(err)
				}
				listed := 0
				if err := s.Failures(t.Context(), func(_ providers.FolderRecord, rec providers.Record) error {
					if strings.Contains(rec.Note, "no answer came") && strings.HasPrefix(rec.Title, "안녕") {
						listed++
					}
					return nil
				}); err != nil || listed != n {
					t.Errorf("%d are listed with reason and subject, %v", listed, err)
				}
			}
			if c.then != nil {
				c.then(to, to.box("a"))
			}
			r = mustRun(t, o)
			if r.Sums[providers.Unproven].Items != 0 {
				t.Errorf("the next pass: %v", r.Sums)
			}
			have := 0
			for _, b := range to.folders {
				if strings.Join(b.path, "/") != "INBOX" {
					have += len(b.mails)
				}
			}
			if have != c.last {
				t.Errorf("%d messages are at the target, want %d", have, c.last)
			}
			for body, k := range counts(to, nil) {
				if k != 1 {
					t.Errorf("%d of %.40q", k, body)
				}
			}
			if r = mustRun(t, o); len(r.Moved) != 0 {
				t.Errorf("a third pass moved %v", r.Moved)
			}
		})
	}
}

// renamedAway gives a folder another name and puts an empty one in its place.
func renamedAway(to *store, b *box) {
	to.rename(b, "somewhere")
	to.add("a", "")
}

// renamedBack undoes that.
func renamedBack(to *store, b *box) {
	removed(to, b)
	to.rename(to.box("somewhere"), "a")
}

// removed removes a folder.
func removed(to *store, b *box) {
	var rest []*box
	for _, x := range to.folders {
		if x != b {
			rest = append(rest, x)
		}
	}
	to.folders = rest
}

// TestAnAnswerLostInAnEmptyInboxIsCopied: nothing was there before.
func TestAnAnswerLostInAnEmptyInboxIsCopied(t *testing.T) {
	for _, blind := range []bool{false, true} {
		from, to := newStore(t, "old"), newStore(t, "new")
		to.blind = blind
		for i := range 120 {
			from.folders[0].put(from, letterOf(i, 5))
		}
		lost := false
		to.fault = func(op string, after bool, k int) error {
			if op != "stored" || lost || k != 50 {
				return nil
			}
			lost = true
			return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the answer was lost", Unknown: true}
		}
		r := mustRun(t, options(openLedger(t), job(from, to)))
		if !lost || r.Sums[providers.Copied].Items != 120 {
			t.Errorf("blind %v: %v", blind, fmt.Sprint(r.Sums))
		}
		wantSame(t, from, to)
	}
}

// TestWhatAKilledPassPutIsCopied: the next pass finds what it had put, and no record of
// it. Nothing was there before, whether or not the server tells the key that comes next.
func TestWhatAKilledPassPutIsCopied(t *testing.T) {
	for _, c := range []struct{ nextless, blind bool }{{false, false}, {true, false}, {true, true}} {
		from, to := newStore(t, "old", "a"), newStore(t, "new")
		to.nextless, to.blind = c.nextless, c.blind
		for i := range 120 {
			from.folders[i%2].put(from, letterOf(i, 5))
		}
		o := options(openLedger(t), job(from, to))
		for _, at := range []int{17, 5} { // it is killed twice
			abort, kill := context.WithCancel(t.Context())
			o.Abort = abort
			killed := false
			to.fault = func(op string, after bool, k int) error {
				if op != "stored" || k != at && !killed {
					return nil
				}
				killed = true
				kill()
				return &diag.Failure{Class: diag.Cancelled, Op: op, Err: context.Canceled, Unknown: true}
			}
			if r, err := Run(t.Context(), o); err != nil || !killed || !r.Interrupted {
				t.Fatal(err, "it was not killed")
			}
			kill()
		}
		to.fault, o.Abort = nil, nil
		if r := mustRun(t, o); r.Sums[providers.Copied].Items != 120 || r.Sums[providers.Adopted].Items != 0 {
			t.Errorf("%+v: %v", c, r.Sums)
		}
		wantSame(t, from, to)
		if r := mustRun(t, o); len(r.Moved) != 0 {
			t.Errorf("%+v: a third pass moved %v", c, r.Moved)
		}
	}
}

// TestWhatCannotBeLookedForIsUnproven: the answer is lost, and then nobody lets isa look.
// The items end the pass as unproven, with reason and subject; the next pass resolves it.
func TestWhatCannotBeLookedForIsUnproven(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		for _, why := range []diag.Class{diag.Denied, diag.Unavailable, diag.Limited} {
			from, to := newStore(t, "old"), newStore(t, "new")
			const n = 20
			for i := range n {
				from.folders[0].put(from, letterOf(i, 5))
			}
			var lost atomic.Bool
			to.fault = func(op string, after bool, k int) error {
				switch {
				case lost.Load() && op != "stored":
					return &diag.Failure{Class: why, Op: op, Detail: "nobody may look"}
				case op != "stored" || arrived && k != n || !arrived && k != 0:
					return nil
				}
				lost.Store(true)
				return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the answer was lost", Unknown: true}
			}
			clock := newClock()
			o := options(openLedger(t), job(from, to))
			o.Now, o.Sleep = clock.Now, clock.Sleep
			r, err := Run(t.Context(), o)
			if err != nil || !lost.Load() || r.Done() {
				t.Fatal(err, "no answer was lost, or nobody cared")
			}
			if r.Sums[providers.Unproven].Items != n || r.Sums[providers.Copied].Items != 0 {
				t.Errorf("arrived %v, then %s: %v, %v %v", arrived, why, r.Sums, r.Jobs[0].Err, r.Jobs[0].Failures)
			}
			s, err := o.Ledger.Stream(t.Context(), providers.StreamInfo{Name: o.Jobs[0].Name, Origin: from.Name(), Target: to.Name()})
			if err != nil {
				t.Fatal(err)
			}
			told := 0
			err = s.Failures(t.Context(), func(_ providers.FolderRecord, rec providers.Record) error {
				if strings.Contains(rec.Note, "could not be looked for: ") && strings.HasPrefix(rec.Title, "안녕") {
					told++
				}
				return nil
			})
			if told != n || err != nil {
				t.Errorf("%d are listed with reason and subject, %v", told, err)
			}
			to.fault = nil
			if r := mustRun(t, o); r.Sums[providers.Copied].Items != n || r.Sums[providers.Unproven].Items != 0 {
				t.Errorf("arrived %v, then %s, the next pass: %v", arrived, why, r.Sums)
			}
			wantSame(t, from, to)
		}
	}
}

// TestAnInterruptLeavesDoubtsToTheNextPass: giving up is for errors that last.
func TestAnInterruptLeavesDoubtsToTheNextPass(t *testing.T) {
	v := &visit{cursor: cursor{doubt: map[string]doubt{"1": {}}}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx context.Context
		why error
	}{{t.Context(), errStopped}, {t.Context(), errAgain}, {t.Context(), &pause{}}, {t.Context(), book(errors.New("the disk is full"))}, {gone, errors.New("cut off")}} {
		if err := v.giveUp(c.ctx, c.why); err != nil || len(v.doubt) != 1 {
			t.Errorf("%v: %v, %d in doubt", c.why, err, len(v.doubt))
		}
	}
}
