package imapgate

import (
	"math/rand/v2"
	"net/netip"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/rawmail"
)

// TestDelays: each wrong password makes the address wait longer, and the right one
// ends that.
func TestDelays(t *testing.T) {
	g := newGuard(Limits{}.complete(), nil)
	now := time.Unix(2e9, 0)
	k, _ := g.admit(netip.MustParseAddr("192.0.2.1"), now, func() {})
	var waited []time.Duration
	for range 9 {
		d, checked := g.attempt(k, now)
		if !checked {
			t.Fatal("not checked")
		}
		now = now.Add(d)
		waited = append(waited, d)
		g.failed(k, now)
	}
	want(t, "waited", waited, "[0s 500ms 1s 2s 4s 8s 16s 30s 30s]")
	other, _ := g.admit(netip.MustParseAddr("192.0.2.2"), now, func() {})
	d, checked := g.attempt(other, now)
	want(t, "another address", []any{d, checked}, "[0s true]")
	d, _ = g.attempt(k, now)
	_, second := g.attempt(k, now)
	want(t, "two at once", []any{d, second}, "[30s false]")
	if !g.succeeded(k, now) {
		t.Error("no room")
	}
	d, _ = g.attempt(k, now)
	want(t, "after the right one", d, "0s")
}

// TestManyWrong: after so many from everywhere, only addresses that were right before
// may try.
func TestManyWrong(t *testing.T) {
	g := newGuard(Limits{Wrong: 100}.complete(), nil)
	now := time.Unix(2e9, 0)
	good, _ := g.admit(netip.MustParseAddr("192.0.2.1"), now, func() {})
	g.attempt(good, now)
	g.succeeded(good, now)
	refused := 0
	for i := range 1000 {
		k, _ := g.admit(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), now, func() {})
		if _, checked := g.attempt(k, now); checked {
			g.failed(k, now)
		} else {
			refused++
		}
		k.leave()
	}
	want(t, "refused", refused, 900)
	_, checked := g.attempt(good, now)
	want(t, "who was right before", checked, true)
	k, _ := g.admit(netip.MustParseAddr("203.0.113.1"), now.Add(time.Minute), func() {})
	_, checked = g.attempt(k, now.Add(time.Minute))
	want(t, "a minute later", checked, true)
}

// TestPeersAreForgotten: addresses take bounded memory.
func TestPeersAreForgotten(t *testing.T) {
	g := newGuard(Limits{Wrong: 1 << 30}.complete(), nil)
	now := time.Unix(2e9, 0)
	var a [16]byte
	for i := range 3 * maxPeers {
		a[0], a[5], a[6], a[7] = 0x20, byte(i>>16), byte(i>>8), byte(i)
		k, _ := g.admit(netip.AddrFrom16(a), now, func() {})
		g.attempt(k, now)
		g.failed(k, now)
		k.leave()
	}
	if len(g.peers) > maxPeers {
		t.Errorf("%d addresses are remembered", len(g.peers))
	}
	a[15] = 9 // of the same /64
	k, _ := g.admit(netip.AddrFrom16(a), now, func() {})
	d, _ := g.attempt(k, now)
	want(t, "another address of the same network", d, "500ms")
}

// TestMakeRoom: who has waited longest goes, unless it is somebody who was right
// before.
func TestMakeRoom(t *testing.T) {
	g := newGuard(Limits{Waiting: 8}.complete(), nil)
	now := time.Unix(2e9, 0)
	cut := ""
	admit := func(addr, name string) *ticket {
		k, reason := g.admit(netip.MustParseAddr(addr), now, func() { cut += name })
		if k == nil {
			t.Fatal(reason)
		}
		return k
	}
	known := admit("192.0.2.1", "a")
	g.succeeded(known, now)
	known.leave()
	admit("192.0.2.1", "b")
	stranger := admit("192.0.2.2", "c")
	for i := range 6 {
		admit("192.0.2."+itoa(3+i), "d")
	}
	want(t, "cut before it is necessary", cut, "")
	admit("192.0.2.9", "e")
	admit("192.0.2.1", "f")
	want(t, "cut", cut, "cd")
	k, reason := g.admit(netip.MustParseAddr("192.0.2.1"), now, nil)
	want(t, "more than a quarter from one address", []any{k == nil, reason}, "[true too many connections of one address]")
	want(t, "too late", g.succeeded(stranger, now), false)
	stranger.leave()
	want(t, "open", g.open, 9)
}

// TestJoin: spans as a set of numbers.
func TestJoin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var list []rawmail.Span
		var have [40]bool
		for range 12 {
			from := r.IntN(40)
			to := from + r.IntN(41-from)
			list = join(list, rawmail.Span{From: int64(from), To: int64(to)})
			for i := from; i < to; i++ {
				have[i] = true
			}
		}
		var got [40]bool
		last := int64(-1)
		for _, s := range list {
			if s.From <= last || s.Size() <= 0 {
				t.Fatalf("%v are not in order or touch", list)
			}
			last = s.To
			for i := s.From; i < s.To; i++ {
				got[i] = true
			}
		}
		if got != have {
			t.Fatalf("%v, want %v", list, have)
		}
	}
}

// TestWildcard compares with package path, whose "*" is our "%".
func TestWildcard(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	text := func(n int, from string) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteByte(from[r.IntN(len(from))])
		}
		return b.String()
	}
	for range 20_000 {
		name, pattern := text(8, "ab/"), text(6, "ab/%%")
		expected, err := path.Match(strings.ReplaceAll(pattern, "%", "*"), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := wildcard(name, pattern); got != expected {
			t.Fatalf("%q in %q: %v", name, pattern, got)
		}
	}
	for pattern, expected := range map[string]bool{"*": true, "a*c": true, "a%c": false, "*/*": true, "a/%": false, "a/%/c": true, "": false} {
		want(t, pattern, wildcard("a/b/c", pattern), expected)
	}
}
