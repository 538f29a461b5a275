//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// secretMail has two members and two servers. %s are the ports of the sandbox's mailboxes
// and of a server that repeats what it hears.
const secretMail = `member "a" {
  external_key  = "1"
  login_id      = "kim"
  last_name     = "김"
  private_email = "kim@example.com"
  password { mode = "member" }
}

member "b" {
  external_key  = "2"
  login_id      = "lee"
  last_name     = "이"
  private_email = "lee@example.com"
  password { mode = "member" }
}

mail_source "good" {
  imap {
    host = "127.0.0.1"
    port = %s
    tls  = "none"
  }
}

mail_source "loud" {
  imap {
    host = "127.0.0.1"
    port = %s
    tls  = "none"
  }
}
`

// secretLogin moves an account of a source to a member. %s are the block's name, the
// member, the source, the table of app passwords and how the login is made.
const secretLogin = `
mail_migration %q {
  member       = member.%s
  source       = mail_source.%s
  route        = "append"
  app_password = secret_table(%q, "kim")
  consent      = true
  login {
    %s
  }
}
`

// secretLogins logs in by each mode, with passwords of a table and tokens of a command.
func secretLogins(table, token string) string {
	var out strings.Builder
	for _, m := range []struct {
		name, member, source string
		login                []string
	}{
		{"password", "a", "good", []string{`user = "lee@acme.co.kr"`, fmt.Sprintf(`password = secret_table(%q, "lee")`, table)}},
		{"wrong", "b", "loud", []string{`user = "wrong"`, `password = secret_env("CANARY_OLD")`}},
		{"master", "b", "loud", []string{`mode = "master"`, `user = "master"`, `master_user = "admin"`, `password = secret_env("CANARY_MASTER")`}},
		{"oauth", "b", "loud", []string{`mode = "oauth"`, `user = "oauth"`, fmt.Sprintf("command = [%q]", token)}},
		{"broken", "b", "loud", []string{`mode = "oauth"`, `user = "broken"`, fmt.Sprintf(`command = [%q, "fail"]`, token)}},
	} {
		fmt.Fprintf(&out, secretLogin, m.name, m.member, m.source, table, strings.Join(m.login, "\n    "))
	}
	return out.String()
}

// tokenCommand prints a token, and fails noisily when asked to.
const tokenCommand = `#!/bin/sh
echo Canary-Token-5c11
echo Canary-Token-Noise-77 >&2
[ -z "$1" ]
`

// TestNoSecretOfMailIsWrittenAnywhere puts a canary in every place of mail that takes a
// secret and looks for it in all that isa writes, with a server among them that repeats
// what it was told in its refusals.
func TestNoSecretOfMailIsWrittenAnywhere(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, sandbox.Options{SeedValue: 4, SSO: true})
	_, imap, _ := strings.Cut(tn.env["ISA_IMAP_BASE"], "://")
	tn.env["CANARY_OLD"], tn.env["CANARY_MASTER"] = "Canary-Old-1a2b", "Canary-Master-3c4d"
	outside := files(t, map[string]string{"passwords.csv": "login,password\nkim,none\nlee,none\n"})
	table, token := filepath.Join(outside, "passwords.csv"), filepath.Join(outside, "token.sh")
	if err := os.WriteFile(token, []byte(tokenCommand), 0o700); err != nil {
		t.Fatal(err)
	}
	main := fmt.Sprintf(secretMail, portOf(imap), portOf(loud(t))) + secretLogins(filepath.ToSlash(table), filepath.ToSlash(token))
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "main.hcl": main})
	var said bytes.Buffer
	run := func(args ...string) {
		fmt.Fprintf(&said, "isa %v: %v\n", args, tn.isa(t, dir, args...))
	}
	run("apply", "--yes", "--target", "member.a", "--target", "member.b")
	canaries := []string{tn.env["CANARY_OLD"], tn.env["CANARY_MASTER"], "Canary-Token",
		base64.StdEncoding.EncodeToString([]byte("master\x00admin\x00" + tn.env["CANARY_MASTER"]))}
	rows := "login,password\n"
	for _, login := range []string{"kim", "lee"} {
		made, err := tn.AppPassword(login+"@acme.co.kr", false)
		if err != nil {
			t.Fatal(err)
		}
		canaries = append(canaries, made.Password)
		rows += login + "," + made.Password + "\n"
		if login == "lee" {
			err := mailtest.Append(t.Context(), mailtest.Account{Addr: imap, User: made.Login, Password: made.Password}, letter("INBOX", "hello", time.Now()))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(table, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	run("survey")
	run("survey", "--format", "json")
	run("plan")
	run("plan", "--format", "json", "--out", "plan.zip")
	run("apply", "--yes", "plan.zip")
	run("sync")
	for _, format := range []string{"text", "csv", "json"} {
		run("status", "--format", format)
		run("status", "--failures", "--format", format)
		run("verify", "--format", format)
	}
	run("state", "list")
	everything := said.String() + read(t, dir)
	for _, want := range []string{"1 copied", "you said", "passwords.csv", "ended with exit code 1"} {
		if !strings.Contains(everything, want) {
			t.Errorf("%q is nowhere, so this test looks in the wrong places", want)
		}
	}
	for i, canary := range canaries {
		if at := strings.Index(everything, canary); at >= 0 {
			t.Errorf("canary %d of %d is written out, after %q", i+1, len(canaries), tail(everything[:at], 300))
		}
	}
	if t.Failed() {
		t.Log(said.String())
	}
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// loud is a server that refuses each command and repeats it.
func loud(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go repeat(conn)
		}
	}()
	return l.Addr().String()
}

func repeat(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR LITERAL+] ready\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		tag, rest, _ := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(strings.ToUpper(rest), "CAPABILITY") {
			fmt.Fprintf(conn, "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR LITERAL+\r\n%s OK done\r\n", tag)
			continue
		}
		fmt.Fprintf(conn, "%s NO you said %s\r\n", tag, rest)
	}
}
