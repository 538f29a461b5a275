package content

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// TestVerifyMissesAWipedMailbox: folders that are there, numbered anew and empty, prove
// nothing of what was put there.
func TestVerifyMissesAWipedMailbox(t *testing.T) {
	_, to, o := moved(t, false, Live)
	for _, b := range to.folders {
		b.mails = nil
		b.renumber(to)
		b.next = 1
	}
	if j := verified(t, o); j.Same() || j.Missing != 82 || j.Removed != 0 {
		t.Errorf("%+v", j.Compared)
	}
}

// TestVerifyOfWhatWasFiled: what was filed elsewhere at the source, and stays where it
// was put, has arrived there; what people do with it is no fault.
func TestVerifyOfWhatWasFiled(t *testing.T) {
	for _, slice := range []int{0, 1} {
		t.Run(fmt.Sprint("slice ", slice), func(t *testing.T) {
			from, to, o := filedWorld(t, 30)
			o.Jobs[0].Phase = Live
			file(from, "INBOX", "b", keysOf(from, "INBOX")[:4]...)
			file(from, "c", "INBOX", keysOf(from, "c")...)
			from.box("INBOX").put(from, func() letter { // so that a pass looks for what left
				l := letterOf(700, 10)
				l.date = o.Now().Add(24 * time.Hour)
				return l
			}())
			mustRun(t, o)
			n := int64(0)
			for _, b := range to.folders {
				n += int64(len(b.mails))
			}
			o.Slice.Items = slice
			want := Compared{Source: providers.Sum{Items: n}, Arrived: providers.Sum{Items: n}}
			check := func(when string) []Stray {
				t.Helper()
				j := verified(t, o)
				if j.Bodies != j.Arrived.Items+j.Elsewhere {
					t.Errorf("%s: bytes of %d compared, of %d that are there", when, j.Bodies, j.Arrived.Items+j.Elsewhere)
				}
				j.Bodies = 0
				if j.Compared != want || !j.Same() {
					t.Errorf("%s: %+v, want %+v", when, j.Compared, want)
				}
				return j.Strays
			}
			if strays := check("nobody did anything"); len(strays) > 0 {
				t.Errorf("strays: %+v", strays)
			}

			to.add("mine", "")
			file(to, "INBOX", "mine", keysOf(to, "INBOX")[0])
			in := to.box("INBOX")
			in.mails = in.mails[1:]
			want.Arrived.Items, want.Elsewhere, want.Removed = n-2, 1, 1
			for _, s := range check("people filed and removed") {
				if strings.Join(s.Folder, "/") != "b" || strings.Join(s.Delivered, "/") != "INBOX" || s.Fate == Elsewhere && strings.Join(s.Found, "/") != "mine" {
					t.Errorf("stray: %+v", s)
				}
			}

			was := in.mails[0].body
			in.mails[0].body = append(slices.Clone(was[:len(was)-1]), '!')
			if j := verified(t, o); j.Bytes != 1 || j.Same() {
				t.Errorf("another last byte: %+v", j.Compared)
			}
			in.mails[0].body = was

			o.Jobs[0].Phase = Presync // where people do not work, what is nowhere is missing
			if j := verified(t, o); j.Missing != 1 || j.Removed != 0 || j.Elsewhere != 1 || j.Same() {
				t.Errorf("presync: %+v", j.Compared)
			}
		})
	}
}

// TestVerifyWhileMailIsRemoved: what is removed between the listing and the reading is
// not there, and no other bytes.
func TestVerifyWhileMailIsRemoved(t *testing.T) {
	for _, phase := range []Phase{Presync, Live} {
		_, to, o := moved(t, false, phase)
		done := false
		to.fault = func(op string, after bool, n int) error {
			to.mu.Lock()
			defer to.mu.Unlock()
			if b := to.box("a"); op == "fetch" && !done {
				done = true
				b.mails = slices.Delete(b.mails, 2, 3)
				in := to.box("INBOX")
				in.mails = slices.Delete(in.mails, 2, 3)
			}
			return nil
		}
		j := verified(t, o)
		if j.Bytes != 0 || j.Arrived.Items != 80 || j.Missing+j.Removed != 2 || j.Same() != (phase == Live) || j.Extra != 0 {
			t.Errorf("%s: %+v", phase, j.Compared)
		}
	}
}

// TestPatienceIsNewForEachFolder: a service that asks for a long wait at each folder is
// waited for by a survey and a comparison too.
func TestPatienceIsNewForEachFolder(t *testing.T) {
	var paths []string
	for i := range 40 {
		paths = append(paths, fmt.Sprintf("f%02d", i))
	}
	from, to := newStore(t, "old", paths...), newStore(t, "new")
	for i, b := range from.folders {
		b.put(from, letterOf(i, 5))
	}
	clock := newClock()
	j := job(from, to)
	j.Rules.MaxSize = 1 << 20 // so that a survey looks into folders
	o := options(openLedger(t), j)
	o.Now, o.Sleep = clock.Now, clock.Sleep
	mustRun(t, o)
	n := 0
	throttle := func(op string, after bool, _ int) error {
		if op == "scan" {
			if n++; n%2 == 1 {
				return &diag.Failure{Class: diag.Limited, Op: op, Err: told(90 * time.Minute)}
			}
		}
		return nil
	}
	from.fault = throttle
	if r, err := Survey(t.Context(), o); err != nil || r.Jobs[0].Err != nil {
		t.Errorf("survey: %v, %v", err, r.Jobs[0].Err)
	}
	if j := verified(t, o); j.Arrived.Items != 41 {
		t.Errorf("source: %+v", j.Compared)
	}
	from.fault, to.fault = nil, throttle
	if j := verified(t, o); j.Arrived.Items != 41 {
		t.Errorf("target: %+v", j.Compared)
	}
}
