package imapgate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// EventKind is what an Event tells.
type EventKind string

// The kinds.
const (
	Refused     EventKind = "refused"     // a connection was not taken
	Denied      EventKind = "denied"      // a login was wrong, or not checked
	LoggedIn    EventKind = "login"       // a batch is read from now on
	Closed      EventKind = "closed"      // a connection that was taken has ended
	Certificate EventKind = "certificate" // its files changed and cannot be used
)

// Event is a line of the access log. It holds no password, no name that somebody
// tried, and nothing of any mail.
type Event struct {
	Time   time.Time
	Kind   EventKind
	Conn   uint64 // number of the connection, from 1; 0: none
	Addr   string // of the client, with its port
	Batch  string // name of the offer; "" before the login
	Reason string // why

	// Of Closed: how long it was open, commands by name ("?" for those that do not
	// exist; of those that ask for whole messages also the form, "FETCH BODY.PEEK[]"), bytes on the wire in both directions, messages sent to their end.
	Duration       time.Duration
	Commands       map[string]int
	Received, Sent int64
	Messages       int

	Count int // of Refused: how many since the last one was told
}

// String is the event in one line, without its time.
func (e Event) String() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Conn > 0 {
		fmt.Fprintf(&b, " #%d", e.Conn)
	}
	if e.Addr != "" {
		b.WriteString(" " + e.Addr)
	}
	if e.Batch != "" {
		b.WriteString(" batch " + e.Batch)
	}
	if e.Kind == Closed {
		fmt.Fprintf(&b, " after %s: %d messages, %d bytes out, %d in", e.Duration.Round(time.Millisecond), e.Messages, e.Sent, e.Received)
		for _, name := range slices.Sorted(maps.Keys(e.Commands)) {
			fmt.Fprintf(&b, ", %s %d", name, e.Commands[name])
		}
	}
	if e.Count > 1 {
		fmt.Fprintf(&b, " %d times", e.Count)
	}
	if e.Reason != "" {
		b.WriteString(": " + strings.ReplaceAll(e.Reason, "\n", " | "))
	}
	return b.String()
}

// refusals are told at most once a second.
type refusals struct {
	mu     sync.Mutex
	told   time.Time
	untold int
}

// count counts one and returns how many are to be told of now.
func (r *refusals) count(now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.untold++
	if now.Sub(r.told) < time.Second {
		return 0
	}
	n := r.untold
	r.told, r.untold = now, 0
	return n
}
