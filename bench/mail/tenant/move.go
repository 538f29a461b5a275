package tenant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Partly is the exit code of a pass that is not complete and may be gone on with;
// 0 is that of one in which everything is settled.
const Partly = 3

// Move is one move of all members' mail, with a state and a ledger of its own.
type Move struct {
	tenant *Tenant
	dir    string
	target string // host:port of the mailboxes; "" those of the sandbox
}

// Move lays out, in dir, what isa needs to move the mail of all members from source
// to target, host:port each, in plain text: the members as they were applied, and no
// ledger yet. dir must be empty or missing.
func (t *Tenant) Move(dir, source, target string) (*Move, error) {
	host, port, ok := strings.Cut(source, ":")
	if !ok {
		return nil, fmt.Errorf("%q is no host:port", source)
	}
	return t.lay(dir, fmt.Sprintf(mailFile, host, port, filepath.ToSlash(t.table)), target)
}

// lay lays out a move that text describes.
func (t *Tenant) lay(dir, text, target string) (*Move, error) {
	if err := os.CopyFS(dir, os.DirFS(t.applied)); err != nil {
		return nil, err
	}
	return &Move{t, dir, target}, os.WriteFile(filepath.Join(dir, "mail.hcl"), []byte(text), 0o600)
}

// Command is isa at work on the move.
func (m *Move) Command(ctx context.Context, args ...string) *exec.Cmd {
	var more []string
	if m.target != "" {
		more = append(more, "ISA_IMAP_BASE=imap://"+m.target)
	}
	return m.tenant.command(ctx, m.dir, more, args...)
}

// Status is what isa status says of mailboxes.
type Status struct {
	Mailboxes []struct {
		Folders []struct{ Folder, Target, Unserved string }
	}
	Total    map[string]struct{ Items, Bytes int64 } // by outcome
	Balanced bool
}

// Address is the migration of a member's mail.
func Address(who string) string { return fmt.Sprintf("mail_migration.staff[%s]", strconv.Quote(who)) }

// Status asks isa status; who chooses one member, "" all.
func (m *Move) Status(ctx context.Context, who string) (s Status, err error) {
	args := []string{"status", "--format", "json"}
	if who != "" {
		args = append(args, Address(who))
	}
	cmd := m.Command(ctx, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == Partly) {
		return s, fmt.Errorf("isa status: %w\n%s", err, said.Bytes())
	}
	return s, json.Unmarshal(out, &s)
}

// Places tells where the folders of a member's mail have gone, as isa status says
// it: special characters in their names become others.
func (m *Move) Places(ctx context.Context, who string) (func(path string) string, error) {
	s, err := m.Status(ctx, who)
	if err != nil {
		return nil, err
	}
	if len(s.Mailboxes) != 1 {
		return nil, fmt.Errorf("isa status tells of %d mailboxes, not of %s", len(s.Mailboxes), who)
	}
	places := map[string]string{}
	for _, f := range s.Mailboxes[0].Folders {
		places[f.Folder] = f.Target
	}
	return func(path string) string {
		if place, ok := places[path]; ok {
			return place
		}
		return path
	}, nil
}

const mailFile = `mail_source "old" {
  imap {
    host = "%s"
    port = %s
    tls  = "none"
  }
  limits {
    connections = 16
  }
}

mail_migration "staff" {
  for_each     = member.staff
  member       = each.value
  source       = mail_source.old
  route        = "append"
  app_password = secret_table(%q, "${each.key}@acme.co.kr")
  consent      = true
  login {
    user     = "${each.key}@acme.co.kr"
    password = secret_env("OLD_PASSWORD")
  }
}
`
