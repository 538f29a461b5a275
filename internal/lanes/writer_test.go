package lanes

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestLateArrivalsKeepTheirDistance sends calls of which some stand still on their
// way: the service must not see the next too early, and the run not become much
// longer.
func TestLateArrivalsKeepTheirDistance(t *testing.T) {
	const n = 300
	for _, c := range []struct {
		name           string
		gap            time.Duration
		there, service time.Duration // at most; half of it at least
		stall          time.Duration // of every sixtieth
		most           float64       // of n gaps
	}{
		{"loopback under load, speed 4", 250 * time.Millisecond, 2 * time.Millisecond, 4 * time.Millisecond, 40 * time.Millisecond, 1.12},
		{"loopback", time.Second, 2 * time.Millisecond, 4 * time.Millisecond, 80 * time.Millisecond, 1.03},
		{"network", time.Second, 30 * time.Millisecond, 200 * time.Millisecond, 600 * time.Millisecond, 1.05},
		{"slow service", time.Second, 30 * time.Millisecond, 900 * time.Millisecond, 3 * time.Second, 1.15},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(3, 4))
				set := New(Budget{PerMinute: 1 << 20, WriterGap: c.gap})
				start, last := time.Now(), time.Time{}
				for i := range n {
					ticket, err := set.Acquire(t.Context(), Call{Op: "orgunit-create", Writer: "orgunits 1"})
					if err != nil {
						t.Fatal(err)
					}
					sent := time.Now()
					time.Sleep(c.there/2 + jitter(r, c.there/2))
					if i%60 == 59 {
						time.Sleep(c.stall)
					}
					if gap := time.Since(last); i > 0 && gap < c.gap {
						t.Errorf("call %d arrived %v after the last, %v are needed", i, gap, c.gap)
					}
					last = time.Now()
					time.Sleep(c.service/2 + jitter(r, c.service/2))
					time.Sleep(c.there/2 + jitter(r, c.there/2))
					ticket.Done(Report{Sent: sent})
				}
				took := time.Since(start).Seconds() / (n * c.gap.Seconds())
				t.Logf("%d calls took %.3f × their gaps", n, took)
				if took > c.most {
					t.Errorf("%d calls took %.3f × their gaps, at most %.2f is right", n, took, c.most)
				}
			})
		})
	}
}

// An answer that never comes holds the next call back once, not for good.
func TestALostAnswerIsForgotten(t *testing.T) {
	var seen trips
	for range 20 {
		seen.late(100 * time.Millisecond)
	}
	if late := seen.late(time.Minute); late != time.Minute-100*time.Millisecond {
		t.Errorf("after the lost one: %v", late)
	}
	for i := range 20 {
		if late := seen.late(100 * time.Millisecond); late != 0 {
			t.Fatalf("the %dth after it: %v", i+1, late)
		}
	}
}

// A way that has become longer is soon the usual one.
func TestTripsFollowTheWay(t *testing.T) {
	var seen trips
	for range 20 {
		seen.late(20 * time.Millisecond)
	}
	held := 0
	for range 100 {
		if seen.late(200*time.Millisecond) > writerMargin {
			held++
		}
	}
	if held == 0 || held > 40 {
		t.Errorf("%d of 100 longer trips held the next call back", held)
	}
}
