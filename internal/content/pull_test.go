package content

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// service fetches offers into a mailbox, as the service does: all of an offer or
// nothing, and everything a second time when it is asked a second time.
type service struct {
	t      *testing.T
	offers imapgate.Offers

	mu     sync.Mutex
	box    map[string][]string // messages by folder
	run    providers.PullRun
	offer  imapgate.Offer
	starts int
	items  []int64 // of each run that arrived
	looked int

	poison   func(body []byte) bool // the run is given up at such a message
	skips    func(body []byte) bool // listed and not read, but counted
	lost     func(n int) bool       // the answer to the nth start is lost
	ignores  func(n int) bool       // the nth start is never carried out, and its answer lost
	reversed bool                   // reads in another order
	hangs    bool
	total    func(n int64) int64
	at       func(step string) // is told where it is
}

func newService(t *testing.T, s *spool.Spool) *service {
	return &service{t: t, offers: s.Offers(), box: map[string][]string{}, run: providers.PullRun{State: providers.PullNone}}
}

func (s *service) Name() string { return "mem://member" }
func (s *service) Host() string { return "service" }

func (s *service) step(name string) {
	if s.at != nil {
		s.at(name)
	}
}

func lostAnswer() error {
	return &diag.Failure{Class: diag.Unavailable, Op: "start", Detail: "time-out", Unknown: true}
}

func (s *service) Start(_ context.Context, from providers.Pickup) error {
	s.step("start")
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.starts
	s.starts++
	if s.ignores != nil && s.ignores(n) {
		return lostAnswer()
	}
	if s.run.State != providers.PullNone && s.run.User == from.User {
		return nil
	}
	if s.run.State == providers.PullRunning {
		return &diag.Failure{Class: diag.Conflict, Op: "start", Detail: s.run.User + " is being fetched"}
	}
	offer, err := s.offers.Open(from.User, from.Password)
	if err != nil {
		return &diag.Failure{Class: diag.Invalid, Op: "start", Err: err}
	}
	s.offer, s.looked = offer, 0
	s.run = providers.PullRun{State: providers.PullRunning, User: from.User}
	if s.lost != nil && s.lost(n) {
		return lostAnswer()
	}
	return nil
}

func (s *service) Run(context.Context) (providers.PullRun, error) {
	s.mu.Lock()
	if s.run.State == providers.PullRunning && !s.hangs {
		if s.looked++; s.looked > 1 {
			s.fetch()
		}
	}
	run := s.run
	s.mu.Unlock()
	s.step("run " + string(run.State))
	return run, nil
}

func (s *service) Forget(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = providers.PullRun{State: providers.PullNone}
	return nil
}

