//go:build unix

package pop3_test

import (
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/movetest"
	"github.com/isaworks/isa/providers/mail/pop3"
)

// TestMoving: every message of the inbox once, then only what came.
func TestMoving(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	all := inbox(153)
	if err := s.LoadMessages("user", all[:150]...); err != nil {
		t.Fatal(err)
	}
	m := movetest.Moving(t, pop3.Origin(account(s)))
	m.Pass(150)
	m.Holds(wanted(all[:150]), mailtest.Comparison{})
	m.Pass(0)
	if err := mailtest.Append(t.Context(), s.Account("user"), all[150:]...); err != nil {
		t.Fatal(err)
	}
	m.Pass(3)
	m.Holds(wanted(all), mailtest.Comparison{})
	m.Pass(0)
}
