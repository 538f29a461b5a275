package content

import (
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

func TestASurveyCountsWithoutTheTarget(t *testing.T) {
	from, to := newStore(t, "old", "a"), newStore(t, "new")
	empty, gone := newStore(t, "empty"), newStore(t, "gone")
	gone.logins = down("log in")
	bytes := int64(0)
	for i := range 50 {
		l := letterOf(i, 100*i)
		bytes += int64(len(l.body))
		from.folders[i%2].put(from, l)
	}
	jobs := []Job{job(from, to), job(empty, to), job(gone, to)}
	jobs[0].Rules.MaxSize = 4000
	r, err := Survey(t.Context(), options(openLedger(t), jobs...))
	if err != nil {
		t.Fatal(err)
	}
	j := r.Jobs[0]
	if j.Err != nil || !j.Complete || j.Found[providers.OnTheWay].Items+j.Found[providers.TooLarge].Items != 50 ||
		j.Found[providers.OnTheWay].Bytes+j.Found[providers.TooLarge].Bytes != bytes || int64(len(j.Large)) != j.Found[providers.TooLarge].Items || len(j.Large) == 0 {
		t.Errorf("found %v, large %v, %v", j.Found, j.Large, j.Err)
	}
	if j.Sums[providers.OnTheWay].Items != 50 || j.Sums[providers.OnTheWay].Bytes != bytes {
		t.Errorf("the ledger knows %v", j.Sums)
	}
	if diag.ClassOf(r.Jobs[1].Err) != diag.Conflict || diag.ClassOf(r.Jobs[2].Err) != diag.Unavailable || r.Done() {
		t.Errorf("an empty source: %v; an unreachable one: %v", r.Jobs[1].Err, r.Jobs[2].Err)
	}
	if to.opens != 0 {
		t.Error("a survey logged in to the target")
	}
}

func TestVerifyFindsEachKindOfDifference(t *testing.T) {
	for _, blind := range []bool{false, true} {
		from, to := newStore(t, "old", "a", "b"), newStore(t, "new")
		to.blind = blind
		for i := range 90 {
			from.folders[i%3].put(from, letterOf(i, 10+i))
		}
		o := options(openLedger(t), job(from, to))
		mustRun(t, o)
		v, err := Verify(t.Context(), o, Verification{Percent: 100})
		if err != nil || !v.Same() || v.Jobs[0].Source.Items != 90 || v.Jobs[0].Arrived.Items != 90 || v.Jobs[0].Bodies != 90 || len(v.Jobs[0].Folders) != 0 {
			t.Fatalf("blind %v: after a pass: %+v, %v", blind, v, err)
		}
		a := to.box("a")
		a.mails[0].body[len(a.mails[0].body)-1]++            // a byte
		a.mails[1].flags = []string{`\Flagged`}              // flags
		a.mails[2].date = a.mails[2].date.Add(3600e9)        // date
		a.mails[3].body = append(a.mails[3].body, "more"...) // size and bytes
		a.mails = append(a.mails[:4], a.mails[5:]...)        // missing
		a.put(to, letterOf(1000, 5))                         // extra
		from.box("b").put(from, letterOf(1001, 5))           // pending
		if v, err = Verify(t.Context(), o, Verification{Percent: 100}); err != nil || v.Same() {
			t.Fatal("differences are not found", err)
		}
		got := v.Jobs[0].Compared
		want := Compared{Source: providers.Sum{Items: 90}, Arrived: providers.Sum{Items: 89}, Missing: 1, Size: 1, Date: 1, Flags: 1, Bodies: 89, Bytes: 2, Pending: 1, Extra: 1}
		got.Source.Bytes, got.Arrived.Bytes = 0, 0
		if got != want || len(v.Jobs[0].Folders) != 2 {
			t.Errorf("blind %v: found %+v in %d folders, want %+v", blind, got, len(v.Jobs[0].Folders), want)
		}
		some, err := Verify(t.Context(), o, Verification{Percent: 30, Seed: 1})
		if n := some.Jobs[0].Bodies; err != nil || n < 10 || n > 50 {
			t.Errorf("30 %% of 89 are %d, %v", n, err)
		}
	}
}
