package root

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// proposed is what a shell is offered for the last of args.
func (d *desk) proposed(t *testing.T, args ...string) []string {
	t.Helper()
	if code := d.types("", append([]string{"__complete"}, args...)...); code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, d.err.String())
	}
	lines := strings.Split(strings.TrimSpace(d.out.String()), "\n")
	return lines[:len(lines)-1] // the last is the directive
}

func TestCompletion(t *testing.T) {
	d := newDesk(t, `
org_unit "hq" { name = "본사" }
org_unit "hr" {
  for_each = { S1 = "영업팀", S2 = "인사팀" }
  name     = each.value
}
`)
	if code := d.types("", "apply", "--yes"); code != 0 {
		t.Fatal(d.err.String())
	}
	for _, c := range []struct{ line, want string }{
		{"state show |org", "org_unit.hq org_unit.hr"},
		{"state show |org_unit.hr", `org_unit.hr["S1"] org_unit.hr["S2"]`},
		{"state rm |org_unit.hr[\"S2", `org_unit.hr["S2"]`},
		{"state show org_unit.hq |", ""},
		{"plan --target |org_unit.hq", "org_unit.hq"},
		{"graph --below |org_unit.hr[", `org_unit.hr["S1"] org_unit.hr["S2"]`},
		{"import |org_unit.h", "org_unit.hq org_unit.hr"},
		{"graph --of |", "org config plan"},
		{"graph --format |", "svg mermaid dot"},
		{"sandbox --limits |", "on off"},
		{"init --plan |", "free lite standard standard_plus trial"},
		{"init --ci |", "github gitlab none"},
		{"apply --var |", ""},
	} {
		line, last, _ := strings.Cut(c.line, "|")
		if got := strings.Join(d.proposed(t, append(strings.Fields(line), last)...), " "); got != c.want {
			t.Errorf("isa %s: %s, want %s", c.line, got, c.want)
		}
	}
	if got := strings.Join(d.proposed(t, "plan", "--allow", "member.remo"), " "); !strings.Contains(got, "member.removal=") {
		t.Errorf("guards are proposed as %s", got)
	}
	if got := d.proposed(t, "explain", "guard.member.rem"); len(got) == 0 || got[0] != "guard.member.removal" {
		t.Errorf("codes are proposed as %v", got)
	}
}

// TestExplainIsCompleted with what has no account too.
func TestExplainIsCompleted(t *testing.T) {
	d := newDesk(t, `
wave "one" { phase = "presync" }
mail_source "old" {
  imap { host = "mail.example.com" }
}
`)
	for typed, want := range map[string]string{"wave.o": "wave.one", "mail_s": "mail_source.old"} {
		if got := strings.Join(d.proposed(t, "explain", typed), " "); got != want {
			t.Errorf("isa explain %s: %s, want %s", typed, got, want)
		}
	}
}

// TestEveryFormatIsProposed holds the usage of flags that take one of a few words to
// the form that completion reads.
func TestEveryFormatIsProposed(t *testing.T) {
	d := newDesk(t, "")
	found := 0
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "format" && f.Name != "privacy" {
				return
			}
			found++
			if _, usage := pflag.UnquoteUsage(f); len(choices(usage)) < 2 {
				t.Errorf("%s --%s: its usage does not begin with its values: %q", cmd.CommandPath(), f.Name, usage)
			}
		})
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(New(&d.Env))
	if found < 5 {
		t.Errorf("only %d flags were looked at", found)
	}
}

// TestABrokenConfigurationStillCompletes: what cannot be read is not proposed, and
// nothing is told between the person's words.
func TestABrokenConfigurationStillCompletes(t *testing.T) {
	d := newDesk(t, "org_unit {")
	if got := d.proposed(t, "plan", "--target", ""); len(got) != 0 {
		t.Errorf("proposed %v", got)
	}
	if strings.Contains(d.err.String(), "Error") {
		t.Errorf("told: %s", d.err.String())
	}
}

func TestCompletionScripts(t *testing.T) {
	d := newDesk(t, "")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code := d.types("", "completion", shell); code != 0 || !strings.Contains(d.out.String(), "__complete") {
			t.Errorf("completion %s ended with %d: %s", shell, code, d.err.String())
		}
	}
}
