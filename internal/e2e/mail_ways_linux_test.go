package e2e

import "github.com/isaworks/isa/internal/mailtest"

// ways are the pairs of servers that mail is moved between in tests. Cyrus runs on
// Linux only.
func ways() []way {
	return []way{
		{"Dovecot to Dovecot", mailtest.Dovecot, 20_000, mailtest.Comparison{}},
		{"Dovecot to Cyrus", mailtest.Cyrus, 4000, mailtest.Comparison{AnyCase: true}},
		{"Dovecot to the sandbox", nil, 4000, mailtest.Comparison{AnyCase: true}},
	}
}
