package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/isaworks/isa/internal/value"
)

const commandKind = "command"

const (
	commandTime = time.Minute     // that a program may take; somebody may have to touch a key
	closingTime = 2 * time.Second // that its children may keep its output open afterwards
	maxStderr   = 4 << 10         // bytes of what it says that are kept
	maxShown    = 300             // characters of it that an error shows
)

// CommandHandle returns the handle of what a program writes to its standard output.
// argv is its name and its arguments.
func CommandHandle(argv []string) (value.Secret, error) {
	var text strings.Builder
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false) // people read it in plans
	err := out.Encode(argv)
	return value.Secret(commandKind + ":" + strings.TrimSuffix(text.String(), "\n")), err
}

// command runs a program, without a shell, in the directory of the configuration. A
// name with a slash is a path relative to that directory.
func (r *Resolver) command(ctx context.Context, handle value.Secret, rest string) (string, error) {
	var argv []string
	if err := json.Unmarshal([]byte(rest), &argv); err != nil || len(argv) == 0 || argv[0] == "" {
		return "", problem("does not name a program", `use secret_command("program", "argument")`)
	}
	if r.Commands == nil || !r.Commands(handle) {
		return "", problem("the configuration does not have this command, so it is not run", "make the plan again from the configuration")
	}
	name := argv[0]
	if strings.ContainsRune(filepath.ToSlash(name), '/') && !filepath.IsAbs(name) {
		var err error
		if name, err = filepath.Abs(filepath.Join(r.dir, filepath.FromSlash(name))); err != nil {
			return "", problem("the program cannot be found: "+err.Error(), "write its whole path")
		}
	}
	limited, stop := context.WithTimeout(ctx, r.patience())
	defer stop()
	out, said := &bounded{limit: maxFile}, &bounded{limit: maxStderr, rest: true}
	cmd := exec.CommandContext(limited, name, argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = r.dir, out, said, closingTime
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it succeeded, and all that it wrote is read; an agent that it left behind keeps its output open
	}
	if ctx.Err() == nil && limited.Err() != nil {
		return "", problem(fmt.Sprintf("the program did not end within %s", r.patience())+quoted(said, out), "run it by hand and see what it waits for")
	}
	var exit *exec.ExitError
	switch {
	case out.over:
		return "", problem(fmt.Sprintf("the program writes more than %d bytes", maxFile), "let it write the secret only")
	case errors.As(err, &exit):
		return "", problem(fmt.Sprintf("the program failed (%s)", exit.ProcessState)+quoted(said, out), "run it by hand in the directory of the configuration")
	case err != nil:
		return "", problem("the program cannot be run: "+plain(err), "install it, or write its path")
	}
	return withoutEnd(out.kept.Bytes()), nil
}

// patience is how long a program may take.
func (r *Resolver) patience() time.Duration {
	if r.limit > 0 {
		return r.limit
	}
	return commandTime
}

// plain is an error of starting a program without the words around it.
func plain(err error) string {
	var e *exec.Error
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

var errLong = errors.New("too long")

// bounded keeps the first bytes that are written to it. What comes beyond is dropped, or
// an error.
type bounded struct {
	kept  bytes.Buffer
	limit int
	rest  bool // drop it
	over  bool // there was a rest
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.limit - b.kept.Len()
	if room >= len(p) {
		return b.kept.Write(p)
	}
	b.over = true
	b.kept.Write(p[:room])
	if b.rest {
		return len(p), nil
	}
	return room, errLong
}

// quoted returns what a program said, on one line, without what it wrote as the secret.
func quoted(said, out *bounded) string {
	text := said.kept.String()
	for line := range strings.Lines(out.kept.String()) {
		if line = strings.TrimSpace(line); line != "" {
			text = strings.ReplaceAll(text, line, "…")
		}
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if r := []rune(text); len(r) > maxShown {
		text = string(r[:maxShown]) + "…"
	}
	if text == "" {
		return ""
	}
	return ": " + text
}
