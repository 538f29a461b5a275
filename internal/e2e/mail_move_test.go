//go:build unix

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestMailIsTheSame moves 30 folders with Korean names and all kinds of mail from one
// server to another, then what is new, then nothing: byte for byte, flags, keywords and
// dates too, nothing twice, and each pass no more than it has to. MAIL_MESSAGES=20000 in
// the environment is that many messages for each pair of servers.
func TestMailIsTheSame(t *testing.T) {
	number := os.Getenv("MAIL_MESSAGES")
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			if number != "" {
				n, err := strconv.Atoi(number)
				if err != nil || n < 1000 {
					t.Fatalf("MAIL_MESSAGES=%s is no number from 1000 on", number)
				}
				way.messages = n
			}
			m := newMove(t, moveOptions{target: way.target, phase: "presync"})
			corpus := mailtest.Corpus{Messages: way.messages}
			if err := m.source.Load("kim", corpus); err != nil {
				t.Fatal(err)
			}
			m.must(t, 0, m.dir, "survey").says(t, fmt.Sprintf("kim kim 30 %s", thousands(way.messages)))
			m.must(t, 0, m.dir, "apply", "--yes", "--wave", "one").says(t,
				fmt.Sprintf("%s messages to move in 1 mailbox, wave.one to presync", thousands(way.messages)),
				fmt.Sprintf("%s copied", thousands(way.messages)))
			m.same("kim", way.comparison)
			m.empty(t, m.dir)

			fresh := mailtest.Corpus{Messages: 200, Seed: 9, Prefix: "new"}
			var messages []mailtest.Message
			reset := 0 // known messages of the folder that is numbered anew
			for i := range fresh.Messages {
				messages = append(messages, fresh.Message(i))
			}
			for i := range corpus.Messages {
				if corpus.Message(i).Folder == "프로젝트" {
					reset++
				}
			}
			if err := m.source.LoadMessages("kim", messages...); err != nil {
				t.Fatal(err)
			}
			m.as("kim", flag("Archive", 1, 50, "$Changed"))
			m.as("kim", rename("총무", "총무팀"))
			if err := m.source.ResetUIDValidity("kim", "프로젝트"); err != nil {
				t.Fatal(err)
			}
			m.sync(0).says(t, "1 mailbox passed over", " 200 copied", "50 flag changes, 1 renamed folder", fmt.Sprintf("%d messages found again", reset))
			m.same("kim", way.comparison)
			m.sync(0).says(t, ": nothing new.")
			m.must(t, 0, m.dir, "verify", "--full").says(t, "Both ends are the same")
			m.empty(t, m.dir)
			if s := m.status(); !s.Balanced || s.Total["copied"].Items != int64(way.messages+200) || s.Total.all() != int64(way.messages+200) {
				t.Errorf("the sums are %s", s.Total.text())
			}
		})
	}
}

// way is one pair of servers.
type way struct {
	name       string
	target     func(testing.TB, mailtest.Options) *mailtest.Server
	messages   int
	comparison mailtest.Comparison
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
