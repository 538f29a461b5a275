package workspace

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/imapgate"
	mailspool "github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// connection is one of those that came for the messages.
type connection struct{ from, to time.Time }

// sightings are what the gateway tells of those who came for a batch, when this process
// serves it. It is safe for concurrent use.
type sightings struct {
	batch string

	mu    sync.Mutex
	conns map[uint64]*connection
	forms map[string]int // commands by the form in which they asked for messages
}

// note takes an event of the gateway.
func (s *sightings) note(e imapgate.Event) {
	if e.Batch != s.batch {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case imapgate.LoggedIn:
		s.conns[e.Conn] = &connection{from: e.Time}
	case imapgate.Closed:
		if c := s.conns[e.Conn]; c != nil {
			c.to = e.Time
		}
		for name, n := range e.Commands {
			if _, form, asks := strings.Cut(name, "FETCH "); asks {
				s.forms[form] += n
			}
		}
	}
}

// asked is the value of migration-fetch, "" when nobody saw it, or there were several.
func (s *sightings) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := ""
	for form := range s.forms {
		if strings.HasSuffix(form, "<>") {
			form = "partial"
		}
		if value != "" && value != form {
			return ""
		}
		value = form
	}
	if !slices.Contains([]string{"BODY.PEEK[]", "BODY[]", "RFC822", "partial"}, value) {
		return ""
	}
	return value
}

// sideBySide is how long two connections are open together, at least, that are not one
// after the other.
const sideBySide = 50 * time.Millisecond

// together is how many connections read at once, at most; 0 when that is not clear.
func (s *sightings) together() (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.conns {
		n := 1
		for _, b := range s.conns {
			if a == b || a.from.Before(b.from) || a.from == b.from && a.to.Before(b.to) {
				continue
			}
			end := b.to // b began first
			if end.IsZero() || !a.to.IsZero() && a.to.Before(end) {
				end = a.to
			}
			switch shared := end.Sub(a.from); {
			case end.IsZero() || shared >= sideBySide:
				n++
			case shared > 0:
				return 0
			}
		}
		most = max(most, n)
	}
	return most
}

// facts are what isa itself saw.
func (p *Probe) facts(w *watch, seen *sightings) (out []Found) {
	add := func(name, value, how string, args ...any) {
		if value != "" {
			out = append(out, Found{name, value, fmt.Sprintf(how, args...)})
		}
	}
	add("mail-service-account", "allowed", "A run was begun with a token of the service account.")
	if p.pending {
		add("migration-pending", "allowed", "A run was begun for a member who had not signed in yet.")
	}
	add("migration-none", p.first, "The status was asked for before a first run.")
	add("migration-total-running", w.running, "The status was asked for while %d messages were fetched.", w.Offered)
	add("migration-fetch", seen.asked(), "The gateway saw how %d messages were asked for.", w.Offered)
	if n := seen.together(); n == 1 {
		add("migration-connections", "1", "The gateway saw one connection at a time.")
		add("migration-order", orderOf(w.log), "The gateway saw which folder was read first.")
	} else if n > 1 {
		add("migration-connections", "3", "The gateway saw %d connections at once.", n)
	}
	switch complete := w.Fetched == w.Offered; {
	case w.End == ProbeRolledBack && w.last.User != "":
		add("migration-rolled-back", "before", "A run was given up after %d of %d messages; the status was Before migration, with its login.", w.Fetched, w.Offered)
	case w.End == ProbeRolledBack:
		add("migration-rolled-back", "forgotten", "A run was given up after %d of %d messages; the status did not know of it any more.", w.Fetched, w.Offered)
	case w.End == ProbeDone && !complete:
		add("migration-rolled-back", "completed", "The status was Completed although only %d of %d messages had been fetched to their end.", w.Fetched, w.Offered)
	case w.End == ProbeDone && w.last.State == providers.PullDone && w.Counted == int64(w.Offered):
		add(countFact, "offered", "The status counted %d of %d messages at the end.", w.Counted, w.Offered)
	case w.End == ProbeDone:
		add(countFact, "other", "The status counted %d of %d messages at the end.", w.Counted, w.Offered)
	}
	return out
}

// orderOf is the value of migration-order. The numbers are those of the messages: the
// first is in the inbox, which is listed first, the second in the folder that is first
// by name.
func orderOf(log mailspool.Fetched) string {
	inbox, _ := log.At(1)
	own, _ := log.At(2)
	sent, _ := log.At(3)
	switch {
	case inbox.IsZero() || own.IsZero() || sent.IsZero():
	case inbox.Before(own) && own.Before(sent):
		return "listed"
	case own.Before(inbox) && inbox.Before(sent):
		return "name"
	}
	return ""
}
