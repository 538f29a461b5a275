//go:build unix

package imap_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

func TestScansOfServersThatLie(t *testing.T) {
	message := func(uid int) string {
		return fmt.Sprintf("S: * %d FETCH (UID %d FLAGS () %s RFC822.SIZE 10)\n", uid, uid, when)
	}
	open := "C: EXAMINE .*\nC: UID FETCH 1:\\* .*\nS: * 4 EXISTS\nS: * OK [UIDVALIDITY 3] v\nS: $ OK\n"
	for _, c := range []struct {
		name, script string
		want         []string
		class        diag.Class
		next         int64
	}{
		{name: "out of order and twice", script: open + message(7) + message(2) + message(7) + message(9) + message(4) + "S: $ OK", want: []string{"2", "4", "7", "9"}, next: 10},
		{name: "messages that went", script: open + message(2) + "S: * 1 EXPUNGE\nS: * 1 EXPUNGE\nS: * 1 EXPUNGE\nS: $ OK", want: []string{"2"}, next: 3},
		{name: "messages kept back", script: open + message(2) + message(3) + "S: $ OK", want: []string{"2", "3"}, class: diag.Unavailable, next: 4},
		{name: "refused at first", script: open + message(2) + "S: $ NO try again\nC: UID FETCH 1:\\* .*\n" + message(2) + message(3) + message(4) + message(5) + "S: $ OK", want: []string{"2", "3", "4", "5"}, next: 6},
		{name: "never told in full", script: open + message(2) + "S: $ NO broken" + strings.Repeat("\nC: UID FETCH 1:\\* .*\n"+message(2)+"S: $ NO broken", 4), want: []string{"2"}, class: diag.Invalid, next: 3},
		{name: "limited", script: open + message(2) + "S: $ BAD Request is throttled. Suggested Backoff Time: 1000 milliseconds", class: diag.Limited, next: 1},
		{name: "empty and unwilling", script: "C: EXAMINE .*\nC: UID FETCH 1:\\* .*\nS: * 0 EXISTS\nS: * OK [UIDVALIDITY 3] v\nS: $ OK\nS: $ BAD Invalid messageset", next: 1},
		{name: "gone", script: "C: EXAMINE .*\nC: UID FETCH 1:\\* .*\nS: $ NO Mailbox does not exist\nS: $ BAD nothing selected", class: diag.NotFound},
		{name: "refused for good", script: strings.Repeat("C: EXAMINE .*\nC: UID FETCH 1:\\* .*\nS: $ NO no\nS: $ BAD nothing selected\n", 5), class: diag.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reading(t, scripted(t, "", c.script))
			items, now, err := scan(t.Context(), r, providers.Folder{ID: "INBOX", Epoch: "3"}, providers.Scan{})
			var have []string
			for _, it := range items {
				have = append(have, strings.TrimLeft(it.Key, "0"))
			}
			wantTold(t, have, c.want)
			if diag.ClassOf(err) != c.class {
				t.Errorf("ended with %v", err)
			}
			if now.Next != c.next {
				t.Errorf("next is %d, want %d", now.Next, c.next)
			}
		})
	}
}

// TestNoModSequences: what a mark promised may be gone; then all is told.
func TestNoModSequences(t *testing.T) {
	r := reading(t, scripted(t, "CONDSTORE", `
C: EXAMINE "INBOX" \(CONDSTORE\)
C: UID FETCH 1:\* .* \(CHANGEDSINCE 77\)
S: * 1 EXISTS
S: * OK [UIDVALIDITY 3] v
S: * OK [UIDNEXT 6] n
S: * OK [NOMODSEQ] none
S: $ OK
S: $ BAD no mod-sequences here
C: EXAMINE "INBOX" .*
C: UID FETCH 1:\* \(UID FLAGS INTERNALDATE RFC822.SIZE\)
S: * 1 EXISTS
S: * OK [UIDVALIDITY 3] v
S: * OK [UIDNEXT 6] n
S: $ OK
S: * 1 FETCH (UID 5 FLAGS () `+when+` RFC822.SIZE 10)
S: $ OK`))
	items, now, err := scan(t.Context(), r, providers.Folder{ID: "INBOX", Epoch: "3"}, providers.Scan{Since: "5;1;77"})
	if err != nil || len(items) != 1 || now.Mark != "" {
		t.Errorf("%v of %v: %v", items, now, err)
	}
}

func TestScansInWindows(t *testing.T) {
	message := func(uid int) string {
		return fmt.Sprintf("S: * %d FETCH (UID %d FLAGS () %s RFC822.SIZE 10)\n", uid, uid, when)
	}
	stop := errors.New("enough")
	script := `
C: EXAMINE .*
C: UID FETCH 1:2048 .*
C: UID FETCH 2049:4096 .*
S: * 3 EXISTS
S: * OK [UIDNEXT 6000] n
S: * OK [UIDVALIDITY 3] v
S: $ OK
` + message(1) + message(2000) + `
S: $ OK
C: UID FETCH 4097:\* .*
S: $ OK
` + message(5000) + `
S: $ OK
C: UID FETCH 5000:\* .*
` + message(5000) + `
S: $ OK
C: EXAMINE .*
C: UID FETCH 5001:\* .*
S: * 4 EXISTS
S: * OK [UIDNEXT 6000] n
S: * OK [UIDVALIDITY 3] v
S: $ OK
` + message(5000) + `
S: $ OK`
	r := reading(t, scripted(t, "", script))
	f := providers.Folder{ID: "INBOX", Epoch: "3", Items: 3000, Next: 6000}
	var have []string
	_, err := r.Scan(t.Context(), f, providers.Scan{}, func(it providers.Item) error {
		if have = append(have, it.Key); len(have) == 3 {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Errorf("ended with %v", err)
	}
	items, now, err := scan(t.Context(), r, f, providers.Scan{From: "0000005000"})
	if err != nil || len(items) != 1 || now.Next != 6000 || now.Items != 3 {
		t.Errorf("went on with %v of %v: %v", items, now, err)
	}
	// Another connection, or another folder in between: opened anew. What n:* yields
	// before n is left out.
	other := providers.Folder{ID: "Other", Epoch: "3"}
	if items, now, err = scan(t.Context(), r, other, providers.Scan{From: "0000005001"}); err != nil || len(items) != 0 || now.Items != 4 {
		t.Errorf("went on with %v of %v: %v", items, now, err)
	}
	wantTold(t, have, []string{"0000000001", "0000002000", "0000005000"})
}
