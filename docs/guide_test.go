package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/isatest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestGuide does what guide.md says, in its order, in an empty directory: it writes the
// files that have a name, runs the commands behind "$ ", and wants what stands below
// each of them. "…" stands for any text, alone on a line for any lines.
func TestGuide(t *testing.T) {
	bin := t.TempDir()
	if _, err := isatest.Build(bin); err != nil {
		t.Fatal(err)
	}
	r := &reader{dir: t.TempDir(), env: append(os.Environ(), "NO_COLOR=1", "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")}
	blocks := 0
	for _, b := range fenced(read(t, "guide.md")) {
		switch {
		case b.name != "":
			r.write(t, b)
		case b.language == "console":
			r.console(t, b)
		default:
			continue
		}
		blocks++
	}
	if blocks < 15 {
		t.Errorf("only %d blocks of the guide were followed", blocks)
	}
}

// block is a fenced block: its info string is a language and perhaps a file's name.
type block struct {
	language, name, text string
	line                 int
}

func fenced(text string) []block {
	var out []block
	var b *block
	n := 0
	for line := range strings.Lines(text) {
		n++
		info, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && b == nil:
			language, name, _ := strings.Cut(info, " ")
			b = &block{language: language, name: name, line: n}
		case fence:
			out = append(out, *b)
			b = nil
		case b != nil:
			b.text += line
		}
	}
	return out
}

// reader is somebody who follows the guide.
type reader struct {
	dir string
	env []string
}

func (r *reader) write(t *testing.T, b block) {
	t.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(b.name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// console runs the commands of a block one by one.
func (r *reader) console(t *testing.T, b block) {
	t.Helper()
	for part := range strings.SplitSeq("\n"+b.text, "\n$ ") {
		command, want, _ := strings.Cut(strings.TrimSpace(part), "\n")
		switch command {
		case "":
		case "isa sandbox -- bash":
			r.tenant(t)
		default:
			r.run(t, b.line, command, want)
		}
	}
}

// tenant is the sandbox of the guide, fast, with limits.
func (r *reader) tenant(t *testing.T) {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{Limits: true, Features: true, Speed: 60, Plan: "standard_plus"})
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
	for k, v := range server.Env() {
		r.env = append(r.env, k+"="+v)
	}
}

// run runs a command in a shell. It must end with 0, or tell its exit code as the guide
// does on its last line.
func (r *reader) run(t *testing.T, line int, command, want string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = r.dir, r.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	got := strings.TrimRight(out.String(), "\n")
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		got += fmt.Sprintf("\n(exit code %d)", code)
		if !strings.HasSuffix(want, fmt.Sprintf("(exit code %d)", code)) {
			t.Fatalf("guide.md:%d: %s failed:\n%s", line, command, got)
		}
	}
	if want != "" && !alike(want, got) {
		t.Errorf("guide.md:%d: %s tells\n%s\nand not\n%s", line, command, got, want)
	}
}

// alike compares a text with a pattern of the guide. Spaces at the ends of lines do not
// count.
func alike(want, got string) bool {
	var b strings.Builder
	b.WriteString(`\A`)
	for line := range strings.SplitSeq(want, "\n") {
		if strings.TrimSpace(line) == "…" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimRight(line, " ")), "…", ".*") + ` *\n`)
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String()).MatchString(got + "\n")
}

func TestAlike(t *testing.T) {
	for _, c := range []struct {
		want, got string
		is        bool
	}{
		{"a\n…\nd", "a\nb\nc\nd", true}, {"a\n…\nd", "a\nd", true}, {"a\n…", "a\nb", true}, {"…\nb", "a\nb", true},
		{"a\nb", "a\nb\nc", false}, {"a\n…\nd", "a\nb", false}, {"about …s.", "about 12 s.", true}, {"a.c", "abc", false},
	} {
		if alike(c.want, c.got) != c.is {
			t.Errorf("%q and %q: %v", c.want, c.got, !c.is)
		}
	}
}
