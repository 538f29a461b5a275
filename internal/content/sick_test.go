package content

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// odd is a source some of whose answers are wrong.
type odd struct {
	*store
	sick   string     // the folder whose scans fail at their end,
	class  diag.Class // like this
	omits  []string   // keys that a FETCH leaves out
	oddly  int        // as often; negative: always
	silent bool       // a scan leaves them out too
}

func (o *odd) Open(ctx context.Context) (providers.Reader, error) {
	c, err := o.login(ctx, false)
	return &oddConn{c, o}, err
}

type oddConn struct {
	*conn
	o *odd
}

func (c *oddConn) Scan(ctx context.Context, f providers.Folder, w providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	now, err := c.conn.Scan(ctx, f, w, func(it providers.Item) error {
		if c.o.silent && slices.Contains(c.o.omits, it.Key) {
			return nil
		}
		return yield(it)
	})
	if err == nil && c.o.sick != "" && strings.Join(f.Path, "/") == c.o.sick {
		err = &diag.Failure{Class: c.o.class, Op: "read folder", Detail: "the server tells of fewer than there are"}
	}
	return now, err
}

func (c *oddConn) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	send := slices.DeleteFunc(slices.Clone(items), func(it providers.Item) bool {
		return c.o.oddly != 0 && slices.Contains(c.o.omits, it.Key)
	})
	if len(send) < len(items) {
		c.o.oddly--
	}
	return c.conn.Fetch(ctx, f, send, yield)
}

func TestASickFolderIsItsOwnTrouble(t *testing.T) {
	for _, class := range []diag.Class{diag.Unavailable, diag.Denied, diag.Invalid} {
		from, to := newStore(t, "old", "a", "b", "c", "d", "e", "f"), newStore(t, "new")
		for i := range 70 {
			from.folders[i%7].put(from, letterOf(i, 5))
		}
		j := job(from, to)
		j.Origin = &odd{store: from, sick: "a", class: class}
		o := options(openLedger(t), j)
		for range 2 {
			r, err := Run(t.Context(), o)
			if err != nil || r.Jobs[0].Err != nil || len(r.Jobs[0].Failures) != 1 || r.Done() {
				t.Errorf("%v: %v, %v, failures %v", class, err, r.Jobs[0].Err, r.Jobs[0].Failures)
			}
		}
		n := 0
		for _, b := range to.folders {
			n += len(b.mails)
		}
		if n != 70 {
			t.Errorf("%v: %d of 70 were moved", class, n)
		}
	}
}

func TestWhatIsListedIsNotGone(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	for i := range 5 {
		from.folders[0].put(from, letterOf(i, 5))
	}
	j := job(from, to)
	src := &odd{store: from, omits: []string{keyFor(2), keyFor(4)}, oddly: 1}
	j.Origin = src
	o := options(openLedger(t), j)
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 5 {
		t.Errorf("left out once: %v", r.Sums)
	}
	for i := range 5 {
		from.folders[0].put(from, letterOf(10+i, 5))
	}
	src.omits, src.oddly = []string{keyFor(7), keyFor(9)}, -1
	if r := mustRun(t, o); r.Sums[providers.Quarantined].Items != 2 || r.Sums[providers.Gone].Items != 0 {
		t.Errorf("left out always: %v", r.Sums)
	}
	src.silent = true // it hides them as well, and shows them again later
	if r, err := Run(t.Context(), o); err != nil || r.Sums[providers.Gone].Items != 2 || len(r.Jobs[0].Failures) != 1 {
		t.Errorf("not listed any more, though counted: %v, %v, %v", r.Sums, r.Jobs[0].Failures, err)
	}
	src.silent, src.oddly = false, 0
	from.folders[0].put(from, letterOf(20, 5))
	mustRun(t, o)
	wantSame(t, from, to)
}

func TestWhatWasGoneIsOpenWhenItIsListedAgain(t *testing.T) {
	from, to := newStore(t, "old", "a"), newStore(t, "new")
	bad := letterOf(1, 5)
	from.folders[0].put(from, letterOf(0, 5))
	from.box("a").put(from, bad)
	from.box("a").put(from, letterOf(2, 5))
	to.refuses = func(b []byte) bool { return string(b) == string(bad.body) }
	o := options(openLedger(t), job(from, to))
	mustRun(t, o)
	all := from.folders
	from.folders = from.folders[:1]
	if r, err := Survey(t.Context(), o); err != nil || r.Sums[providers.Gone].Items != 0 {
		t.Errorf("a survey: %v, %v", r.Sums, err)
	}
	if r := mustRun(t, o); r.Sums[providers.Gone].Items != 1 {
		t.Errorf("a folder vanished: %v", r.Sums)
	}
	from.folders, to.refuses = all, nil
	if r := mustRun(t, o); r.Sums[providers.Gone].Items != 0 || r.Sums[providers.Copied].Items != 3 {
		t.Errorf("it is back: %v", r.Sums)
	}
	wantSame(t, from, to)
}

func TestALiveMailboxGetsWhatFailed(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	early, late := letterOf(1, 5), letterOf(2, 5)
	from.folders[0].put(from, letterOf(0, 5))
	from.folders[0].put(from, early)
	no := true
	to.refuses = func(b []byte) bool { return no && (string(b) == string(early.body) || string(b) == string(late.body)) }
	c := newClock()
	for _, phase := range []Phase{Presync, Cutover} { // live after passes alone, or after a cutover
		o := options(openLedger(t), job(from, to))
		o.Now, o.Sleep, o.Patience.Tries = c.Now, c.Sleep, 1
		o.Jobs[0].Phase = phase
		no = true
		mustRun(t, o)
		o.Jobs[0].Phase = Live
		late = letterOf(2+int(c.Now().Unix()), 5)
		late.date = c.Now()
		from.folders[0].put(from, late)
		for range 3 { // it stays open, however long
			if err := c.Sleep(t.Context(), 24*time.Hour); err != nil {
				t.Fatal(err)
			}
			r, err := Run(t.Context(), o)
			if err != nil || r.Done() || r.Late != 1 {
				t.Errorf("%s: done %v, late %d, %v, %v", phase, r.Done(), r.Late, r.Sums, err)
			}
		}
		no = false
		if r := mustRun(t, o); !r.Done() || r.Late != 0 || r.Moved[providers.Copied].Items != 1 || r.Sums[providers.Refused].Items != 1 {
			t.Errorf("%s: moved %v, all %v, late %d", phase, r.Moved, r.Sums, r.Late)
		}
		early = letterOf(5000, 5)
		from.folders[0].put(from, early)
	}
}

func TestAllThatFailedIsTriedAgain(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	const n = window + 100
	for i := range n {
		from.folders[0].put(from, letterOf(i, 5))
	}
	no := true
	to.refuses = func([]byte) bool { return no }
	o := options(openLedger(t), job(from, to))
	mustRun(t, o)
	no = false
	if r := mustRun(t, o); r.Moved[providers.Copied].Items != n || r.Sums[providers.Refused].Items != 0 {
		t.Errorf("moved %v, all %v", r.Moved, r.Sums)
	}
}

func TestDualDeliveryKeepsWhatWasSent(t *testing.T) {
	since := time.Unix(1_700_000_000, 0)
	it := providers.Item{Date: since.Add(time.Hour)}
	for _, sent := range []bool{false, true} {
		outcome, _ := Rules{DualSince: since}.apply(Mapping{Sent: sent}, it)
		if (outcome == providers.Excluded) == sent {
			t.Errorf("sent %v: %q", sent, outcome)
		}
	}
}
