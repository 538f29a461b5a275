package root

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

const passwords = `
org_unit "hq" { name = "본사" }
member "asked" {
  for_each  = toset(["kim", "lee"])
  login_id  = each.key
  last_name = "김"
  belongs_to { org_unit = org_unit.hq }
  password {
    mode  = "admin"
    value = secret_prompt("첫 비밀번호")
  }
}
`

// typed makes the desk's terminal give these lines to hidden questions.
func (d *desk) typed(lines ...string) (asked *int) {
	asked = new(int)
	d.Hidden = func() (func() (string, error), func() error, error) {
		return func() (string, error) {
			line := lines[min(*asked, len(lines)-1)]
			*asked++
			return line, nil
		}, func() error { return nil }, nil
	}
	return asked
}

// TestPromptedPasswords: a plan asks nothing, an apply asks before it sends anything, and
// nothing that is kept has the password.
func TestPromptedPasswords(t *testing.T) {
	const password = "Canary-7f3a91c2"
	d := newDesk(t, passwords)
	asked := d.typed("")
	if code := d.types("", "plan"); code != cli.CodeDone || *asked != 0 {
		t.Fatalf("plan ended with %d and asked %d times: %s", code, *asked, d.err.String())
	}
	if !strings.Contains(d.out.String(), "2 members") && !strings.Contains(d.out.String(), "member.asked") {
		t.Fatalf("an empty plan: %s", d.out.String())
	}
	if code := d.types("", "apply", "--yes"); code != cli.CodeFailed || *asked != 1 || !strings.Contains(d.err.String(), "is empty") {
		t.Errorf("an empty answer ended with %d after %d questions: %s", code, *asked, d.err.String())
	}
	d.InTerminal = false
	if code := d.types("", "apply", "--yes"); code != cli.CodeFailed || !strings.Contains(d.err.String(), "ISA_ANSWERS") {
		t.Errorf("without a terminal it ended with %d: %s", code, d.err.String())
	}
	if raw, err := os.ReadFile(filepath.Join(d.Dir, "isa.state.json")); err == nil && strings.Contains(string(raw), "org_unit.hq") {
		t.Error("something was sent before the answer")
	}
	d.InTerminal = true
	asked = d.typed(password)
	if code := d.types("", "apply", "--yes"); code != cli.CodeDone || *asked != 1 || strings.Count(d.err.String(), "첫 비밀번호: ") != 1 {
		t.Fatalf("apply ended with %d and asked %d times: %s%s", code, *asked, d.out.String(), d.err.String())
	}
	said := d.out.String() + d.err.String()
	asked = d.typed("other")
	if code := d.types("", "plan", "--detailed-exitcode"); code != cli.CodeDone || *asked != 0 {
		t.Errorf("the second plan ended with %d and asked %d times: %s", code, *asked, d.out.String())
	}
	if raw, err := os.ReadFile(filepath.Join(d.Dir, "isa.state.json")); err != nil || strings.Contains(string(raw)+said, password) {
		t.Errorf("the password is kept or shown (%v)", err)
	}
}

// TestSecretCommand runs the command that the configuration has, at the apply only, and
// shows what it says when it fails.
func TestSecretCommand(t *testing.T) {
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(here)
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, strings.Replace(passwords, `secret_prompt("첫 비밀번호")`, `secret_command(`+string(quoted)+`, "-no-such-flag")`, 1))
	if code := d.types("", "plan"); code != cli.CodeDone || !strings.Contains(d.out.String(), "member.asked") || strings.Contains(d.err.String(), "flag") {
		t.Fatalf("plan ended with %d: %s%s", code, d.out.String(), d.err.String())
	}
	if code := d.types("", "apply", "--yes"); code != cli.CodePartly || !strings.Contains(d.err.String(), "the program failed (exit status 2): flag provided but not defined: -no-such-flag") {
		t.Errorf("a command that fails ended with %d: %s", code, d.err.String())
	}
}
