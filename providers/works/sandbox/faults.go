package sandbox

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

type faultKind uint8

const (
	noFault faultKind = iota
	tooManyRequests
	serverError  // 500
	badGateway   // 502 with an empty body
	htmlError    // 502 with a page
	dropRequest  // the connection is cut before the work
	dropResponse // the connection is cut after the work
	slow
	cursorExpired
)

// fault is what happens to one request.
type fault struct {
	kind  faultKind
	delay time.Duration
	lag   bool // this read sees the tenant as it was a while ago
}

// Faults is a parsed list of faults; ParseFaults makes it.
type Faults struct {
	rates     []faultRate
	slow      time.Duration
	stale     time.Duration
	mail      mailFaults
	migration migrationFaults
	text      string
}

type faultRate struct {
	kind faultKind
	rate float64
}

// ParseFaults reads "429=2%,500=1%,502=1%,html-error=1%,drop-response=1%,
// drop-request=1%,slow=5%:2s,stale-read=3s,cursor-expired=1%". Rates are of API
// requests (cursor-expired: of requests with a cursor), at most 100 % together; a
// stale read is one read in two, which sees the tenant as it was that long ago.
// Those of mail begin with imap-: imap-no=5%,imap-drop-request=1%,
// imap-drop-response=1%,imap-slow=5%:2s are rates of IMAP commands, imap-cut=500
// cuts a connection after each 500 messages put or fetched. Those of migration runs:
// migration-fail=500 makes each run fail after 500 messages, migration-poison=TEXT
// at a message with those bytes, migration-stall=500 leaves it without an answer
// after 500 messages until its time is over, migration-slow=10ms is what each
// message takes.
func ParseFaults(s string) (Faults, error) {
	f := Faults{text: s}
	kinds := map[string]faultKind{"429": tooManyRequests, "500": serverError, "502": badGateway, "html-error": htmlError,
		"drop-request": dropRequest, "drop-response": dropResponse, "slow": slow, "cursor-expired": cursorExpired}
	total := 0.0
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return f, fmt.Errorf("fault %q: write name=rate, such as 500=1%%", part)
		}
		if mailName, ok := strings.CutPrefix(name, "imap-"); ok {
			if err := f.mail.add(mailName, value); err != nil {
				return f, fmt.Errorf("fault %q: %w", part, err)
			}
			continue
		}
		if migrationName, ok := strings.CutPrefix(name, "migration-"); ok {
			if err := f.migration.add(migrationName, value); err != nil {
				return f, fmt.Errorf("fault %q: %w", part, err)
			}
			continue
		}
		if name == "stale-read" {
			d, err := time.ParseDuration(value)
			if err != nil || d <= 0 {
				return f, fmt.Errorf("fault %q: write a duration, such as stale-read=3s", part)
			}
			f.stale = d
			continue
		}
		kind, ok := kinds[name]
		if !ok {
			return f, fmt.Errorf("fault %q is unknown; use one of %s, stale-read, migration-fail, migration-poison, migration-slow, migration-stall, imap-cut, imap-%s", name,
				strings.Join(sortedKeys(kinds), ", "), strings.Join(sortedKeys(mailFaultKinds()), ", imap-"))
		}
		rateText, delay, hasDelay := strings.Cut(value, ":")
		rate, err := strconv.ParseFloat(strings.TrimSuffix(rateText, "%"), 64)
		if err != nil || !strings.HasSuffix(rateText, "%") || !(rate >= 0 && rate <= 100) {
			return f, fmt.Errorf("fault %q: write a rate from 0%% to 100%%", part)
		}
		if hasDelay != (kind == slow) {
			return f, fmt.Errorf("fault %q: slow needs a duration (slow=5%%:2s), no other fault has one", part)
		}
		if hasDelay {
			if f.slow, err = time.ParseDuration(delay); err != nil || f.slow <= 0 {
				return f, fmt.Errorf("fault %q: write a duration, such as slow=5%%:2s", part)
			}
		}
		if total += rate; total > 100 {
			return f, fmt.Errorf("faults %q: the rates are more than 100%% together", s)
		}
		f.rates = append(f.rates, faultRate{kind, rate / 100})
	}
	return f, nil
}

// faultPlan decides faults. The n-th request of an operation has always the same
// fault for one seed, whatever else happens.
type faultPlan struct {
	seed uint64

	mu    sync.Mutex
	now   Faults
	calls map[string]uint64
}

func (p *faultPlan) next(name string) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[name]++
	f := fault{lag: p.now.stale > 0 && p.dice("lag "+name) < 0.5}
	dice := p.dice(name)
	for _, r := range p.now.rates {
		if dice < r.rate {
			f.kind, f.delay = r.kind, p.now.slow
			return f
		}
		dice -= r.rate
	}
	return f
}

// dice returns a number from 0 to below 1.
func (p *faultPlan) dice(name string) float64 {
	h := fnv.New64a()
	var in [16]byte
	binary.BigEndian.PutUint64(in[:8], p.seed)
	binary.BigEndian.PutUint64(in[8:], p.calls[strings.TrimPrefix(name, "lag ")])
	_, _ = h.Write([]byte(name)) // hashes never fail
	_, _ = h.Write(in[:])
	x := h.Sum64() // FNV leaves its high bits weak for short input: mix them
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// setFaults replaces the faults of a running server.
func (s *Server) setFaults(f Faults) {
	s.faults.mu.Lock()
	s.faults.now = f
	s.faults.mu.Unlock()
	t := s.tenant
	t.mu.Lock()
	defer t.mu.Unlock()
	t.historyFor = time.Duration(float64(f.stale) * s.opt.Speed) // the history is in sandbox time
	if f.stale == 0 {
		t.history = nil
	} else if t.history == nil {
		t.history = map[string][]version{}
	}
}

// answer is what a fault answers instead of doing the work; nil: nothing.
func (f fault) answer() *answer {
	switch f.kind {
	case serverError:
		return errorAnswer(refuse(500, "INTERNAL_SERVER_ERROR", "an error that is to be rehearsed"))
	case badGateway:
		return &answer{status: http.StatusBadGateway, header: http.Header{}, code: "BAD_GATEWAY"}
	case htmlError:
		return &answer{status: http.StatusBadGateway, header: http.Header{}, code: "BAD_GATEWAY", kind: "text/html",
			data: []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>")}
	}
	return nil
}

// seen returns an object as this call sees it: a lagging read sees what was there
// before the newest writes. Nil: not there.
func seen[T any](c *call, id string, now *T) *T {
	if !c.lag || c.history == nil {
		return now
	}
	for _, v := range c.history[id] {
		if c.now.Sub(v.until) < c.historyFor {
			old, _ := v.old.(*T)
			return old
		}
	}
	return now
}
