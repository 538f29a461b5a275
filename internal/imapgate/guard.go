package imapgate

import (
	"container/list"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// The growing delay after wrong passwords of one address.
const (
	firstDelay  = 500 * time.Millisecond
	longest     = 30 * time.Second
	forgetWrong = 15 * time.Minute // without a further one
	forgetGood  = 24 * time.Hour
	maxPeers    = 10_000 // addresses that something is known of
)

// guard decides who may connect and who may try to log in, and when.
type guard struct {
	limits Limits
	allow  []netip.Prefix

	mu      sync.Mutex
	peers   map[netip.Prefix]*peer
	open    int
	waiting *list.List // of *ticket that did not log in, oldest first
	minute  time.Time  // in which wrong passwords are counted
	wrong   int
}

// peer is what is known of an address.
type peer struct {
	open    int
	waiting int       // of these, not logged in
	wrong   int       // wrong passwords since the last good one
	last    time.Time // the last of these
	next    time.Time // nothing is checked before
	goodAt  time.Time // the last login
}

// ticket is a connection that was let in.
type ticket struct {
	guard *guard
	key   netip.Prefix
	cut   func()
	place *list.Element // nil: logged in, or gone
}

func newGuard(limits Limits, allow []netip.Prefix) *guard {
	return &guard{limits: limits, allow: allow, peers: map[netip.Prefix]*peer{}, waiting: list.New()}
}

// addrOf is whom a connection comes from; zero when it has no such address.
func addrOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// keyOf is by what an address is counted: who has one of IPv6 has a /64 of them.
func keyOf(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil { // no address at all: all of these are one
		return netip.Prefix{}
	}
	return p
}

// admit lets a connection in, or tells why not. cut ends it; it is called, at most
// once, when others need the place.
func (g *guard) admit(a netip.Addr, now time.Time, cut func()) (*ticket, string) {
	if len(g.allow) > 0 && !slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return nil, "the address is not among those allowed"
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := keyOf(a)
	p := g.peer(key, now)
	switch {
	case p.open >= g.limits.PerAddress, p.waiting >= max(g.limits.Waiting/4, 1):
		return nil, "too many connections of one address"
	case g.open-g.waiting.Len() >= g.limits.Connections:
		return nil, "too many connections"
	}
	if g.waiting.Len() >= g.limits.Waiting || g.open >= g.limits.Connections {
		g.makeRoom()
	}
	t := &ticket{guard: g, key: key, cut: cut}
	t.place = g.waiting.PushBack(t)
	p.open++
	p.waiting++
	g.open++
	return t, ""
}

// makeRoom cuts off who has waited longest without a login, strangers first. Its
// place is free when it has left; until then there is one more than the limit.
func (g *guard) makeRoom() {
	chosen := g.waiting.Front()
	for e := chosen; e != nil; e = e.Next() {
		if t := e.Value.(*ticket); g.peers[t.key].goodAt.IsZero() {
			chosen = e
			break
		}
	}
	if chosen == nil {
		return
	}
	t := chosen.Value.(*ticket)
	t.waitsNoMore()
	t.cut()
}

// peer finds or makes what is known of an address.
func (g *guard) peer(key netip.Prefix, now time.Time) *peer {
	if p := g.peers[key]; p != nil {
		return p
	}
	if len(g.peers) >= maxPeers {
		g.forget(now)
	}
	p := &peer{}
	g.peers[key] = p
	return p
}

// forget drops addresses that nothing has to be known of any more; when that are
// none, others without a connection.
func (g *guard) forget(now time.Time) {
	for _, old := range []func(*peer) bool{
		func(p *peer) bool { return now.Sub(p.last) > forgetWrong && now.Sub(p.goodAt) > forgetGood },
		func(p *peer) bool { return p.goodAt.IsZero() },
		func(*peer) bool { return true },
	} {
		for key, p := range g.peers {
			if p.open == 0 && old(p) {
				delete(g.peers, key)
			}
		}
		if len(g.peers) < maxPeers {
			return
		}
	}
}

// attempt tells how long the client has to wait before its login is checked; false:
// it is not checked at all.
func (g *guard) attempt(t *ticket, now time.Time) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.peers[t.key]
	if now.Sub(p.last) > forgetWrong {
		p.wrong = 0
	}
	if now.Sub(g.minute) >= time.Minute {
		g.minute, g.wrong = now, 0
	}
	if g.wrong >= g.limits.Wrong && now.Sub(p.goodAt) > forgetGood {
		return 0, false
	}
	if p.wrong == 0 {
		return 0, true
	}
	at := p.next
	if at.Before(now) {
		at = now
	}
	if at.Sub(now) > longest {
		return 0, false
	}
	p.next = at.Add(delayAfter(p.wrong)) // the next one comes after this one
	return at.Sub(now), true
}

func delayAfter(wrong int) time.Duration {
	return min(firstDelay<<min(wrong-1, 10), longest)
}

// failed counts a wrong password.
func (g *guard) failed(t *ticket, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.peers[t.key]
	p.wrong++
	p.last = now
	g.wrong++
	if at := now.Add(delayAfter(p.wrong)); at.After(p.next) {
		p.next = at
	}
}

// succeeded forgets the wrong passwords of the address. False: the connection was cut
// off meanwhile, since others needed its place.
func (g *guard) succeeded(t *ticket, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.place == nil {
		return false
	}
	p := g.peers[t.key]
	p.wrong, p.next, p.goodAt = 0, time.Time{}, now
	t.waitsNoMore()
	return true
}

// waitsNoMore takes the connection from those that wait. The caller holds the lock.
func (t *ticket) waitsNoMore() {
	t.guard.waiting.Remove(t.place)
	t.place = nil
	t.guard.peers[t.key].waiting--
}

// leave gives the connection's place back. It is called once.
func (t *ticket) leave() {
	g := t.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.place != nil {
		t.waitsNoMore()
	}
	g.open--
	p := g.peers[t.key]
	if p.open--; p.open == 0 && p.wrong == 0 && p.goodAt.IsZero() {
		delete(g.peers, t.key)
	}
}