// fetch reads the whole offer.
func (s *service) fetch() {
	defer func() {
		if err := s.offer.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	got := map[string][]string{}
	total := int64(0)
	for f, folder := range s.offer.Folders() {
		order := make([]int, len(s.offer.Messages(f)))
		for n := range order {
			order[n] = n
		}
		if s.reversed {
			slices.Reverse(order)
		}
		for _, n := range order {
			total++
			body, ok := s.read(f, n)
			if !ok {
				s.run.State = providers.PullNone
				return
			}
			if body != nil {
				name := strings.Join(folder.Path, "/")
				m := s.offer.Messages(f)[n]
				got[name] = append(got[name], fmt.Sprintf("%s|%d|%v", body, m.Date.Unix(), m.Flags))
			}
		}
	}
	for name, list := range got {
		s.box[name] = append(s.box[name], list...)
	}
	s.items = append(s.items, total)
	s.run.State, s.run.Total = providers.PullDone, total
	if s.total != nil {
		s.run.Total = s.total(total)
	}
}

func (s *service) read(f, n int) (body []byte, ok bool) {
	r, err := s.offer.Body(f, n)
	if err != nil {
		s.t.Error(err)
		return nil, false
	}
	body, err = io.ReadAll(r)
	if err != nil {
		s.t.Error(err)
	}
	if s.skips != nil && s.skips(body) {
		return nil, true
	}
	s.offer.Begun(f, n)
	if s.poison != nil && s.poison(body) {
		return nil, false
	}
	s.offer.Complete(f, n)
	return body, true
}

// gateway is a job from a store through a spool to a service.
func gateway(t *testing.T, from *store, s *service, sp *spool.Spool) Job {
	return Job{Name: "mail_migration." + from.name, Title: from.name, Phase: Presync, Origin: origin{from}, Map: same,
		Pull: &Pull{Puller: s, Gateway: &Gateway{Spool: sp, Host: "gate.acme.example", Port: 993, Domain: "gate.acme.example"},
			Rule: BatchRule{Items: 100, Smallest: 5, Interval: -1}}}
}

func openSpool(t *testing.T, quota int64) *spool.Spool {
	t.Helper()
	s, err := spool.Open(t.TempDir()+"/spool", quota)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantAll compares what is in the mailbox with the source: each message once.
func wantAll(t *testing.T, from *store, s *service, but func(body []byte) bool) {
	t.Helper()
	for _, b := range from.folders {
		var want []string
		for _, l := range b.mails {
			if but == nil || !but(l.body) {
				want = append(want, fmt.Sprintf("%s|%d|%v", l.body, l.date.Unix(), l.flags))
			}
		}
		path := b.path
		have := slices.Clone(s.box[strings.Join(path, "/")])
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			t.Errorf("%s: %d messages at the source, %d in the mailbox (%d different ones)", strings.Join(path, "/"), len(want), len(have), len(slices.Compact(have)))
		}
	}
}

func emptySpool(t *testing.T, s *spool.Spool) {
	t.Helper()
	if ids, err := s.List(""); err != nil || len(ids) > 0 {
		t.Errorf("the spool holds %v, %v", ids, err)
	}
}

func fill(s *store, from, n int) {
	for i := range n {
		s.folders[i%len(s.folders)].put(s, letterOf(from+i, 200+i%700))
	}
}

func TestTheGatewayMovesOnceThenWhatIsNewThenNothing(t *testing.T) {
	from, sp := newStore(t, "old", "보낸 편지함", "a/b"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 470)
	from.box("a/b").put(from, letterOf(9999, 3<<20))
	o := options(l, gateway(t, from, svc, sp))
	r := mustRun(t, o)
	wantAll(t, from, svc, nil)
	if j := r.Jobs[0]; r.Sums[providers.Copied].Items != 471 || len(r.Sums) != 1 || r.Moved[providers.Copied].Items != 471 || len(r.Moved) != 1 || j.Batches > 7 || j.Runs != j.Batches || j.Held != 0 {
		t.Errorf("%v, moved %v, %d batches, %d runs", r.Sums, r.Moved, j.Batches, j.Runs)
	}
	for _, n := range svc.items {
		if n > 100 {
			t.Errorf("a batch of %d", n)
		}
	}
	fill(from, 1000, 200)
	if r := mustRun(t, o); r.Moved[providers.Copied].Items != 200 || r.Jobs[0].Runs > 3 {
		t.Errorf("%v in %d runs", r.Moved, r.Jobs[0].Runs)
	}
	wantAll(t, from, svc, nil)
	if r := mustRun(t, o); len(r.Moved) != 0 || r.Jobs[0].Runs != 0 || r.Jobs[0].Batches != 0 || r.Jobs[0].Unchanged != 3 {
		t.Errorf("%v in %d runs, %d unchanged", r.Moved, r.Jobs[0].Runs, r.Jobs[0].Unchanged)
	}
	emptySpool(t, sp)

	fill(from, 2000, 3)
	r = mustRun(t, o)
	if j := r.Jobs[0]; j.Held != 3 || j.Runs != 0 || !r.Done() || len(j.Notes) != 1 || !strings.Contains(j.Notes[0].Text, "worth it from 5") || r.Sums[providers.OnTheWay].Items != 3 {
		t.Errorf("%+v", j)
	}
	o.Jobs[0].Phase = Cutover
	if r := mustRun(t, o); !r.Jobs[0].Closed || r.Moved[providers.Copied].Items != 3 {
		t.Errorf("%+v", r.Jobs[0])
	}
	wantAll(t, from, svc, nil)
	fill(from, 3000, 1)
	o.Jobs[0].Phase = Live
	for _, b := range from.folders {
		for _, l := range b.mails {
			if bytes.Contains(l.body, []byte("<3000@")) {
				l.date = o.Now()
			}
		}
	}
	if r := mustRun(t, o); r.Moved[providers.Copied].Items != 1 {
		t.Errorf("%+v", r.Jobs[0])
	}
	wantAll(t, from, svc, nil)
	emptySpool(t, sp)
}

func TestWhatIsHeldStillMovesWhenTheWaveIsLive(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	o := options(l, gateway(t, from, svc, sp))
	mustRun(t, o)
	pause := func() {
		if err := o.Sleep(t.Context(), 6*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	pause()
	fill(from, 2000, 3)
	for _, b := range from.folders {
		for _, l := range b.mails[max(0, len(b.mails)-3):] {
			if bytes.Contains(l.body, []byte("<200")) {
				l.date = o.Now()
			}
		}
	}
	pause()
	if r := mustRun(t, o); r.Jobs[0].Held != 3 {
		t.Fatalf("%+v", r.Jobs[0])
	}
	pause()
	o.Jobs[0].Phase = Live
	if r := mustRun(t, o); r.Moved[providers.Copied].Items != 3 {
		t.Errorf("%v: %+v", r.Moved, r.Jobs[0])
	}
	wantAll(t, from, svc, nil)
}

func TestTheIntervalBetweenRuns(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 250)
	o := options(l, gateway(t, from, svc, sp))
	o.Jobs[0].Pull.Rule.Interval = 0
	if r := mustRun(t, o); r.Jobs[0].Runs != 3 {
		t.Errorf("%d runs", r.Jobs[0].Runs)
	}
	fill(from, 1000, 50)
	r, err := Run(t.Context(), o)
	if err != nil || r.Jobs[0].Runs != 0 || r.Jobs[0].Held != 50 || !r.Jobs[0].Complete || !r.Done() || from.calls["fetch"] == 0 || !strings.Contains(r.Jobs[0].Notes[0].Text, "the next run may begin at") {
		t.Errorf("%+v, %v", r.Jobs[0], err)
	}
	if err := o.Sleep(t.Context(), 6*time.Hour); err != nil {
		t.Fatal(err)
	}
	if r := mustRun(t, o); r.Moved[providers.Copied].Items != 50 {
		t.Errorf("%+v", r.Jobs[0])
	}
	wantAll(t, from, svc, nil)
}

func TestLostStarts(t *testing.T) {
	for name, c := range map[string]struct {
		lost, ignores func(int) bool
		class         diag.Class
	}{
		"the answer is lost":           {lost: func(n int) bool { return n == 0 }},
		"the start is lost":            {ignores: func(n int) bool { return n == 1 }},
		"every start is lost":          {ignores: func(int) bool { return true }, class: diag.Unavailable},
		"answers to all of them":       {lost: func(int) bool { return true }},
		"two starts in a row are lost": {ignores: func(n int) bool { return n < 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, 190)
			svc.lost, svc.ignores = c.lost, c.ignores
			o := options(l, gateway(t, from, svc, sp))
			if c.class == "" {
				mustRun(t, o)
			} else {
				r, err := Run(t.Context(), o)
				if err != nil || diag.ClassOf(r.Jobs[0].Err) != c.class {
					t.Fatalf("%v, %v", r.Jobs[0].Err, err)
				}
				svc.ignores = nil
				mustRun(t, o)
			}
			wantAll(t, from, svc, nil)
			emptySpool(t, sp)
		})
	}
}

func TestWhatTheServiceCounts(t *testing.T) {
	skipped := func(body []byte) bool { return bytes.Contains(body, []byte("<7@")) }
	for name, c := range map[string]struct {
		skips  func([]byte) bool
		total  func(int64) int64
		untold bool // whose run it was
		want   map[providers.Outcome]int64
	}{
		"nobody knows whose run it was":   {untold: true, want: map[providers.Outcome]int64{providers.Copied: 50}},
		"nor that it is done":             {untold: true, skips: skipped, total: func(n int64) int64 { return n - 1 }, want: map[providers.Outcome]int64{providers.Unproven: 49, providers.OnTheWay: 1}},
		"one more than there are":         {total: func(n int64) int64 { return n + 1 }, want: map[providers.Outcome]int64{providers.Unproven: 50}},
		"one less":                        {total: func(n int64) int64 { return n - 1 }, want: map[providers.Outcome]int64{providers.Unproven: 50}},
		"one that it did not read":        {skips: skipped, want: map[providers.Outcome]int64{providers.Unproven: 50}},
		"those that it read":              {skips: skipped, total: func(n int64) int64 { return n - 1 }, want: map[providers.Outcome]int64{providers.Copied: 49, providers.OnTheWay: 1}},
		"fewer, and one that was skipped": {skips: skipped, total: func(n int64) int64 { return n - 2 }, want: map[providers.Outcome]int64{providers.Unproven: 49, providers.OnTheWay: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, 50)
			svc.skips, svc.total = c.skips, c.total
			o := options(l, gateway(t, from, svc, sp))
			if c.untold {
				o.Jobs[0].Pull.Puller = nameless{svc}
			}
			r, err := Run(t.Context(), o)
			if err != nil || r.Jobs[0].Err != nil {
				t.Fatal(err, r.Jobs[0].Err)
			}
			if whole := c.want[providers.Copied] == 50; whole != (len(r.Jobs[0].Notes) == 0) {
				t.Errorf("it is said: %v", r.Jobs[0].Notes)
			}
			got := map[providers.Outcome]int64{}
			for outcome, s := range r.Sums {
				got[outcome] = s.Items
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%v, want %v: %v", got, c.want, r.Jobs[0].Notes)
			}
			emptySpool(t, sp)
			if n := c.want[providers.Unproven]; n > 0 { // never put again
				svc.total, svc.skips = nil, nil
				before := len(svc.box["INBOX"])
				r, err := Run(t.Context(), o)
				if err != nil || r.Sums[providers.Unproven].Items != n || len(svc.box["INBOX"]) != before {
					t.Errorf("%v, %v", r.Sums, err)
				}
			}
		})
	}
}

