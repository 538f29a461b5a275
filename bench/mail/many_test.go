//go:build unix

package main

import (
	"fmt"
	"testing"
	"time"
)

// Lines arrive in pieces; only those about a mailbox that ended count, once each.
func TestEndsOfMailboxes(t *testing.T) {
	e := &ends{}
	text := `waiting: kim@acme.co.kr  mail_migration.staff["kim"]: the server asks to wait
lee@acme.co.kr  mail_migration.staff["lee"]: 50 copied (0.1 MB) (1 of 3 mailboxes)
failed: kim@acme.co.kr  mail_migration.staff["kim"], folder INBOX: no
kim@acme.co.kr  mail_migration.staff["kim"]: 5,000 copied (9.8 MB) (2 of 3 mailboxes)
park@acme.co.kr  mail_migration.staff["park"]: nothing new (3 of 3 mailboxes)
3 mailboxes passed over in 2 s.
`
	for i := range len(text) {
		if _, err := fmt.Fprint(e, text[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	small, at := e.of("kim")
	if len(small) != 2 || len(e.at) != 3 || at < small[0] || at > small[1] {
		t.Errorf("small mailboxes ended after %v, the large one after %v", small, at)
	}
}

func TestSpreadOfEnds(t *testing.T) {
	var ended []time.Duration
	for i := range 20 {
		ended = append(ended, time.Duration(i+1)*time.Second)
	}
	if got, want := spread(ended, 20*time.Second), "5 %, 20 %, 45 %, 70 %, 85 %"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
