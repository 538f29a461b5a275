package api

import "context"

// Of the mail API only this much is open to service accounts
// (reference/api/40-mail.md, section 0); it needs the scope "mail". Members are named
// by user ID or login address.

// IMAPSource is where the service is to fetch a mailbox from (section 2.1).
type IMAPSource struct {
	Host          string `json:"host"`
	Port          int    `json:"port"`
	ImportedEmail string `json:"importedEmail"` // an e-mail address, and the login
	Password      Secret `json:"password"`
	UseSSL        bool   `json:"useSsl"`
}

// IMAPMigration is what the service tells of a member's last migration (section 2.2).
// Times have no zone.
type IMAPMigration struct {
	StartedTime    string `json:"startedTime"`   // "2006-01-02 15:04:05"
	CompletedTime  string `json:"completedTime"` // "" until it is done
	TotalMailCount int64  `json:"totalMailCount"`
	Host           string `json:"host"`
	Port           int    `json:"port"`
	ImportedEmail  string `json:"importedEmail"`
	UseSSL         bool   `json:"useSsl"`
	Status         string `json:"status"` // MigrationBefore, MigrationRunning or MigrationDone
}

// The words of IMAPMigration.Status. A run that failed shows no word of its own.
const (
	MigrationBefore  = "Before migration"
	MigrationRunning = "In progress"
	MigrationDone    = "Completed"
)

// POP3Source is an account to fetch an inbox from (section 3).
type POP3Source struct {
	ID            string `json:"pop3Id"`
	Address       string `json:"pop3Address"`
	Password      Secret `json:"pop3Password"`
	Port          int    `json:"pop3Port"`
	IsNewFolder   bool   `json:"isNewFolder"`
	NewFolderName string `json:"newFolderName,omitempty"` // 1–100 characters, with IsNewFolder
}

// Forwarding is where the mail of a member goes on to (section 7). The service has
// no call that reads it.
type Forwarding struct {
	Email              string `json:"email"`
	IsSaveOriginalMail bool   `json:"isSaveOriginalMail"` // false: the original goes to Trash
}

func mailPath(user string) map[string]string { return map[string]string{"userId": user} }

// StartIMAPMigration begins a run. The service logs in to the source before it
// answers, which takes more than 10 seconds when the login fails. A failure with
// diag.MayHaveHappened may have begun it: look with IMAPMigration.
func (c *Client) StartIMAPMigration(ctx context.Context, user string, from IMAPSource) error {
	return c.Call(ctx, "mail-migration-imap-create", Request{Path: mailPath(user), Body: from}, nil)
}

// IMAPMigration tells of the last run. When nothing was ever registered, the service
// answers with MigrationBefore or, perhaps, with a failure of class NotFound.
func (c *Client) IMAPMigration(ctx context.Context, user string) (*IMAPMigration, error) {
	return one[IMAPMigration](ctx, c, "mail-migration-imap-get", Request{Path: mailPath(user)})
}

// DeleteIMAPMigration stops a run and removes all settings of the member.
func (c *Client) DeleteIMAPMigration(ctx context.Context, user string) error {
	return c.Call(ctx, "mail-migration-imap-delete", Request{Path: mailPath(user)}, nil)
}

// StartPOP3Migration fetches the inbox of an account, what is new when it was fetched
// before. There is no call that tells what became of it.
func (c *Client) StartPOP3Migration(ctx context.Context, user string, from POP3Source) error {
	return c.Call(ctx, "mail-migration-pop3-create", Request{Path: mailPath(user), Body: from}, nil)
}

// SetForwarding lets the service forward the mail of a member.
func (c *Client) SetForwarding(ctx context.Context, user string, f Forwarding) error {
	return c.Call(ctx, "mail-setting-forwarding-create", Request{Path: mailPath(user), Body: f}, nil)
}

// DeleteForwarding ends it.
func (c *Client) DeleteForwarding(ctx context.Context, user string) error {
	return c.Call(ctx, "mail-setting-forwarding-delete", Request{Path: mailPath(user)}, nil)
}
