package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/isaworks/isa/providers/works/api/op"
)

// limiter counts calls of each operation in a minute: reference 00 §9. Times are
// real; a minute is shorter at a higher speed.
type limiter struct {
	perMinute int
	minute    time.Duration
	aligned   bool // windows begin with the minute of the clock

	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	start time.Time
	used  int
}

// laneUse is what a call found in its operation's window.
type laneUse struct {
	Used, Limit, Remaining int
	Reset                  int // whole seconds, at least 1
	over                   bool
}

// use counts one call. With fault it answers as if the window were used up. A
// refused call is not counted.
func (l *limiter) use(name string, limited, fault bool, now time.Time) laneUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[name]
	if w == nil {
		w = &window{}
		l.windows[name] = w
	}
	if !now.Before(w.start.Add(l.minute)) {
		w.start, w.used = now, 0
		if l.aligned {
			w.start = now.Truncate(l.minute)
		}
	}
	left := w.start.Add(l.minute).Sub(now)
	u := laneUse{Limit: l.perMinute, Reset: max(1, int((left+time.Second-1)/time.Second))}
	switch {
	case fault:
		u.over, u.Reset = true, 1
	case limited && w.used >= l.perMinute:
		u.over = true
	default:
		w.used++
	}
	u.Used = w.used
	if !u.over {
		u.Remaining = max(0, l.perMinute-w.used)
	}
	return u
}

// headers writes the numbers under the names of the documentation.
func (u laneUse) headers(h http.Header) {
	h["rateLimit-ssed"] = []string{strconv.Itoa(u.Used)}
	h["rateLimit-limit"] = []string{strconv.Itoa(u.Limit)}
	h["rateLimit-remaining"] = []string{strconv.Itoa(u.Remaining)}
	h["rateLimit-reset"] = []string{strconv.Itoa(u.Reset)}
}

// budgets returns the windows that still run.
func (l *limiter) budgets(now time.Time) map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]int{}
	for name, w := range l.windows {
		if now.Before(w.start.Add(l.minute)) {
			out[name] = w.used
		}
	}
	return out
}

// jitter is how much earlier than the rule a write may arrive.
const jitter = 20 * time.Millisecond

// writers refuses writes that a real tenant forbids: reference 00 §9, ordering rules.
type writers struct {
	gap   time.Duration // between starts of org-unit writes of a domain, real time
	paced bool

	mu   sync.Mutex
	busy map[string]string    // what is being written, and by which operation
	last map[string]time.Time // start of the last org-unit write
	bad  []string
}

// enter begins a write; the returned function ends it.
func (w *writers) enter(o op.Operation, keys []string, now time.Time) (func(), error) {
	if o.Writer == "" || len(keys) == 0 {
		return func() {}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	for _, key := range keys {
		if other, ok := w.busy[key]; ok {
			err = w.violation(o, key, "while "+other+" was running")
		} else if last, ok := w.last[key]; ok && o.Writer == "orgunits" && w.paced && now.Sub(last) < w.gap-jitter {
			err = w.violation(o, key, fmt.Sprintf("%s after the last one began, %s are needed", now.Sub(last).Round(time.Millisecond), w.gap))
		}
	}
	if o.Writer == "orgunits" {
		for _, key := range keys {
			w.last[key] = now
		}
	}
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		w.busy[key] = o.Name
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, key := range keys {
			delete(w.busy, key)
		}
	}, nil
}

func (w *writers) violation(o op.Operation, key, why string) error {
	w.bad = append(w.bad, o.Name+" of "+key+" "+why)
	code := map[string]string{"orgunits": "ORGUNIT_WRITER_VIOLATION", "user": "USER_WRITE_OVERLAP", "group": "GROUP_WRITE_OVERLAP"}[o.Writer]
	return badWriter(code, "%s of %s %s", o.Name, key, why)
}

func badWriter(code, format string, args ...any) error {
	return refuse(http.StatusBadRequest, code, format, args...)
}

func (w *writers) violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.bad...)
}

// writerKey names what a call writes: the domain for org units, the member or group
// for the others. What does not exist yet is named by its login address.
func (s *Server) writerKey(c *call) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch c.route.op.Writer {
	case "orgunits":
		if u := c.findUnit(c.path["orgUnitId"]); u != nil {
			return []string{"domain " + domainKey(u.Props.DomainID)}
		}
		if v, ok := c.body["domainId"].(fmt.Stringer); ok {
			return []string{"domain " + v.String()}
		}
		return []string{"domain " + domainKey(c.who.Domain)}
	case "user":
		return c.writtenObjects("userId", "users", "email", func(ref string) string {
			if u := c.findUser(ref); u != nil {
				return "member " + u.ID
			}
			return ""
		})
	case "group":
		return c.writtenObjects("groupId", "groups", "", func(ref string) string {
			if g := c.findGroup(ref); g != nil {
				return "group " + g.ID
			}
			return ""
		})
	}
	return nil
}

func (c *call) writtenObjects(param, listName, created string, find func(string) string) []string {
	if ref, ok := c.path[param]; ok {
		if key := find(ref); key != "" {
			return []string{key}
		}
		return nil
	}
	if items, ok := c.body[listName].([]any); ok {
		var keys []string
		for _, it := range items {
			m, _ := it.(map[string]any)
			ref, _ := m["id"].(string)
			if key := find(ref); key != "" && !contains(keys, key) {
				keys = append(keys, key)
			}
		}
		return keys
	}
	if name, ok := c.body[created].(string); ok {
		return []string{"member " + name}
	}
	return nil
}
