package sandbox

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// logSize is how many requests the log keeps.
const logSize = 200_000

// Entry is one API request in the log. It holds no secrets: no headers, no bodies,
// no query.
type Entry struct {
	Seq        uint64    `json:"seq"`
	Op         string    `json:"op"` // "" when no operation matched
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Start      time.Time `json:"start"` // real
	End        time.Time `json:"end"`   // zero while it runs
	ClockStart time.Time `json:"clockStart"`
	ClockEnd   time.Time `json:"clockEnd"`
	Status     int       `json:"status"` // 0 when the connection was cut
	Code       string    `json:"code,omitempty"`
	Used       int       `json:"used"` // of the operation's window
	Limit      int       `json:"limit"`
	Remaining  int       `json:"remaining"`
}

type requestLog struct {
	out io.Writer

	mu   sync.Mutex
	seq  uint64
	list []*Entry
}

func (l *requestLog) begin(method, path string, at, clock time.Time) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e := &Entry{Seq: l.seq, Method: method, Path: path, Start: at, ClockStart: clock}
	l.list = append(l.list, e)
	if len(l.list) >= 2*logSize {
		l.list = append([]*Entry{}, l.list[len(l.list)-logSize:]...)
	}
	return e
}

func (l *requestLog) name(e *Entry, op string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Op = op
}

func (l *requestLog) lane(e *Entry, u laneUse) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Used, e.Limit, e.Remaining = u.Used, u.Limit, u.Remaining
}

func (l *requestLog) end(e *Entry, status int, code string, at, clock time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Status, e.Code, e.End, e.ClockEnd = status, code, at, clock
	if l.out != nil {
		// A log that cannot be written must not stop the tenant.
		_, _ = fmt.Fprintf(l.out, "%s %s %s %d %s %s\n", at.Format(time.RFC3339), e.Method, e.Path, status, code, at.Sub(e.Start).Round(time.Millisecond))
	}
}

func (l *requestLog) note(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out != nil {
		_, _ = fmt.Fprintln(l.out, text) // as above
	}
}

func (l *requestLog) entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.list[max(0, len(l.list)-logSize):]
	out := make([]Entry, len(list))
	for i, e := range list {
		out[i] = *e
	}
	return out
}

// last returns the newest entries that are wanted, newest first, n at most.
func (l *requestLog) last(n int, wanted func(*Entry) bool) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Entry
	for i := len(l.list) - 1; i >= 0 && len(out) < n; i-- {
		if wanted(l.list[i]) {
			out = append(out, *l.list[i])
		}
	}
	return out
}

// count returns how many requests there have been.
func (l *requestLog) count() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}
