package mailbox

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// TestTogether: sessions that put, flag, read, copy and expunge in one mailbox at
// once, for the race detector; nothing is lost, and no body is another's.
func TestTogether(t *testing.T) {
	how := inferred()
	how.Connections = 0
	s := start(t, Options{Behaviour: how})
	const sessions, each = 5, 30
	var wg sync.WaitGroup
	for n := range sessions {
		wg.Go(func() {
			if err := busy(s, n, each); err != nil {
				t.Errorf("session %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	c := dial(t, s, "a@acme.co.kr")
	want(t, "left in INBOX", c.open("INBOX").NumMessages, sessions*each*2/3)
	seen := map[string]bool{}
	list, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	c.ok(err)
	for _, m := range list {
		seen[string(m.BodySection[0].Bytes)] = true
	}
	want(t, "different bodies", len(seen), sessions*each*2/3)
	want(t, "copies", c.open("Trash").NumMessages, sessions*each/3)
}

// busy puts messages; of three it keeps two, and copies the third before it goes.
func busy(s *Server, n, each int) error {
	c, err := imapclient.DialInsecure(s.Addr(), nil)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Login("a@acme.co.kr", "app-a@acme.co.kr").Wait(); err != nil {
		return err
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		return err
	}
	for i := range each {
		body := fmt.Sprintf("session %d message %d %s", n, i, strings.Repeat("x", i*100))
		cmd := c.Append("INBOX", int64(len(body)), nil)
		if _, err := io.WriteString(cmd, body); err != nil {
			return err
		}
		if err := cmd.Close(); err != nil {
			return err
		}
		put, err := cmd.Wait()
		if err != nil {
			return err
		}
		own := imap.UIDSetNum(put.UID)
		list, err := c.Fetch(own, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Collect()
		if err != nil {
			return err
		}
		if len(list) != 1 || string(list[0].BodySection[0].Bytes) != body {
			return fmt.Errorf("message %d came back as %+v", i, list)
		}
		if i%3 > 0 {
			continue
		}
		if _, err := c.Copy(own, "Trash").Wait(); err != nil {
			return err
		}
		if err := c.Store(own, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		if err := c.UIDExpunge(own).Close(); err != nil {
			return err
		}
	}
	return nil
}