// nameless is a service that does not tell whose run it was.
type nameless struct{ *service }

func (s nameless) Run(ctx context.Context) (providers.PullRun, error) {
	run, err := s.service.Run(ctx)
	run.User = ""
	return run, err
}

func TestASilentRunEndsThePassAndIsFoundByTheNext(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	svc.hangs = true
	o := options(l, gateway(t, from, svc, sp))
	r, err := Run(t.Context(), o)
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Unavailable || !strings.Contains(r.Jobs[0].Err.Error(), "0 of 50") {
		t.Fatalf("%v, %v", r.Jobs[0].Err, err)
	}
	svc.hangs = false
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 50 || svc.starts != 1 || svc.run.State != providers.PullNone {
		t.Errorf("%v, %d starts; the service still has %+v", r.Sums, svc.starts, svc.run)
	}
	wantAll(t, from, svc, nil)
}

func TestAFullSpoolWaits(t *testing.T) {
	sp := openSpool(t, 150_000)
	l := openLedger(t)
	var jobs []Job
	var stores []*store
	var services []*service
	for i := range 6 {
		from := newStore(t, fmt.Sprint("old", i))
		fill(from, 1000*i, 180)
		svc := &named{newService(t, sp), i}
		j := gateway(t, from, svc.service, sp)
		j.Pull.Puller, j.Pull.Rule.Bytes = svc, 60_000
		jobs, stores, services = append(jobs, j), append(stores, from), append(services, svc.service)
	}
	o := options(l, jobs...)
	waited := false
	o.Observe = func(e Event) {
		waited = waited || strings.HasPrefix(e.Reason, "waits for room")
		if used, err := sp.Used(); err != nil || used > 150_000 {
			t.Errorf("the spool holds %d, %v", used, err)
		}
	}
	mustRun(t, o)
	for i := range stores {
		wantAll(t, stores[i], services[i], nil)
	}
	if !waited {
		t.Error("nobody had to wait")
	}
	emptySpool(t, sp)
}

type named struct {
	*service
	n int
}

func (s *named) Name() string { return fmt.Sprint("mem://member", s.n) }

func TestASpoolFilledByOthersEndsThePass(t *testing.T) {
	sp := openSpool(t, 100_000)
	other, err := sp.Begin("somebody-else", spool.Share{Bytes: 90_000})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Discard()
	from := newStore(t, "old")
	fill(from, 0, 30)
	j := gateway(t, from, newService(t, sp), sp)
	j.Pull.Rule.Bytes = 50_000
	r, err := Run(t.Context(), options(openLedger(t), j))
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Unavailable || !strings.Contains(r.Jobs[0].Err.Error(), "room") {
		t.Errorf("%v, %v", r.Jobs[0].Err, err)
	}
}
