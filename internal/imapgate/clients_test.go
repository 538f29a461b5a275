package imapgate

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// corpus is what clients read: a few messages in a few folders, or 20,000 in 30 with
// ISA_GATEWAY_MESSAGES=20000.
func corpus(t testing.TB, few int) mailtest.Corpus {
	t.Helper()
	c := mailtest.Corpus{Messages: few, Folders: 8, Seed: 7}
	if n, err := strconv.Atoi(os.Getenv("ISA_GATEWAY_MESSAGES")); err == nil && n > 0 {
		c.Messages, c.Folders = n, 30
	}
	return c
}

// whole fails unless the offer was told that every message went out.
func (f *file) whole(t testing.TB, folders ...string) {
	t.Helper()
	all := 0
	for i := range f.folders {
		if len(folders) == 0 || strings.Join(f.folders[i].Path, "/") == folders[0] {
			all += len(f.messages[i])
		}
	}
	if all == 0 {
		t.Error("there was nothing to read")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range f.complete {
		if f.begun[p] == 0 {
			t.Errorf("%v is complete and was never begun", p)
		}
	}
	if len(f.complete) != all {
		t.Errorf("%d messages are complete, want %d", len(f.complete), all)
	}
}

// TestLibraryClient: go-imap's client, all bytes, flags and dates.
func TestLibraryClient(t *testing.T) {
	c := corpus(t, 400)
	f := corpusFile(t, c)
	g := start(t, f)
	got, err := mailtest.Read(t.Context(), g.account())
	if err != nil {
		t.Fatal(err)
	}
	differences(t, mailtest.Comparison{}, c.Mailbox(), got)
	f.whole(t)
	for i, folder := range f.folders[:2] {
		described(t, g, strings.Join(folder.Path, "/"), min(len(f.messages[i]), 20))
	}
}

// TestHostile: mail that breaks programs, byte by byte.
func TestHostile(t *testing.T) {
	var list []mailtest.Message
	for _, a := range mailtest.Hostile("INBOX", 300<<10) {
		list = append(list, a.Message)
	}
	f := messages(t, list...)
	g := start(t, f)
	got, err := mailtest.Read(t.Context(), g.account())
	if err != nil {
		t.Fatal(err)
	}
	expected := mailtest.Mailbox{}
	for _, m := range list {
		expected[m.Folder] = append(expected[m.Folder], m.Seen())
	}
	differences(t, mailtest.Comparison{}, expected, got)
	f.whole(t)
	described(t, g, "INBOX", len(list))
}

// described fails unless the library's client understands ENVELOPE, BODYSTRUCTURE and
// BODY of all messages of a folder, and each part is as long as it is said to be.
func described(t *testing.T, g *gate, folder string, count int) {
	t.Helper()
	parts := 0
	err := mailtest.Do(t.Context(), g.account(), func(c *imapclient.Client) error {
		if _, err := c.Select(folder, nil).Wait(); err != nil {
			return err
		}
		for n := range count {
			for _, extended := range []bool{true, false} {
				list, err := c.Fetch(imap.SeqSetNum(uint32(n+1)), &imap.FetchOptions{Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: extended}}).Collect()
				if err != nil {
					return fmt.Errorf("message %d: %w", n+1, err)
				}
				if len(list) != 1 || list[0].Envelope == nil || list[0].BodyStructure == nil {
					return fmt.Errorf("message %d: %+v", n+1, list)
				}
				if extended {
					k, err := measured(c, uint32(n+1), list[0].BodyStructure)
					if parts += k; err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if parts < count {
		t.Errorf("only %d parts", parts)
	}
}

// measured fetches the single parts of a message, the first ten of them.
func measured(c *imapclient.Client, n uint32, root imap.BodyStructure) (parts int, err error) {
	root.Walk(func(path []int, s imap.BodyStructure) bool {
		single, is := s.(*imap.BodyStructureSinglePart)
		if !is || err != nil || parts == 10 {
			return err == nil
		}
		section := &imap.FetchItemBodySection{Part: path, Peek: true}
		var list []*imapclient.FetchMessageBuffer
		if list, err = c.Fetch(imap.SeqSetNum(n), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}).Collect(); err != nil {
			return false
		}
		parts++
		if got := len(list[0].FindBodySection(section)); got != int(single.Size) {
			err = fmt.Errorf("message %d, part %v: %d bytes, said to be %d", n, path, got, single.Size)
		}
		return true
	})
	return parts, err
}

func differences(t testing.TB, o mailtest.Comparison, source, target mailtest.Mailbox) {
	t.Helper()
	for i, d := range o.Compare(source, target) {
		if i == 20 {
			t.Fatal("and more")
		}
		t.Error(d)
	}
}
