package content

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// full is what a store says that has no room.
type full struct{}

func (full) Error() string { return "NO [OVERQUOTA] mailbox is full" }
func (full) Full() bool    { return true }

// internal is what a server answers that cannot, and does not say why.
type internal struct{}

func (internal) Error() string  { return "NO [SERVERBUG] Internal error occurred" }
func (internal) Answered() bool { return true }

// TestAPassEnds: whatever a server goes on doing, a pass over its account ends after a
// bounded number of tries, with the server's words, and the other accounts are moved.
// Logins and listings work all the time.
func TestAPassEnds(t *testing.T) {
	busy := func(op string) error {
		return &diag.Failure{Class: diag.Limited, Op: op, Detail: "NO [THROTTLED] slow down"}
	}
	for _, c := range []struct {
		name   string
		from   func(op string, after bool, n int) error
		to     func(op string, after bool, n int) error
		breaks bool // the target breaks at each message
		class  diag.Class
		words  string
		most   int // calls of the operation that fails
		op     string
	}{
		{name: "the target throttles", op: "put", class: diag.Limited, words: "slow down", most: 400,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return busy(op)
				}
				return nil
			}},
		{name: "the target throttles and breaks off", op: "put", class: diag.Limited, words: "slow down", most: 400,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return &diag.Failure{Class: diag.Limited, Op: op, Detail: "BYE slow down", Unknown: true}
				}
				return nil
			}},
		{name: "the target names a time, again and again", op: "put", class: diag.Limited, words: "busy", most: 60,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return &diag.Failure{Class: diag.Limited, Op: op, Err: told(10 * time.Minute)}
				}
				return nil
			}},
		{name: "the answers are lost and nothing arrives", op: "put", class: diag.Unavailable, words: "lost", most: 300,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the answer was lost", Unknown: true}
				}
				return nil
			}},
		{name: "the folder is never there", op: "put", class: diag.NotFound, words: "TRYCREATE", most: 60,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return &diag.Failure{Class: diag.NotFound, Op: op, Detail: "NO [TRYCREATE]"}
				}
				return nil
			}},
		// How many tries fit into the patience of a clock that all lanes move on depends on
		// how they take turns.
		{name: "the source throttles", op: "fetch", class: diag.Limited, words: "slow down", most: 5000,
			from: func(op string, after bool, n int) error {
				if op == "fetch" {
					return busy(op)
				}
				return nil
			}},
		{name: "the target breaks at each message", op: "put", class: diag.Unavailable, words: "reset", most: 1000, breaks: true},
		{name: "no room", op: "put", class: diag.Limited, words: "full", most: 8,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return &diag.Failure{Class: diag.Limited, Op: op, Err: full{}}
				}
				return nil
			}},
		{name: "no room, in no words", op: "put", class: diag.Limited, words: "may be out of space", most: 20,
			to: func(op string, after bool, n int) error {
				if op == "put" {
					return &diag.Failure{Class: diag.Unavailable, Op: op, Err: internal{}}
				}
				return nil
			}},
		{name: "no room for folders either", op: "create", class: diag.Limited, words: "may be out of space", most: 20,
			to: func(op string, after bool, n int) error {
				if op == "create" || op == "put" {
					return &diag.Failure{Class: diag.Unavailable, Op: op, Err: internal{}}
				}
				return nil
			}},
		{name: "no room for some of it", op: "put", class: diag.Limited, words: "full", most: 20,
			to: func(op string, after bool, n int) error {
				switch {
				case op == "stored" && n == 7:
					return &diag.Failure{Class: diag.Limited, Op: "put", Err: full{}, Unknown: true}
				case op == "put" && n > 4:
					return &diag.Failure{Class: diag.Limited, Op: op, Err: full{}}
				}
				return nil
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := newStore(t, "old", "a", "b"), newStore(t, "new")
			for i := range 300 {
				from.folders[i%3].put(from, letterOf(i, 5))
			}
			other, otherTo := newStore(t, "other old"), newStore(t, "other new")
			for i := range 50 {
				other.folders[0].put(other, letterOf(i, 5))
			}
			var mu sync.Mutex
			ends := errors.New("this never ends")
			calls := 0
			guard := func(fault func(string, bool, int) error) func(string, bool, int) error {
				return func(op string, after bool, n int) error {
					mu.Lock()
					defer mu.Unlock()
					if op != "scanned" && op != "fetched" {
						calls++
					}
					if calls > 20_000 {
						return &diag.Failure{Class: diag.Denied, Op: op, Err: ends}
					}
					if fault == nil {
						return nil
					}
					return fault(op, after, n)
				}
			}
			from.fault, to.fault = guard(c.from), guard(c.to)
			if c.breaks {
				to.breaks = func([]byte) bool { return true }
			}
			clock := newClock()
			o := options(openLedger(t), job(from, to), job(other, otherTo))
			o.Now, o.Sleep = clock.Now, clock.Sleep
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			j := r.Jobs[0]
			told := j.Err
			if told == nil && len(j.Failures) > 0 { // of each folder
				told = j.Failures[0].Err
			}
			if diag.ClassOf(told) != c.class || !strings.Contains(fmt.Sprint(told), c.words) || errors.Is(told, ends) || r.Done() {
				t.Errorf("it ended with %v", told)
			}
			n := from.calls[c.op]
			if c.op == "put" || c.op == "create" {
				n = to.calls[c.op]
			}
			if n > c.most {
				t.Errorf("%d calls of %s", n, c.op)
			}
			if r.Jobs[1].Err != nil || len(otherTo.folders[0].mails) != 50 {
				t.Errorf("the other account: %v, %d moved", r.Jobs[1].Err, len(otherTo.folders[0].mails))
			}
			if n := total(j.Sums).Items + j.Sums[providers.OnTheWay].Items; n != 300 {
				t.Errorf("the sums are %v", j.Sums)
			}
			if n := j.Sums[providers.Quarantined].Items; n > 0 && c.class != diag.Unavailable {
				t.Errorf("%d items are blamed for what they did not do", n)
			}
			if n := j.Sums[providers.Refused].Items; n > 0 {
				t.Errorf("%d items are refused", n)
			}
			t.Logf("%d calls of %s, %v waited: %v", n, c.op, clock.slept.Round(time.Second), told)

			from.fault, to.fault, to.breaks = nil, nil, nil
			mustRun(t, o)
			wantSame(t, from, to)
		})
	}
}

