//go:build unix

package story

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/internal/mailtest"
)

// GatewayOptions say how a story of the gateway goes.
type GatewayOptions struct {
	Tenant       *tenant.Tenant // whose sandbox trusts both certificates
	Who          string         // the member, whose mailbox is empty
	Dir          string         // for files; it must not exist
	Certificates [2]string      // folders of cert.pem and key.pem
	Seed         uint64         // what happens, and when, follows from it
	Messages     int            // at first; 0: 250
	Kills        int            // passes in which something happens; 0: 6
}

// GatewayOutcome is what a story of the gateway took.
type GatewayOutcome struct {
	Outcome
	Gateway      int // services killed
	Rollbacks    int // runs that the service undid, by the notices it sent
	Forgotten    int // times at which the administrator forbade the import
	Certificates int // replaced
	Notices      int
	Named        int // messages that isa cannot promise, and names
}

// Add sums outcomes up.
func (o *GatewayOutcome) Add(other GatewayOutcome) {
	o.Outcome.Add(other.Outcome)
	o.Gateway += other.Gateway
	o.Rollbacks += other.Rollbacks
	o.Forgotten += other.Forgotten
	o.Certificates += other.Certificates
	o.Notices += other.Notices
	o.Named += other.Named
}

// gatewayTeller is a story of the gateway under way.
type gatewayTeller struct {
	GatewayOptions
	passes
	sum     *GatewayOutcome
	move    *tenant.Move
	service *tenant.Service // nil: passes serve themselves
	mailbox mailtest.Account
	served  int // which certificate
}

// TellGateway runs a story: isa, the gateway's service, and the source are killed, runs
// are undone, imports are forbidden and allowed, the certificate is replaced, and mail
// goes on coming. The error says what was lost or doubled without being named.
func TellGateway(ctx context.Context, o GatewayOptions) (out GatewayOutcome, err error) {
	if o.Messages == 0 {
		o.Messages = 250
	}
	if o.Kills == 0 {
		o.Kills = 6
	}
	t := &gatewayTeller{GatewayOptions: o, sum: &out, passes: passes{out: &out.Outcome,
		owner: owner{user: tenant.User(o.Who), seed: o.Seed, random: rand.New(rand.NewPCG(o.Seed, 7))}}}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.start(ctx); err != nil {
		return out, err
	}
	for range o.Kills {
		if err := t.disturbed(ctx); err != nil {
			return out, err
		}
		for range 1 + t.random.IntN(2) {
			if err := t.use(ctx); err != nil {
				return out, fmt.Errorf("using the source: %w", err)
			}
		}
	}
	return out, t.end(ctx)
}

func (t *gatewayTeller) start(ctx context.Context) (err error) {
	if t.source, err = mailtest.StartDovecot(ctx, mailtest.Options{Users: []string{t.user}}); err != nil {
		return err
	}
	if err := t.source.Load(t.user, mailtest.Corpus{Messages: t.Messages, Seed: t.Seed, Folders: 8, MedianBytes: 3000}); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close(), t.certificate(0)); err != nil {
		return err
	}
	host, imap, err := net.SplitHostPort(t.source.IMAP)
	if err != nil {
		return err
	}
	t.move, err = t.Tenant.Through(filepath.Join(t.Dir, "move"), tenant.Gateway{
		Port: port, Certificates: filepath.Join(t.Dir, "tls"), Spool: filepath.Join(t.Dir, "spool"), Quota: "1GB", Batch: "    messages = 80",
	}, fmt.Sprintf("  imap {\n    host = %q\n    port = %s\n    tls  = \"none\"\n  }", host, imap),
		"  login {\n    user     = \"${each.key}@acme.co.kr\"\n    password = secret_env(\"OLD_PASSWORD\")\n  }")
	if err != nil {
		return err
	}
	t.command = func(ctx context.Context) *exec.Cmd { return t.move.Command(ctx, "sync", tenant.Address(t.Who)) }
	if t.mailbox, err = t.Tenant.Mailbox(t.Who); err != nil || t.Seed%2 == 0 {
		return err
	}
	t.service, err = t.move.Serve(ctx) // in every second story
	return err
}

func (t *gatewayTeller) close() error {
	var err error
	if t.service != nil {
		err = t.service.Stop()
	}
	if t.source != nil {
		err = errors.Join(err, t.source.Close())
	}
	return errors.Join(err, t.Tenant.SetFaults(""))
}

// certificate puts a certificate where the gateway reads it.
func (t *gatewayTeller) certificate(which int) error {
	to := filepath.Join(t.Dir, "tls")
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	t.served = which
	var errs []error
	for _, name := range []string{"cert.pem", "key.pem"} {
		data, err := os.ReadFile(filepath.Join(t.Certificates[which], name))
		errs = append(errs, err, os.WriteFile(filepath.Join(to, name+".new"), data, 0o600), os.Rename(filepath.Join(to, name+".new"), filepath.Join(to, name)))
	}
	return errors.Join(errs...)
}

