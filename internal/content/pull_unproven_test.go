package content

import (
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

// TestWhatMayHaveArrivedIsNotSentAgain: the service has it, or not, and nobody can look.
// It is the same item where the source files it away and where it numbers it anew.
func TestWhatMayHaveArrivedIsNotSentAgain(t *testing.T) {
	file := func(from *store) {
		in, a := from.box("INBOX"), from.box("a")
		for range 7 {
			moved := *in.mails[0]
			in.mails = in.mails[1:]
			a.put(from, moved)
			from.modseq++
			in.mod = from.modseq
		}
	}
	for name, change := range map[string]func(from *store){
		"filed elsewhere": file,
		"numbered anew":   func(from *store) { from.box("INBOX").renumber(from) },
		"both":            func(from *store) { from.box("INBOX").renumber(from); file(from) },
	} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old", "a"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, 60)
			svc.total = func(n int64) int64 { return n + 1 }
			o := options(l, gateway(t, from, svc, sp))
			if r, err := Run(t.Context(), o); err != nil || r.Sums[providers.Unproven].Items != 60 {
				t.Fatal(r, err)
			}
			svc.total = nil
			change(from)
			for _, n := range []int{20, 0} {
				if err := o.Sleep(t.Context(), 24*time.Hour); err != nil {
					t.Fatal(err)
				}
				fill(from, 500, n)
				r, err := Run(t.Context(), o)
				if err != nil || r.Jobs[0].Err != nil || !r.Jobs[0].Balanced {
					t.Fatalf("%v, %+v", err, r.Jobs[0])
				}
				if have := len(svc.box["INBOX"]) + len(svc.box["a"]); have != 80 || r.Sums[providers.Unproven].Items != 60 || r.Sums[providers.Copied].Items != 20 {
					t.Errorf("%d in the mailbox, %v", have, r.Sums)
				}
			}
		})
	}
}

// TestAnAppendLooksForWhatIsUnproven: it is the way out where nobody can tell what the
// service took.
func TestAnAppendLooksForWhatIsUnproven(t *testing.T) {
	for _, route := range []string{"gateway", "server"} {
		t.Run(route, func(t *testing.T) {
			from, to, l := newStore(t, "old", "a"), newStore(t, "new", "a"), openLedger(t)
			fill(from, 0, 60)
			j, svc := serverJob(t, from)
			if route == "gateway" {
				sp := openSpool(t, 0)
				svc.service = newService(t, sp)
				j = gateway(t, from, svc.service, sp)
			}
			svc.total = func(n int64) int64 { return n - 20 }
			if r, err := Run(t.Context(), options(l, j)); err != nil || r.Sums[providers.Unproven].Items != 60 {
				t.Fatal(r, err)
			}
			to.name = "member"
			for i, b := range from.folders {
				for n, m := range b.mails {
					if n%3 != i { // what the service put there
						to.folders[i].put(to, *m)
					}
				}
			}
			k := job(from, to)
			k.Name = j.Name
			r := mustRun(t, options(l, k))
			if have := len(to.folders[0].mails) + len(to.folders[1].mails); have != 60 || r.Sums[providers.Unproven].Items != 0 || total(r.Sums).Items != 60 {
				t.Errorf("%d in the mailbox, %v", have, r.Sums)
			}
		})
	}
}
