package content

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// isPoison marks messages that the service does not take.
func isPoison(body []byte) bool { return bytes.Contains(body, []byte("POISON")) }

func poison(s *store, where string, n int) {
	l := letterOf(n, 50)
	l.body = append(l.body, "POISON"...)
	s.box(where).put(s, l)
}

func TestPoisonIsFound(t *testing.T) {
	for _, c := range []struct {
		name         string
		messages     int
		reversed     bool
		every        func(s *service)
		runs, bodies int
	}{
		{name: "the last one that was begun", messages: 5000 / raceFactor, runs: 3, bodies: 1},
		{name: "two of them", messages: 300, runs: 16, bodies: 2},
		{name: "it stops somewhere else", messages: 1000 / raceFactor, runs: 16, bodies: 1, every: func(s *service) {
			// Everything is read before the service says no.
			s.poison = nil
			s.total = nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, sp := newStore(t, "old", "a"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, c.messages/2)
			for i := range c.bodies {
				poison(from, "a", 90_000+i)
				fill(from, 10_000*(i+1), c.messages/2/c.bodies)
			}
			svc.poison = isPoison
			o := options(l, gateway(t, from, svc, sp))
			o.Jobs[0].Pull.Rule = BatchRule{Items: 10_000, Interval: -1}
			if c.every != nil {
				o.Jobs[0].Pull.Puller = &late{service: svc}
			}
			r := mustRun(t, o)
			if r.Sums[providers.Quarantined].Items != int64(c.bodies) || r.Sums[providers.Copied].Items+r.Sums[providers.Quarantined].Items != total(r.Sums).Items || r.Jobs[0].Runs > c.runs {
				t.Errorf("%v in %d runs: %v", r.Sums, r.Jobs[0].Runs, r.Jobs[0].Notes)
			}
			wantAll(t, from, svc, isPoison)
			emptySpool(t, sp)
			// It is not tried again: each try would be a search.
			before := svc.starts
			if r := mustRun(t, o); svc.starts != before || r.Sums[providers.Quarantined].Items != int64(c.bodies) {
				t.Errorf("%v, %d more starts", r.Sums, svc.starts-before)
			}
		})
	}
}

// late is a service that reads everything, and then gives up because of one message.
type late struct {
	*service
	bad bool
}

func (s *late) Run(ctx context.Context) (providers.PullRun, error) {
	s.mu.Lock()
	s.poison = nil
	before := map[string][]string{}
	for k, v := range s.box {
		before[k] = slices.Clone(v)
	}
	s.mu.Unlock()
	run, err := s.service.Run(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.box {
		for _, m := range list {
			if isPoison([]byte(m)) {
				s.box, s.run, run = before, providers.PullRun{State: providers.PullNone, User: run.User}, providers.PullRun{State: providers.PullNone, User: run.User}
				return run, err
			}
		}
	}
	return run, err
}

func TestATransientRollbackCostsThreeRuns(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 90)
	n := 0
	svc.poison = func([]byte) bool { n++; return n == 40 }
	r := mustRun(t, options(l, gateway(t, from, svc, sp)))
	if r.Jobs[0].Runs != 3 || r.Sums[providers.Copied].Items != 90 {
		t.Errorf("%v in %d runs", r.Sums, r.Jobs[0].Runs)
	}
	wantAll(t, from, svc, nil)
	emptySpool(t, sp)
}

func TestTooManyPoisonsEnd(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	for i := range 90 {
		poison(from, "INBOX", i)
	}
	svc.poison = isPoison
	o := options(l, gateway(t, from, svc, sp))
	r, err := Run(t.Context(), o)
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || !strings.Contains(r.Jobs[0].Err.Error(), "gave up 16 runs") || svc.starts > 16 {
		t.Errorf("%d starts: %v, %v", svc.starts, r.Jobs[0].Err, err)
	}
	emptySpool(t, sp)
}
