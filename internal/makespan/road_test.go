package makespan

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// road is a way to the service that takes a different time for each request: 10 to
// 25 ms there and 20 to 120 back, and every hundredth stands still for half a second
// before it arrives.
type road struct {
	next http.RoundTripper

	mu   sync.Mutex
	r    *rand.Rand
	sent int
}

func newRoad(next http.RoundTripper) http.RoundTripper {
	return &road{next: next, r: rand.New(rand.NewPCG(1, 2))}
}

func (w *road) RoundTrip(r *http.Request) (*http.Response, error) {
	there, back := w.times()
	time.Sleep(there)
	res, err := w.next.RoundTrip(r)
	time.Sleep(back)
	return res, err
}

func (w *road) times() (there, back time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	there = time.Duration(10+w.r.IntN(15)) * time.Millisecond
	back = time.Duration(20+w.r.IntN(100)) * time.Millisecond
	if w.sent++; w.sent%100 == 0 {
		there += time.Duration(400+w.r.IntN(200)) * time.Millisecond
	}
	return there, back
}
