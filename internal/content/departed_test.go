package content

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// pass makes one, whatever comes of it.
func pass(t *testing.T, o Options) JobReport {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r.Jobs[0]
}

// thrice fails the first three of some operations: that is not tried again.
func thrice(op string, err error) func(string, bool, int) error {
	failed := 0
	return func(did string, _ bool, _ int) error {
		if did != op || failed == 3 {
			return nil
		}
		failed++
		return err
	}
}

// TestWhatIsNewWaitsForAFolderThatCannotBeListed: while nothing tells what was filed from
// a folder, nothing new is put anywhere; the next pass knows.
func TestWhatIsNewWaitsForAFolderThatCannotBeListed(t *testing.T) {
	for _, c := range []struct {
		name    string
		to      string
		anew    bool // the folder is numbered anew too
		leftOut bool // it is not moved any more: nobody waits for it
	}{
		{"into a folder passed over before", "b", false, false},
		{"into a folder that is new", "d", false, false},
		{"numbered anew", "b", true, false},
		{"left out", "b", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to, o := filedWorld(t, 30)
			if from.box(c.to) == nil {
				from.add(c.to, "")
			}
			file(from, "INBOX", c.to, keysOf(from, "INBOX")[:4]...)
			if c.anew {
				from.box("INBOX").renumber(from)
			}
			if c.leftOut {
				mapped := o.Jobs[0].Map
				o.Jobs[0].Map = func(folders []providers.Folder) []Mapping {
					out := mapped(folders)
					for i := range out {
						if out[i].Folder.Use == providers.UseInbox {
							out[i].Excluded = "rule"
						}
					}
					return out
				}
			}
			from.fault = thrice("scan", &diag.Failure{Class: diag.Invalid, Op: "scan", Detail: "NO try later"})
			puts := to.calls["put"]
			j := pass(t, o)
			if c.leftOut {
				if to.calls["put"] == puts {
					t.Error("what is new waits for a folder that is left out")
				}
				return
			}
			if to.calls["put"] != puts || j.Complete || len(j.Failures) != 1 || len(j.Notes) != 1 || j.Sums[providers.OnTheWay].Items == 0 {
				t.Errorf("%d puts, complete %v, %v, %v, %v", to.calls["put"]-puts, j.Complete, j.Failures, j.Notes, j.Sums)
			}
			if j = pass(t, o); j.Brought != 4 || to.calls["put"] != puts || !j.Complete {
				t.Errorf("brought %d, %d puts, %+v", j.Brought, to.calls["put"]-puts, j)
			}
			wantSame(t, from, to)
		})
	}
}

// TestANewMessageIsNotTheExpungedOne: of messages that look alike, without a Message-ID or
// sent again with the same one, those that are still there are known after their folder
// was numbered anew, and a new one is put.
func TestANewMessageIsNotTheExpungedOne(t *testing.T) {
	scan := func(id string, n int) letter {
		return letter{date: time.Unix(1_700_000_000+int64(n), 0), body: fmt.Appendf(nil, "%sFrom: scanner@acme.example\r\nSubject: scan\r\n\r\npage %d", id, n)}
	}
	for name, id := range map[string]string{"no Message-ID": "", "one Message-ID": "Message-ID: <scan@acme.example>\r\n"} {
		t.Run(name, func(t *testing.T) {
			from, to := newStore(t, "old"), newStore(t, "new")
			in := from.box("INBOX")
			for n := range 3 {
				in.put(from, scan(id, n))
			}
			o := options(openLedger(t), job(from, to))
			mustRun(t, o)
			gone := *in.mails[0]
			in.mails = in.mails[1:]
			in.put(from, scan(id, 7))
			in.renumber(from)
			j := mustRun(t, o).Jobs[0]
			if j.Moved[providers.Copied].Items != 1 || j.Reclaimed+j.Followed != 2 {
				t.Errorf("moved %v, reclaimed %d, followed %d", j.Moved, j.Reclaimed, j.Followed)
			}
			in.put(from, gone) // what was expunged is at the target still
			bodies := map[string]bool{}
			for _, l := range to.box("INBOX").mails {
				bodies[string(l.body)] = true
			}
			for _, l := range in.mails {
				if !bodies[string(l.body)] {
					t.Errorf("%q is not at the target", l.body)
				}
			}
		})
	}
}