// TestPatienceIsNewWhenSomethingArrives: a service that throttles after each batch is
// waited for as long as it takes things.
func TestPatienceIsNewWhenSomethingArrives(t *testing.T) {
	for _, at := range []string{"put", "fetch"} {
		from, to := newStore(t, "old"), newStore(t, "new")
		for i := range 1000 {
			from.folders[0].put(from, letterOf(i, 5))
		}
		var n atomic.Int32
		fault := func(op string, after bool, _ int) error {
			if op == at {
				if n.Add(1)%2 == 0 {
					return &diag.Failure{Class: diag.Limited, Op: op, Err: told(90 * time.Minute)}
				}
			}
			return nil
		}
		if at == "fetch" { // the source gives some and breaks off
			fault = func(op string, after bool, _ int) error {
				if op == "fetched" {
					if n.Add(1)%30 == 0 {
						return &diag.Failure{Class: diag.Limited, Op: op, Err: told(90 * time.Minute)}
					}
				}
				return nil
			}
			from.fault = fault
		} else {
			to.fault = fault
		}
		clock := newClock()
		o := options(openLedger(t), job(from, to))
		o.Now, o.Sleep = clock.Now, clock.Sleep
		mustRun(t, o)
		wantSame(t, from, to)
		if clock.slept < 20*time.Hour {
			t.Errorf("%s: only %v waited", at, clock.slept)
		}
	}
}

// TestOneOddMessage: a server that fails at one message in no words that blame it gets
// all others, also where it is the only one or large.
func TestOneOddMessage(t *testing.T) {
	for _, n := range []int{1, 2, 120} {
		for _, size := range []int{5, 3 << 20} {
			from, to := newStore(t, "old", "a"), newStore(t, "new")
			odd := letterOf(0, size)
			from.box("a").put(from, odd)
			for i := 1; i < n; i++ {
				from.box("a").put(from, letterOf(i, 5))
			}
			to.chokes = func(b []byte) bool { return string(b) == string(odd.body) }
			clock := newClock()
			o := options(openLedger(t), job(from, to))
			o.Now, o.Sleep = clock.Now, clock.Sleep
			r := mustRun(t, o)
			if r.Sums[providers.Refused].Items != 1 || r.Sums[providers.Copied].Items != int64(n-1) || !r.Done() {
				t.Errorf("%d messages, the odd one of %d bytes: %v, %v", n, size, r.Sums, r.Jobs[0].Failures)
			}
			to.chokes = nil
			mustRun(t, o)
			wantSame(t, from, to)
		}
	}
}
