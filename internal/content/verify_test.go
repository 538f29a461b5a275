package content

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state/ledger"
)

// moved is a store of which everything was moved into another one, and what it takes
// to compare them by a ledger that can only be read.
func moved(t *testing.T, blind bool, phase Phase) (from, to *store, o Options) {
	t.Helper()
	from, to = newStore(t, "old", "a", "b", "c"), newStore(t, "new")
	to.blind = blind
	for i := range 80 {
		from.folders[i%4].put(from, letterOf(i, 10+i))
	}
	twin := letterOf(500, 7) // true duplicates, in two folders
	from.box("a").put(from, twin)
	from.box("b").put(from, twin)
	path := filepath.Join(t.TempDir(), "isa.state.ledger")
	l, err := ledger.Open(t.Context(), path, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o = options(l, job(from, to))
	mustRun(t, o)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(t.Context(), path, ledger.Options{ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	o.Ledger, o.Jobs[0].Phase = l, phase
	return from, to, o
}

// verified compares both ends and returns the counts, without bytes.
func verified(t *testing.T, o Options) VerifiedJob {
	t.Helper()
	v, err := Verify(t.Context(), o, Verification{Percent: 100})
	if err != nil || v.Jobs[0].Err != nil {
		t.Fatal(err, v.Jobs[0].Err)
	}
	j := v.Jobs[0]
	j.Source.Bytes, j.Arrived.Bytes = 0, 0
	return j
}

// file moves letters of a folder into another, as their owner does: they get new keys.
func (s *store) file(from, to string, n int) {
	a, b := s.box(from), s.box(to)
	if b == nil {
		b = s.add(to, "")
	}
	gone := slices.Clone(a.mails[:n])
	a.mails = a.mails[n:]
	for _, l := range gone {
		b.put(s, *l)
	}
}

// TestVerifyKnowsWhatPeopleDid: in a mailbox in which people work, what they moved or
// removed is no fault; what nothing proves to have arrived is one.
func TestVerifyKnowsWhatPeopleDid(t *testing.T) {
	for _, blind := range []bool{false, true} {
		_, to, o := moved(t, blind, Live)
		if j := verified(t, o); !j.Same() || j.Arrived.Items != 82 || j.Elsewhere+j.Removed+j.Extra != 0 || len(j.Strays) != 0 {
			t.Fatalf("blind %v: before anybody worked: %+v", blind, j)
		}
		to.file("INBOX", "보관", 3) // into a folder of their own
		to.file("a", "b", 2)      // into one that isa knows
		to.file("c", "c", 1)      // out and back again
		a := to.box("a")
		a.mails = a.mails[:len(a.mails)-1] // the first of the twins; the other is not it
		b := to.box("b")
		i := slices.IndexFunc(b.mails, func(l *letter) bool { return string(l.body) == string(letterOf(2, 12).body) })
		b.mails = slices.Delete(b.mails, i, i+1)
		to.box("INBOX").put(to, letterOf(900, 4)) // new mail
		j := verified(t, o)
		want := Compared{Source: providers.Sum{Items: 82}, Arrived: providers.Sum{Items: 75}, Elsewhere: 5, Removed: 2, Bodies: 80, Extra: 3}
		if j.Compared != want || !j.Same() {
			t.Errorf("blind %v: %+v, want %+v", blind, j.Compared, want)
		}
		if !slices.ContainsFunc(j.Strays, func(s Stray) bool {
			return s.Fate == Elsewhere && strings.Join(s.Delivered, "/") == "INBOX" && strings.Join(s.Found, "/") == "보관"
		}) || len(j.Strays) != 7 {
			t.Errorf("blind %v: strays %+v", blind, j.Strays)
		}

		// The same is a fault where nobody but isa works.
		o.Jobs[0].Phase = Presync
		if j := verified(t, o); j.Same() || j.Missing != 8 && !blind || j.Elsewhere+j.Removed != 0 {
			t.Errorf("blind %v: presync: %+v", blind, j.Compared)
		}
	}
}

// TestVerifyAfterFoldersWereRenamed: folders that their owner renamed or deleted, and
// one that was made again.
func TestVerifyAfterFoldersWereRenamed(t *testing.T) {
	_, to, o := moved(t, false, Live)
	to.rename(to.box("a"), "프로젝트")
	b := to.box("b")
	to.folders = slices.DeleteFunc(to.folders, func(x *box) bool { return x == b })
	c := to.box("c") // deleted, and made again with one of its letters
	to.epoch++
	c.epoch, c.next, c.mails = to.epoch, 1, c.mails[:1]
	c.mails[0].uid = 1
	c.next = 2
	j := verified(t, o)
	want := Compared{Source: providers.Sum{Items: 82}, Arrived: providers.Sum{Items: 21}, Elsewhere: 21, Removed: 21, Missing: 19, Bodies: 42}
	if j.Compared != want || j.Same() { // what was in c may never have been there
		t.Errorf("%+v, want %+v", j.Compared, want)
	}
	o.Jobs[0].Phase = Presync
	want = Compared{Source: providers.Sum{Items: 82}, Arrived: providers.Sum{Items: 21}, Missing: 61, Bodies: 21}
	if j := verified(t, o); j.Compared != want || j.Same() {
		t.Errorf("a folder that was numbered anew: %+v, want %+v", j.Compared, want)
	}
}

// TestVerifyMissesWhatWasNeverThere: a target that was put back to an earlier day has
// never given the keys that are recorded.
func TestVerifyMissesWhatWasNeverThere(t *testing.T) {
	_, to, o := moved(t, false, Live)
	a := to.box("a")
	a.mails = a.mails[:5]
	a.next = a.mails[4].uid + 1
	if j := verified(t, o); j.Same() || j.Missing != 16 || j.Removed != 0 {
		t.Errorf("%+v", j.Compared)
	}
}

// TestVerifyOfASourceThatWentOn: what came since the last pass is pending, in new folders
// and in those that were numbered anew too.
func TestVerifyOfASourceThatWentOn(t *testing.T) {
	from, _, o := moved(t, false, Presync)
	from.add("new", "").put(from, letterOf(600, 4))
	a := from.box("a")
	from.epoch++
	a.epoch = from.epoch
	j := verified(t, o)
	if j.Pending != 22 || j.Missing+j.Size+j.Bytes != 0 || j.Source.Items != 61 {
		t.Errorf("%+v", j.Compared)
	}
}

// TestVerifyLooksInPieces: turns that end early, since others wait, change nothing of what
// is found.
func TestVerifyLooksInPieces(t *testing.T) {
	from, to := newStore(t, "old", "a", "b"), newStore(t, "new")
	second, third := newStore(t, "old2", "a", "b"), newStore(t, "new2")
	for i := range 60 {
		from.folders[i%3].put(from, letterOf(i, 20))
		second.folders[i%3].put(second, letterOf(i, 20))
	}
	o := options(openLedger(t), job(from, to), job(second, third))
	mustRun(t, o)
	to.file("INBOX", "보관", 9)
	to.file("a", "b", 2)
	a := to.box("b")
	a.mails = a.mails[1:]
	o.Jobs[0].Phase, o.Jobs[1].Phase = Live, Live
	want := verified(t, o)
	o.Slice.Items, o.Parallel = 1, 1
	logins := to.opens
	got := verified(t, o)
	if got.Compared != want.Compared || got.Elsewhere != 11 || got.Removed != 1 || len(got.Strays) != 12 {
		t.Errorf("in pieces %+v, want %+v", got.Compared, want.Compared)
	}
	if to.opens-logins < 2 {
		t.Error("it was no more than one turn")
	}
}
