package tenant

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// Gateway is a mail_gateway on this machine.
type Gateway struct {
	Port         string // of 127.0.0.1
	Certificates string // folder of cert.pem and key.pem
	Spool        string // folder
	Quota        string // of the spool, such as 200MB
	Batch        string // HCL of what is in batch
}

// Through lays out, in dir, what isa needs to move the mail of all members through a
// gateway: source is what is in the mail_source, open what opens it in each
// mail_migration, both HCL. dir must be empty or missing.
func (t *Tenant) Through(dir string, g Gateway, source, open string) (*Move, error) {
	return t.lay(dir, fmt.Sprintf(gatewayFile, g.Port, filepath.ToSlash(g.Certificates), filepath.ToSlash(g.Spool), g.Quota, g.Batch, source, open), "")
}

const gatewayFile = `mail_gateway "main" {
  host        = "127.0.0.1"
  port        = %[1]s
  listen      = "127.0.0.1:%[1]s"
  certificate = "%[2]s/cert.pem"
  key         = "%[2]s/key.pem"
  spool       = %[3]q
  quota       = %[4]q
  batch {
    interval = "0s"
    smallest = 1
%[5]s
  }
}

mail_source "old" {
%[6]s
}

mail_migration "staff" {
  for_each = member.staff
  member   = each.value
  source   = mail_source.old
  route    = "gateway"
  consent  = true
%[7]s
}
`

// Shown is the name that the sandbox shows of a folder which isa offered: mail of the
// folders that each mailbox has goes into those, whose names are Korean.
func Shown(place string) string {
	if name := map[string]string{"Sent": "보낸메일함", "Drafts": "임시보관함", "Junk": "스팸메일함", "Trash": "휴지통"}[place]; name != "" {
		return name
	}
	return place
}

// TakeNotices takes the service's notices out of the inbox and counts them, and those
// that tell of a run that was undone.
func TakeNotices(ctx context.Context, a mailtest.Account) (all, undone int, err error) {
	err = mailtest.Do(ctx, a, func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		list, err := search(c, imap.SearchCriteriaHeaderField{Key: "From", Value: "no-reply@isa-sandbox.invalid"})
		if err != nil || len(list) == 0 {
			return err
		}
		failed, err := search(c, imap.SearchCriteriaHeaderField{Key: "From", Value: "no-reply@isa-sandbox.invalid"}, imap.SearchCriteriaHeaderField{Key: "Subject", Value: "실패"})
		if err != nil {
			return err
		}
		all, undone = len(list), len(failed)
		if err := c.Store(imap.UIDSetNum(list...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close(); err != nil {
			return err
		}
		return c.Expunge().Close()
	})
	return all, undone, err
}

func search(c *imapclient.Client, fields ...imap.SearchCriteriaHeaderField) ([]imap.UID, error) {
	found, err := c.UIDSearch(&imap.SearchCriteria{Header: fields}, nil).Wait()
	if err != nil {
		return nil, err
	}
	return found.AllUIDs(), nil
}
