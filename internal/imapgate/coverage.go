package imapgate

import (
	"slices"
	"sync"

	"github.com/isaworks/isa/internal/rawmail"
)

// The limits of what is remembered of messages that are fetched in pieces. Beyond
// them a message is not told to be complete.
const (
	maxPieces  = 1_000   // of one message, that do not touch
	maxPartial = 100_000 // messages of one offer
)

// readers remember, for as long as somebody has an offer open, which bytes of its
// messages were sent: a client may take a message in pieces, also by several
// connections.
type readers struct {
	mu  sync.Mutex
	all map[string]*reading // by the offer's name
}

type reading struct {
	open int // connections

	mu   sync.Mutex
	sent map[place][]rawmail.Span // in order, not touching
}

// place is a message of an offer.
type place struct{ folder, n int }

func newReaders() *readers { return &readers{all: map[string]*reading{}} }

func (r *readers) enter(name string) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.all[name]
	if x == nil {
		x = &reading{sent: map[place][]rawmail.Span{}}
		r.all[name] = x
	}
	x.open++
	return x
}

func (r *readers) leave(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.all[name]; x != nil {
		if x.open--; x.open == 0 {
			delete(r.all, name)
		}
	}
}

// add notes that a part of a message was sent; true: now all of it was.
func (r *reading) add(p place, s rawmail.Span, size int64) bool {
	if s.From == 0 && s.To == size {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list, known := r.sent[p]
	if !known && len(r.sent) >= maxPartial {
		return false
	}
	list = join(list, s)
	if len(list) == 1 && list[0] == (rawmail.Span{From: 0, To: size}) {
		delete(r.sent, p)
		return true
	}
	if len(list) <= maxPieces {
		r.sent[p] = list
	}
	return false
}

// join adds a span to spans that are in order and do not touch.
func join(list []rawmail.Span, s rawmail.Span) []rawmail.Span {
	if s.Size() <= 0 {
		return list
	}
	from, _ := slices.BinarySearchFunc(list, s.From, func(x rawmail.Span, at int64) int { return int(min(max(x.To-at, -1), 1)) })
	to := from
	for to < len(list) && list[to].From <= s.To {
		s.From, s.To = min(s.From, list[to].From), max(s.To, list[to].To)
		to++
	}
	return slices.Replace(list, from, to, s)
}