// disturbed is a pass in the middle of which something happens.
func (t *gatewayTeller) disturbed(ctx context.Context) error {
	what := t.random.IntN(7)
	faults := fmt.Sprintf("migration-slow=%dms", 3+t.random.IntN(15))
	if what == 6 { // runs are undone after so many messages, from the beginning
		faults += fmt.Sprintf(",migration-fail=%d", 20+t.random.IntN(60))
	}
	if err := t.Tenant.SetFaults(faults); err != nil {
		return err
	}
	p, err := t.pass(ctx)
	if err != nil {
		return err
	}
	select {
	case err := <-p.ended:
		_, err = t.over(p, err, false)
		return err
	case <-time.After(t.moment(what)):
	}
	killed, err := t.happens(ctx, what, p)
	if err != nil {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		return errors.Join(err, <-p.ended)
	}
	if _, err := t.over(p, <-p.ended, killed); err != nil {
		return err
	}
	return errors.Join(t.Tenant.SetFaults(""), ctx.Err())
}

// moment is how long a pass goes undisturbed.
func (t *gatewayTeller) moment(what int) time.Duration {
	if what == 6 {
		return time.Duration(500+t.random.IntN(2000)) * time.Millisecond
	}
	return time.Duration(50+t.random.IntN(1200)) * time.Millisecond
}

// happens does something to a pass under way; killed tells that the pass is.
func (t *gatewayTeller) happens(ctx context.Context, what int, p *pass) (killed bool, err error) {
	switch {
	case what == 2 && t.service != nil:
		t.sum.Gateway++
		if err := t.service.Kill(); err != nil {
			return false, err
		}
		t.service, err = t.move.Serve(ctx)
		return false, err
	case what == 3:
		t.out.Source++
		return false, t.restart(ctx, t.source)
	case what == 4:
		t.sum.Certificates++
		return false, t.certificate(1 - t.served)
	case what == 5:
		t.sum.Forgotten++
		if err := t.Tenant.AllowImport(false); err != nil {
			return false, err
		}
		time.Sleep(time.Duration(t.random.IntN(300)) * time.Millisecond)
		return false, t.Tenant.AllowImport(true)
	case what == 6:
		return false, t.Tenant.SetFaults("")
	}
	t.out.Isa++
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	return true, nil
}

// end lets passes run undisturbed until nothing is left to do, and compares.
func (t *gatewayTeller) end(ctx context.Context) error {
	if err := t.Tenant.SetFaults(""); err != nil {
		return err
	}
	if err := t.finish(ctx); err != nil {
		return err
	}
	if err := t.notices(ctx); err != nil {
		return err
	}
	if err := t.compare(ctx); err != nil {
		return err
	}
	if err := t.nothingLeft(ctx); err != nil {
		return err
	}
	before := t.sum.Notices
	if err := t.notices(ctx); err != nil {
		return err
	}
	if n := t.sum.Notices - before; n > 0 {
		return fmt.Errorf("a pass with nothing to do sent %d notices", n)
	}
	left, err := os.ReadDir(filepath.Join(t.Dir, "spool"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range left {
		if e.IsDir() {
			return fmt.Errorf("the spool still holds %s", e.Name())
		}
	}
	return nil
}

// notices takes the service's notices out of the mailbox.
func (t *gatewayTeller) notices(ctx context.Context) error {
	all, undone, err := tenant.TakeNotices(ctx, t.mailbox)
	t.sum.Notices += all
	t.sum.Rollbacks += undone
	return err
}

// compare wants each message of the source once at the target, but for those that isa
// names. Flags that changed later stay as they were.
func (t *gatewayTeller) compare(ctx context.Context) error {
	status, err := t.move.Status(ctx, t.Who)
	if err != nil {
		return err
	}
	t.sum.Named = int(status.Total["unproven"].Items + status.Total["quarantined"].Items)
	if !status.Balanced {
		return fmt.Errorf("isa's sums do not balance: %v", status.Total)
	}
	places, err := t.move.Places(ctx, t.Who)
	if err != nil {
		return err
	}
	source, err := mailtest.Read(ctx, t.source.Account(t.user))
	if err != nil {
		return err
	}
	target, err := mailtest.Read(ctx, t.mailbox)
	if err != nil {
		return err
	}
	t.out.Messages = source.Items()
	var wrong []string
	missing := 0
	for _, d := range (mailtest.Comparison{Rename: func(path string) string { return tenant.Shown(places(path)) }}).Compare(source, target) {
		switch d.Kind {
		case mailtest.FlagsDiffer, mailtest.KeywordsDiff:
			continue
		case mailtest.Missing:
			missing++
		default:
			wrong = append(wrong, d.String())
		}
		if missing > t.sum.Named {
			wrong = append(wrong, d.String())
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d differences, and %d messages are named (%v):\n%s", len(wrong), t.sum.Named, status.Total, strings.Join(wrong[:min(len(wrong), 10)], "\n"))
	}
	return nil
}
