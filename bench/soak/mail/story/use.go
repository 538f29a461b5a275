//go:build unix

package story

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// owner is whose mailbox it is, at the source.
type owner struct {
	user    string
	seed    uint64
	random  *rand.Rand
	source  *mailtest.Server
	churned int
}

// use is what the owner of the mailbox, and its server, do between two passes.
func (t *owner) use(ctx context.Context) error {
	t.churned++
	a := t.source.Account(t.user)
	switch t.random.IntN(6) {
	case 0, 4, 5: // new mail
		fresh := mailtest.Corpus{Messages: 80, Seed: t.seed*1000 + uint64(t.churned), Folders: 12, MedianBytes: 3000, Prefix: fmt.Sprintf("new%d-", t.churned)}
		var all []mailtest.Message
		for i := range fresh.Messages {
			all = append(all, fresh.Message(i))
		}
		return mailtest.Append(ctx, a, all...)
	case 1: // read, flagged
		return mailtest.Do(ctx, a, func(c *imapclient.Client) error {
			if _, err := c.Select("INBOX", nil).Wait(); err != nil {
				return err
			}
			var set imap.SeqSet
			set.AddRange(1, uint32(1+t.random.IntN(20)))
			op := []imap.StoreFlagsOp{imap.StoreFlagsAdd, imap.StoreFlagsDel}[t.random.IntN(2)]
			return c.Store(set, &imap.StoreFlags{Op: op, Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged, "Later"}, Silent: true}, nil).Close()
		})
	case 2: // the server numbers a folder anew
		if err := t.source.Kill(); err != nil {
			return err
		}
		if err := t.source.ResetUIDValidity(t.user, "INBOX"); err != nil {
			return err
		}
		return t.source.Start(ctx)
	default: // a new folder
		name := fmt.Sprintf("새 폴더 %d", t.churned)
		return mailtest.Append(ctx, a, mailtest.Message{Folder: name, Raw: []byte("Subject: " + name + "\r\n\r\nbody\r\n")})
	}
}

// next sums UIDNEXT over all folders: it grows with every message that is put.
func next(ctx context.Context, a mailtest.Account) (sum int64, err error) {
	err = mailtest.Do(ctx, a, func(c *imapclient.Client) error {
		list, err := c.List("", "*", nil).Collect()
		if err != nil {
			return err
		}
		for _, l := range list {
			status, err := c.Status(l.Mailbox, &imap.StatusOptions{UIDNext: true}).Wait()
			if err != nil {
				return err
			}
			sum += int64(status.UIDNext)
		}
		return nil
	})
	return sum, err
}
