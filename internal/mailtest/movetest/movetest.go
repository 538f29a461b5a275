//go:build unix

// Package movetest moves origins of mail through the engine into a real mailbox.
package movetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/imap"
	"github.com/isaworks/isa/state/ledger"
)

// Mover moves an origin into a mailbox of a Dovecot, by the engine.
type Mover struct {
	t       testing.TB
	origin  providers.Origin
	server  *mailtest.Server
	options content.Options
}

// Moving makes a Mover with a mailbox and a ledger of its own.
func Moving(t testing.TB, o providers.Origin) *Mover {
	t.Helper()
	s := mailtest.Dovecot(t, mailtest.Options{})
	l, err := ledger.Open(t.Context(), filepath.Join(sourcetest.Memory(t), "isa.state.ledger"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	target := imap.Target(imap.Account{Addr: s.IMAP, Security: imap.Plain, User: "user",
		Secret: func(context.Context) (string, error) { return mailtest.Password, nil }}, providers.Limits{})
	job := content.Job{Name: "mail_migration.test", Phase: content.Presync, Origin: o, Target: target, Map: same}
	return &Mover{t, o, s, content.Options{Ledger: l, Jobs: []content.Job{job}}}
}

// same maps every folder to one of the same name.
func same(folders []providers.Folder) []content.Mapping {
	var out []content.Mapping
	for _, f := range folders {
		m := content.Mapping{Folder: f, Path: f.Path}
		if f.Use == providers.UseInbox {
			m.Use = f.Use
		}
		out = append(out, m)
	}
	return out
}

// Pass makes a pass, which has to move copied items, and nothing else.
func (m *Mover) Pass(copied int64) content.JobReport {
	m.t.Helper()
	j := m.Any()
	if len(j.Moved) > 1 || j.Moved[providers.Copied].Items != copied {
		m.t.Fatalf("the pass moved %v, want %d copied", j.Moved, copied)
	}
	return j
}

// Any makes a pass that has to be complete.
func (m *Mover) Any() content.JobReport {
	m.t.Helper()
	report, err := content.Run(m.t.Context(), m.options)
	if err != nil {
		m.t.Fatal(err)
	}
	j := report.Jobs[0]
	if j.Err != nil || len(j.Failures) > 0 || !j.Complete || !j.Balanced {
		m.t.Fatalf("the pass: %v, failures %v, sums %v, notes %v", j.Err, j.Failures, j.Sums, j.Notes)
	}
	return j
}

// Holds fails the test with what the mailbox does not hold of what is wanted.
func (m *Mover) Holds(want mailtest.Mailbox, o mailtest.Comparison) {
	m.t.Helper()
	have, err := mailtest.Read(m.t.Context(), m.server.Account("user"))
	if err != nil {
		m.t.Fatal(err)
	}
	sourcetest.Differ(m.t, o.Compare(want, have))
}
