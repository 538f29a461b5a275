package root

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/providers/works/sandbox"
)

const tenantFile = `
tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
`

// desk is a person at a terminal with a sandbox.
type desk struct {
	cli.Env
	out, err bytes.Buffer
	vars     map[string]string
}

func newDesk(t *testing.T, hcl string) *desk {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{vars: server.Env()}
	d.Env = cli.Env{
		In: strings.NewReader(""), Out: &d.out, Err: &d.err, InTerminal: true, Width: func() int { return 100 }, Dir: t.TempDir(),
		Lookup:     func(name string) (string, bool) { v, ok := d.vars[name]; return v, ok },
		Now:        time.Now,
		Interrupts: func() (<-chan os.Signal, func()) { return make(chan os.Signal), func() {} },
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "main.hcl"), []byte(tenantFile+hcl), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// types runs isa with what the person types and returns the exit code.
func (d *desk) types(text string, args ...string) int {
	d.out.Reset()
	d.err.Reset()
	env := d.Env
	env.In, env.Args = strings.NewReader(text), args
	return Run(context.Background(), &env)
}

func TestApplyTakesOnlyYes(t *testing.T) {
	d := newDesk(t, `org_unit "hq" { name = "본사" }`)
	for _, answer := range []string{"", "\n", "y\n", "no\n", "YES\n", "yes please\n"} {
		if code := d.types(answer, "apply"); code != cli.CodeFailed {
			t.Errorf("%q ended with %d: %s", answer, code, d.err.String())
		}
		if !strings.Contains(d.err.String(), "Only yes is taken as an answer") || !strings.Contains(d.err.String(), "not applied; nothing was changed") {
			t.Errorf("%q: %s", answer, d.err.String())
		}
	}
	if _, err := os.Stat(filepath.Join(d.Dir, "isa.state.json")); err == nil {
		t.Error("a state was written although nothing was agreed to")
	}
	if code := d.types("yes\n", "apply"); code != cli.CodeDone || !strings.Contains(d.out.String(), "Applied: 1 created.") {
		t.Errorf("yes ended with %d: %s%s", code, d.out.String(), d.err.String())
	}
	if code := d.types("", "plan", "--detailed-exitcode"); code != cli.CodeDone {
		t.Errorf("the second plan ended with %d: %s", code, d.out.String())
	}
}

func TestColourIsForTerminalsOnly(t *testing.T) {
	d := newDesk(t, `org_unit "hq" { name = "본사" }`)
	coloured := func() bool {
		if code := d.types("", "plan"); code != cli.CodeDone {
			t.Fatalf("plan ended with %d: %s", code, d.err.String())
		}
		return strings.Contains(d.out.String(), "\x1b[")
	}
	if coloured() {
		t.Error("colour without a terminal")
	}
	d.OutTerminal, d.ErrTerminal = true, true
	if !coloured() {
		t.Error("no colour on a terminal")
	}
	d.vars["NO_COLOR"] = "1"
	if coloured() {
		t.Error("colour despite NO_COLOR")
	}
}

// TestHandoutIsATableOnATerminal shows the last password of each, aligned.
func TestHandoutIsATableOnATerminal(t *testing.T) {
	d := newDesk(t, "")
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "key.txt"), []byte(key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := secret.OpenHandout(filepath.Join(d.Dir, "isa.handout.age"), []string{key.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range [][2]string{{`member.staff["1042"]`, "old"}, {"member.kim", "Second2#"}, {`member.staff["1042"]`, "Third3#\x1b[2J"}} {
		if err := h.Put(t.Context(), e[0], e[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	d.OutTerminal = true
	if code := d.types("", "handout", "--identity", "key.txt"); code != 0 {
		t.Fatalf("ended with %d: %s", code, d.err.String())
	}
	const want = "who                   password\n" +
		"member.kim            Second2#\n" +
		"member.staff[\"1042\"]  Third3#\ufffd[2J\n"
	if got := d.out.String(); got != want {
		t.Errorf("have %q, want %q", got, want)
	}
}

func TestAPanicTellsNoValues(t *testing.T) {
	var errs bytes.Buffer
	env := &cli.Env{Out: &errs, Err: &errs, Args: []string{"plan"}, Width: func() int { return 80 },
		Interrupts: func() (<-chan os.Signal, func()) { panic("canary-4711") }}
	if code := Run(context.Background(), env); code != cli.CodeFailed {
		t.Errorf("ended with %d", code)
	}
	if text := errs.String(); strings.Contains(text, "canary") || !strings.Contains(text, "isa has a fault of its own") || !strings.Contains(text, "plan.run:") {
		t.Errorf("said %s", text)
	}
}

// Every command says in one line what it is for, and refuses flags it does not know.
func TestEveryCommandHasHelp(t *testing.T) {
	d := newDesk(t, "")
	for _, cmd := range New(&d.Env).Commands() {
		if cmd.Short == "" {
			t.Errorf("isa %s has no help", cmd.Name())
		}
		if code := d.types("", cmd.Name(), "--no-such-flag"); code != cli.CodeFailed || !strings.Contains(d.err.String(), "--help") {
			t.Errorf("isa %s --no-such-flag ended with %d: %s", cmd.Name(), code, d.err.String())
		}
	}
}

// TestReadmeNamesWhatThereIs wants each flag and command that the README names.
func TestReadmeNamesWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]*cobra.Command{}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		commands[c.Name()] = c
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	isa := New(cli.System())
	isa.InitDefaultCompletionCmd()
	visit(isa)
	known := func(flag string) bool {
		for _, c := range commands {
			if c.Flags().Lookup(flag) != nil || c.PersistentFlags().Lookup(flag) != nil {
				return true
			}
		}
		return false
	}
	for _, m := range regexp.MustCompile("--([a-z][a-z-]+)").FindAllStringSubmatch(string(text), -1) {
		if !known(m[1]) {
			t.Errorf("no command has --%s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("[`/]isa ([a-z][a-z-]+)").FindAllStringSubmatch(string(text), -1) {
		if commands[m[1]] == nil {
			t.Errorf("there is no command %s", m[1])
		}
	}
}
