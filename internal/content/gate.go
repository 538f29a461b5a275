package content

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
)

// denials is how many logins in a row a host may refuse where its limits do not say.
const denials = 5

// gate keeps the limits of hosts. Places for a source and a target are taken
// together, so that no two jobs wait for each other.
type gate struct {
	limits map[string]Limits

	mu       sync.Mutex
	hosts    map[string]*host
	accounts map[string]int
	doors    map[place]*door
	boxes    map[string]*task // mailboxes that a service fetches into, with the job it does so for
	filling  map[*task]*spool.Spool
	over     map[string]bool // jobs at their end, by name
}

// door is what is known of the logins to an account.
type door struct {
	mu    sync.Mutex // held through each login until one has worked
	known bool       // one has worked
	err   error      // the account was denied: nobody tries again
}

// host is what is known of a host.
type host struct {
	limits          Limits
	used            int
	denied          int // logins in a row
	messages, bytes *rate.Limiter
}

func newGate(limits map[string]Limits) *gate {
	return &gate{limits: limits, hosts: map[string]*host{}, accounts: map[string]int{}, doors: map[place]*door{},
		boxes: map[string]*task{}, filling: map[*task]*spool.Spool{}, over: map[string]bool{}}
}

// host returns the host of that name. The caller holds mu.
func (g *gate) host(name string) *host {
	h := g.hosts[name]
	if h == nil {
		h = &host{limits: g.limits[name]}
		h.limits.Connections = either(h.limits.Connections, 16)
		h.limits.PerAccount = either(h.limits.PerAccount, 2)
		h.messages = limiter(h.limits.MessagesPerSecond)
		h.bytes = limiter(h.limits.BytesPerSecond)
		g.hosts[name] = h
	}
	return h
}

// limiter allows n a second, and as much at once.
func limiter(n float64) *rate.Limiter {
	if n <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(n), max(1, int(n)))
}

// place is one connection's permission: to an account on a host.
type place struct{ host, account string }

func places(j *Job, targets bool) []place {
	p := []place{originPlace(j)}
	if targets {
		p = append(p, targetPlace(j))
	}
	return p
}

func originPlace(j *Job) place { return place{j.Origin.Host(), j.Origin.Name()} }
func targetPlace(j *Job) place { return place{j.Target.Host(), j.Target.Name()} }

// take takes all places, or none.
func (g *gate) take(ps []place) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, p := range ps {
		h := g.host(p.host)
		if h.used >= h.limits.Connections || g.accounts[p.account] >= h.limits.PerAccount {
			g.put(ps[:i])
			return false
		}
		h.used++
		g.accounts[p.account]++
	}
	return true
}

// give gives places back.
func (g *gate) give(ps []place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(ps)
}

func (g *gate) put(ps []place) {
	for _, p := range ps {
		g.host(p.host).used--
		if g.accounts[p.account]--; g.accounts[p.account] == 0 {
			delete(g.accounts, p.account)
		}
	}
}

// hold takes a mailbox for the runs of a job, unless another job has it. had tells that
// it was this job's before.
func (g *gate) hold(mailbox string, t *task) (ok, had bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.boxes[mailbox]
	if o == nil {
		g.boxes[mailbox] = t
	}
	return o == nil || o == t, o == t
}

// release gives back what a job holds; over: for good.
func (g *gate) release(t *task, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.boxes, func(_ string, o *task) bool { return o == t })
	if over {
		g.over[t.job.Name] = true
		delete(g.filling, t)
	}
}

// fills notes that a job fills a batch in a spool, or, with nil, does so no more.
func (g *gate) fills(t *task, in *spool.Spool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if in == nil {
		delete(g.filling, t)
		return
	}
	g.filling[t] = in
}

// frees reports whether another job has a run that empties a spool, or fills a batch of
// it, whose run does so later.
func (g *gate) frees(from *spool.Spool, but *task) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for t, in := range g.filling {
		if t != but && in == from {
			return true
		}
	}
	for _, t := range g.boxes {
		if p := t.job.Pull; t != but && p.Gateway != nil && p.Gateway.Spool == from {
			return true
		}
	}
	return false
}

