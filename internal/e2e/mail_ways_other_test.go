//go:build unix && !linux

package e2e

import "github.com/isaworks/isa/internal/mailtest"

// ways are the pairs of servers that mail is moved between in tests.
func ways() []way {
	return []way{
		{"Dovecot to Dovecot", mailtest.Dovecot, 20_000, mailtest.Comparison{}},
		{"Dovecot to the sandbox", nil, 4000, mailtest.Comparison{AnyCase: true}},
	}
}
