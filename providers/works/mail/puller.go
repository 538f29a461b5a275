// Package mail lets NAVER WORKS fetch mail for itself, and forward it, over
// providers/works/api.
//
// Facts come from reference/api/40-mail.md (cited as 40).
package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/works/api"
)

// Mailbox is a member's mailbox as isa names it.
type Mailbox struct {
	User string // the member's ID or login address
	Name string // what the append route calls it: its Target.Name()
	Host string // what limits count by
	// Looking is how long a run is looked for whose start was not answered; 0 is 30
	// seconds. The service logs in before it answers, more than 10 seconds when that
	// fails.
	Looking time.Duration
}

// defaultLooking is Mailbox.Looking when it is 0.
const defaultLooking = 30 * time.Second

// Puller returns the route by which the service fills a mailbox itself (40 §2). The
// client needs the scope mail. All methods of the result but Start may be called at
// any time.
func Puller(client *api.Client, box Mailbox) providers.Puller {
	if box.Looking <= 0 {
		box.Looking = defaultLooking
	}
	return &puller{client, box}
}

type puller struct {
	client *api.Client
	box    Mailbox
}

func (p *puller) Name() string { return p.box.Name }
func (p *puller) Host() string { return p.box.Host }

// Start looks for the run first, so that repeating it starts no second one.
func (p *puller) Start(ctx context.Context, from providers.Pickup) error {
	if known, err := p.known(ctx, from); known || err != nil {
		return err
	}
	err := p.client.StartIMAPMigration(ctx, p.box.User, api.IMAPSource{
		Host: from.Host, Port: from.Port, ImportedEmail: from.User, Password: api.NewSecret(from.Password), UseSSL: from.TLS,
	})
	switch class := diag.ClassOf(err); {
	case err == nil:
		return nil
	case diag.MayHaveHappened(err):
		return p.lost(ctx, from, err)
	case class == diag.Conflict, class == diag.Exists, class == diag.Invalid: // a run in progress may be told as any of them (40 §10)
		if known, seen := p.known(ctx, from); known || diag.ClassOf(seen) == diag.Conflict {
			return seen
		}
	}
	return explained(err, from)
}

// known reports whether the service knows the run, and refuses beside another one.
func (p *puller) known(ctx context.Context, from providers.Pickup) (bool, error) {
	run, err := p.Run(ctx)
	if err != nil {
		return false, err
	}
	ours := strings.EqualFold(run.User, from.User)
	switch {
	case run.State == providers.PullNone:
		return false, nil
	case ours:
		return true, nil
	case run.State == providers.PullRunning:
		return false, &diag.Failure{Class: diag.Conflict, Op: startOp,
			Detail: fmt.Sprintf("the service is fetching from %s for this member%s", orUnknown(run.User), since(run.Started)),
			Fix:    "wait until that run is done; if nobody wants it, its member ends it under mail settings > import external mail"}
	}
	return false, nil
}

// startOp is the operation that failures of Start name.
const startOp = "mail-migration-imap-create"

func orUnknown(user string) string {
	if user == "" {
		return "another account"
	}
	return user
}

func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", since " + t.Format("2006-01-02 15:04:05")
}

// lost looks for the run of a start that was not answered. It is not repeated: the
// service may still be logging in, and would run twice.
func (p *puller) lost(ctx context.Context, from providers.Pickup, cause error) error {
	end := time.Now().Add(p.box.Looking)
	for pause := p.box.Looking / 30; ; pause *= 2 {
		if known, err := p.known(ctx, from); known || diag.ClassOf(err) == diag.Conflict {
			return err
		}
		if left := time.Until(end); left <= 0 || wait(ctx, min(pause, left)) != nil {
			return cause
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// explained adds the way out of a refusal.
func explained(err error, from providers.Pickup) error {
	fix := ""
	switch {
	case diag.ClassOf(err) == diag.Invalid && from.Host != "":
		fix = fmt.Sprintf("the service logs in before it answers: see that %s, port %d, is reached from the internet, that its certificate is trusted publicly, and that the login is right", from.Host, from.Port)
	case api.StatusOf(err) == 403:
		fix = "see that Security > Mail Security > Import external email is on, that access is not limited to designated IP addresses, that the plan has mail, that the member has been let in and has signed in once, and that the app has the scope mail"
	default:
		return err
	}
	var f *diag.Failure
	if !errors.As(err, &f) {
		return err
	}
	told := *f
	told.Fix = fix
	return &told
}

// Run reads the status (40 §2.2).
func (p *puller) Run(ctx context.Context) (providers.PullRun, error) {
	m, err := p.client.IMAPMigration(ctx, p.box.User)
	if diag.ClassOf(err) == diag.NotFound && api.CodeOf(err) != "USER_NOT_EXIST" {
		return providers.PullRun{State: providers.PullNone}, nil
	}
	if err != nil {
		return providers.PullRun{}, explained(err, providers.Pickup{})
	}
	run := providers.PullRun{User: m.ImportedEmail, Total: m.TotalMailCount, Started: moment(m.StartedTime), Completed: moment(m.CompletedTime)}
	switch strings.ToLower(strings.TrimSpace(m.Status)) {
	case strings.ToLower(api.MigrationBefore), "":
		run.State = providers.PullNone
	case strings.ToLower(api.MigrationRunning):
		run.State = providers.PullRunning
	case strings.ToLower(api.MigrationDone):
		run.State = providers.PullDone
	default:
		return run, &diag.Failure{Class: diag.Unavailable, Op: "mail-migration-imap-get", Detail: fmt.Sprintf("the service tells of a state %.40q that isa does not know", m.Status),
			Fix: "look at the member's mail settings > import external mail, and report this"}
	}
	return run, nil
}

// moment reads a time of the service, which has no zone and is taken to be Korea's.
func moment(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, time.FixedZone("KST", 9*3600))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Forget removes the settings (40 §2.3).
func (p *puller) Forget(ctx context.Context) error {
	err := p.client.DeleteIMAPMigration(ctx, p.box.User)
	if diag.ClassOf(err) == diag.NotFound {
		return nil
	}
	return err
}

// POP3 is an account whose inbox the service is to fetch.
type POP3 struct {
	Host     string
	Port     int // 995 is TLS; there is no other way to say so (40 §3)
	User     string
	Password api.Secret
	Folder   string // 1–100 characters; "" the inbox
}

// StartPOP3 lets the service fetch an inbox into a member's mailbox (40 §3): all of
// it, or what is new when the same account was fetched before. No call tells what
// became of it, so that what it takes stays unproven. The service takes 10 accounts
// a member, 20 starts a day, and none for 24 hours after too many failed ones. A
// failure with diag.MayHaveHappened may have begun it.
func StartPOP3(ctx context.Context, client *api.Client, user string, from POP3) error {
	err := client.StartPOP3Migration(ctx, user, api.POP3Source{
		ID: from.User, Address: from.Host, Password: from.Password, Port: from.Port, IsNewFolder: from.Folder != "", NewFolderName: from.Folder,
	})
	if err == nil {
		return nil
	}
	return explained(err, providers.Pickup{Host: from.Host, Port: from.Port})
}