// login logs in to an account by open. A denied login is final for the run: all who
// want the account are told the same, without another try, since servers lock accounts
// that are tried often. Until a login has worked, one is tried at a time.
func (g *gate) login(at place, open func() error) error {
	d := g.door(at)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	var err error
	if d.known { // nobody has to wait for this one
		d.mu.Unlock()
		err = open()
		d.mu.Lock()
	} else {
		err = open()
	}
	switch {
	case err == nil:
		d.known = true
	case diag.ClassOf(err) == diag.Denied:
		d.err = err
	}
	g.note(at.host, err)
	return err
}

func (g *gate) door(at place) *door {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.doors[at]
	if d == nil {
		d = &door{}
		g.doors[at] = d
	}
	return d
}

// note notes how a login to a host ended.
func (g *gate) note(hostName string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.host(hostName)
	switch {
	case err == nil:
		h.denied = 0
	case diag.ClassOf(err) == diag.Denied:
		h.denied++
	}
}

// lockedOut tells that no other login should be tried on one of the hosts.
func (g *gate) lockedOut(ps []place) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range ps {
		if n, most := g.host(p.host).denied, g.limits[p.host].Denials; most >= 0 && n >= either(most, denials) {
			return &diag.Failure{Class: diag.Denied, Op: "log in", Detail: fmt.Sprintf("not tried, since %s refused %d logins in a row and more of them may lock accounts", p.host, n),
				Fix: "correct the credentials and run the pass again"}
		}
	}
	return nil
}

// closed returns until when one of the hosts must be left alone; zero: it need not.
func (g *gate) closed(ps []place, now time.Time) (until time.Time, host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range ps {
		if t := g.host(p.host).limits.Hours.opens(now); t.After(until) {
			until, host = t, p.host
		}
	}
	return until, host
}

// delay returns how long to wait before n messages of so many bytes may pass to or
// from the hosts, and counts them.
func (g *gate) delay(ps []place, now time.Time, messages int, bytes int64) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	var most time.Duration
	for _, p := range ps {
		h := g.host(p.host)
		most = max(most, spend(h.messages, now, int64(messages)), spend(h.bytes, now, bytes))
	}
	return most
}

// spend takes n from the limiter, in pieces where n is more than it holds.
func spend(l *rate.Limiter, now time.Time, n int64) time.Duration {
	if l == nil {
		return 0
	}
	var d time.Duration
	for n > 0 {
		piece := min(n, int64(l.Burst()))
		d = l.ReserveN(now, int(piece)).DelayFrom(now)
		n -= piece
	}
	return d
}

// opens returns when the hours begin next, zero when now is within them.
func (h Hours) opens(now time.Time) time.Time {
	if h.From == h.To {
		return time.Time{}
	}
	zone := h.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	within := h.From <= clock && clock < h.To
	if h.From > h.To {
		within = clock >= h.From || clock < h.To
	}
	if within {
		return time.Time{}
	}
	day := local.Day()
	if clock >= h.From {
		day++
	}
	// By the clock on the wall, also on the days on which it is put forward or back.
	s := int(h.From / time.Second)
	return time.Date(local.Year(), local.Month(), day, s/3600, s/60%60, s%60, 0, zone)
}

// pause ends a turn: the job goes on at until, or when it is its turn again.
type pause struct {
	until  time.Time
	reason string
	quiet  bool // nobody has to be told
	room   bool // for room in the spool
}

// Error tells why.
func (p *pause) Error() string { return p.reason }

// pace waits until messages may pass, or asks for a pause when that takes long or
// the hours are over.
func (t *turn) pace(ctx context.Context, ps []place, messages int, bytes int64) error {
	now := t.run.Now()
	if until, host := t.run.gate.closed(ps, now); !until.IsZero() {
		return &pause{until: until, reason: host + " is used only at other hours"}
	}
	d := t.run.gate.delay(ps, now, messages, bytes)
	if d <= 0 {
		return nil
	}
	return t.run.Sleep(ctx, d)
}