// TestToTheTrashAndBack: a message of a store that names them, which is for a while in a
// folder that is left out, is not put again.
func TestToTheTrashAndBack(t *testing.T) {
	from, to := newStore(t, "old", "work", "bin"), newStore(t, "new")
	from.gmail = true
	from.add("All Mail", providers.UseAll)
	for i := range 6 {
		from.box("work").put(from, letterOf(i, 10))
	}
	j := job(from, to)
	mapped := j.Map
	j.Map = func(folders []providers.Folder) []Mapping {
		out := mapped(folders)
		for i := range out {
			if out[i].Folder.Path[0] == "bin" {
				out[i].Excluded = "the trash"
			}
		}
		return out
	}
	o := options(openLedger(t), j)
	mustRun(t, o)
	puts := to.calls["put"]
	file(from, "work", "bin", keysOf(from, "work")[:2]...)
	mustRun(t, o)
	file(from, "bin", "work", keysOf(from, "bin")...)
	r := mustRun(t, o)
	if to.calls["put"] != puts || r.Jobs[0].Followed != 2 {
		t.Errorf("%d puts, followed %d, sums %v", to.calls["put"]-puts, r.Jobs[0].Followed, r.Sums)
	}
}

// TestMovesEndWithThePass: a pass that is stopped begins no move, and the next one goes on.
func TestMovesEndWithThePass(t *testing.T) {
	from, to, o := filedWorld(t, 90)
	for _, path := range []string{"INBOX", "a", "b"} {
		file(from, path, "c", keysOf(from, path)[:5]...)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	to.fault = func(op string, _ bool, _ int) error {
		if op == "move" {
			stop()
		}
		return nil
	}
	r, err := Run(ctx, o)
	if err != nil || !r.Interrupted || to.calls["move"] != 1 || r.Brought != 5 {
		t.Errorf("%d moves, %d brought, interrupted %v, %v", to.calls["move"], r.Brought, r.Interrupted, err)
	}
	if j := pass(t, o); j.Brought != 10 || !j.Complete {
		t.Errorf("brought %d, %+v", j.Brought, j)
	}
	wantSame(t, from, to)
}

// TestMovesKeepThePace: what is moved at the target counts as messages do.
func TestMovesKeepThePace(t *testing.T) {
	from, _, o := filedWorld(t, 90)
	file(from, "INBOX", "b", keysOf(from, "INBOX")[:20]...)
	o.Limits = map[string]Limits{"new": {MessagesPerSecond: 2}}
	var waited time.Duration
	o.Sleep = func(_ context.Context, d time.Duration) error { waited += d; return nil }
	if j := pass(t, o); j.Brought != 20 || waited == 0 {
		t.Errorf("brought %d, waited %v", j.Brought, waited)
	}
}

// manyStrays is a ledger of a folder that has nothing but strays.
type manyStrays struct {
	providers.FolderLedger
	n int
}

func (m manyStrays) Strays(_ context.Context, _ []string, yield func(providers.Stray) error) error {
	for i := range m.n {
		in := providers.Folder{ID: fmt.Sprint(i % 7), Epoch: fmt.Sprint(i % 2)}
		if err := yield(providers.Stray{Record: providers.Record{Key: keyFor(int64(i))}, In: in, Key: keyFor(int64(i))}); err != nil {
			return err
		}
	}
	return nil
}

// TestStraysComeInPages: whatever their number, few are held at once, and what is handed on
// together is in one folder in one epoch.
func TestStraysComeInPages(t *testing.T) {
	const n = 30_000
	v := &visit{led: manyStrays{n: n}}
	asked, handed, most := 0, 0, 0
	err := v.strays(t.Context(), func(providers.Stray) bool {
		most = max(most, asked-handed)
		asked++
		return true
	}, func(some []providers.Stray) error {
		handed += len(some)
		for _, s := range some {
			if s.In.ID != some[0].In.ID || s.In.Epoch != some[0].In.Epoch {
				t.Fatalf("%+v comes with %+v", s.In, some[0].In)
			}
		}
		return nil
	})
	if err != nil || handed != n || most > window {
		t.Errorf("%d of %d, %d at once, %v", handed, n, most, err)
	}
}

// TestWhatComesMeanwhileCountsOnce: items that came after the folder was listed are no
// reason to overlook that some are not shown, though a broken connection shows them twice.
func TestWhatComesMeanwhileCountsOnce(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	in := from.box("INBOX")
	for i := range 10 {
		in.put(from, letterOf(i, 10))
	}
	from.hides = 2
	came, broke := false, false
	from.fault = func(op string, _ bool, n int) error {
		from.mu.Lock()
		defer from.mu.Unlock()
		switch {
		case op == "scan" && !came:
			came = true
			for i := range 3 {
				in.put(from, letterOf(100+i, 10))
			}
		case op == "scanned" && n == 11 && !broke: // the third of those that came
			broke = true
			return down("scan")
		}
		return nil
	}
	j := pass(t, options(openLedger(t), job(from, to)))
	if len(j.Failures) != 1 || diag.ClassOf(j.Failures[0].Err) != diag.Conflict || !broke {
		t.Errorf("complete %v, %v, %v", j.Complete, j.Failures, j.Sums)
	}
}
