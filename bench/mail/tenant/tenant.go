// Package tenant is a company whose members' mail isa moves: a sandbox in this
// process, members that isa applied to it, and configurations that move their mail
// from one server to another. Benchmarks and soaks of mail share it.
package tenant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// Tenant is a company of members who have signed in. Its methods may be used
// concurrently once it is made.
type Tenant struct {
	isa     string // the binary
	applied string // configuration and state of the company, without mail
	table   string // of app passwords
	who     []string
	server  *sandbox.Server
}

// User is how a member logs in, at the old server and at the new one.
func User(who string) string { return who + "@acme.co.kr" }

// Users are the logins of members.
func Users(who []string) []string {
	out := make([]string, len(who))
	for i, w := range who {
		out[i] = User(w)
	}
	return out
}

// Build makes the isa binary at path as it is released.
func Build(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/isaworks/isa/cmd/isa")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// Start makes the members with one isa apply and lets them sign in. Files go into
// dir, which must not exist. o is what sandbox it is, but for what all of them have.
// The caller closes the tenant.
func Start(ctx context.Context, isa, dir string, who []string, o sandbox.Options) (_ *Tenant, err error) {
	t := &Tenant{isa: isa, applied: filepath.Join(dir, "company"), table: filepath.Join(dir, "secret", "app-passwords.csv"), who: who}
	for _, d := range []string{t.applied, filepath.Dir(t.table)} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := t.write(); err != nil {
		return nil, err
	}
	o.Features, o.SeedValue = true, 1
	if t.server, err = sandbox.New(o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.server.Close())
		}
	}()
	if _, err := t.server.Start(ctx); err != nil {
		return nil, err
	}
	apply := t.command(ctx, t.applied, nil, "apply", "--yes", "--allow", fmt.Sprintf("member.invitation=%d", len(who)))
	if out, err := apply.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("isa apply: %w\n%s", err, out)
	}
	return t, t.server.SignInAll()
}

// Close ends the sandbox. Files stay.
func (t *Tenant) Close() error { return t.server.Close() }

// SetFaults has the sandbox do wrong from now on: sandbox.ParseFaults.
func (t *Tenant) SetFaults(text string) error { return t.server.SetFaults(text) }

// AllowImport says whether the administrator allows the import of external mail. To
// forbid it ends all runs.
func (t *Tenant) AllowImport(on bool) error { return t.server.SetMailImport(on) }

// Mailbox is a member's mailbox at the sandbox, to look into. The member's earlier app
// passwords are taken back.
func (t *Tenant) Mailbox(who string) (mailtest.Account, error) {
	made, err := t.server.AppPassword(User(who), true)
	_, addr, _ := strings.Cut(t.server.Env()["ISA_IMAP_BASE"], "://")
	return mailtest.Account{Addr: addr, User: made.Login, Password: made.Password}, err
}

func (t *Tenant) write() error {
	var passwords strings.Builder
	passwords.WriteString("login,password\n")
	for _, user := range Users(t.who) {
		fmt.Fprintf(&passwords, "%s,%s\n", user, mailtest.Password)
	}
	members := fmt.Sprintf(membersFile, strings.Join(t.who, `", "`))
	return errors.Join(
		os.WriteFile(t.table, []byte(passwords.String()), 0o600),
		os.WriteFile(filepath.Join(t.applied, "tenant.hcl"), []byte(tenantFile), 0o600),
		os.WriteFile(filepath.Join(t.applied, "members.hcl"), []byte(members), 0o600))
}

// command is isa with the sandbox as its tenant, and more settings besides.
func (t *Tenant) command(ctx context.Context, dir string, more []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.isa, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "OLD_PASSWORD="+mailtest.Password)
	for name, value := range t.server.Env() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, more...)
	return cmd
}

const tenantFile = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"
  features {
    job_grades = true
    positions  = true
    user_types = true
  }
  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
`

const membersFile = `variable "who" {
  type    = list(string)
  default = ["%s"]
}

member "staff" {
  for_each      = toset(var.who)
  external_key  = each.key
  login_id      = each.key
  last_name     = each.key
  private_email = "${each.key}@example.com"
  password { mode = "member" }
}
`
