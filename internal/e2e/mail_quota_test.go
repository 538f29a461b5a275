//go:build unix

package e2e

import (
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// fullMail is what is moved into mailboxes that are too small.
const fullMail = 300

// whole wants all mail to be there once, and the next pass to have nothing to do.
func (m *move) whole(who string) {
	m.t.Helper()
	m.sync(0, m.address(who))
	m.same(who, mailtest.Comparison{})
	if s := m.status(m.address(who)); !s.Balanced || s.Total["copied"].Items+s.Total["adopted"].Items != fullMail {
		m.t.Errorf("the sums are %s", s.Total.text())
	}
	m.sync(0, m.address(who)).says(m.t, ": nothing new.")
}

// TestMailQuota: the new mailbox holds less than there is to move. The pass ends, says
// what helps, and leaves the rest pending; other mailboxes are moved. When there is room
// the next pass moves the rest, once.
func TestMailQuota(t *testing.T) {
	t.Parallel()
	var target *mailtest.Server
	m := newMove(t, moveOptions{who: []string{"kim", "lee"}, target: func(t testing.TB, o mailtest.Options) *mailtest.Server {
		o.Quota = 1_500_000
		target = mailtest.Dovecot(t, o)
		return target
	}})
	if err := m.source.Load("kim", mailtest.Corpus{Messages: fullMail, Folders: 6, MedianBytes: 20_000}); err != nil {
		t.Fatal(err)
	}
	if err := m.source.Load("lee", mailtest.Corpus{Messages: 20, MedianBytes: 2_000}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one finds it as full as the first left it
		m.sync(3).says(t, "Failed: kim", "there is no room", "Quota exceeded", "make room in the mailbox or raise its quota", "run isa sync again")
	}
	if s := m.status(m.address("kim")); s.Total["copied"].Items+s.Total["pending"].Items != fullMail || s.Total["copied"].Items == 0 || s.Total["pending"].Items == 0 {
		t.Errorf("the sums are %s", s.Total.text())
	}
	if s := m.status(m.address("lee")); !s.Balanced || s.Total["copied"].Items != 20 {
		t.Errorf("of the other mailbox they are %s", s.Total.text())
	}
	if err := target.SetQuota(t.Context(), 100_000_000); err != nil {
		t.Fatal(err)
	}
	m.whole("kim")
}
