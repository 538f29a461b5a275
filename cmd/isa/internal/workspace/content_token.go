package workspace

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// Limits of a command that prints an access token.
const (
	tokenTime  = 2 * time.Minute
	tokenGrace = 2 * time.Second // for what it left behind to let go of its output
	tokenBytes = 64 << 10        // a token is a few kilobytes
)

// token runs the command that prints an access token. Nothing of what it prints is
// ever told, not even when it fails.
func (m *mover) token(command []string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if len(command) == 0 {
			return "", &diag.Failure{Class: diag.Invalid, Op: "token command", Detail: "no command is given", Fix: "write login { command = [\"program\", …] }"}
		}
		return runToken(ctx, m.w.env.ConfigDir(), command, tokenTime)
	}
}

// runToken runs a token command in a directory, with all that it starts, for at most
// the time given.
func runToken(ctx context.Context, dir string, command []string, most time.Duration) (string, error) {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := exec.CommandContext(limited, command[0], command[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, tokenGrace
	group(cmd)
	var out bounded
	cmd.Stdout = &out
	err := cmd.Run()
	token := strings.TrimSpace(string(out.text))
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", denied(command[0], fmt.Sprintf("did not end within %s", most))
	case errors.Is(err, exec.ErrWaitDelay):
		_ = cmd.Cancel() // what does not want to end is not worth more words
		return "", denied(command[0], "ended, but something that it started holds its output open")
	case out.more:
		return "", denied(command[0], "does not print one token")
	case errors.As(err, &exit):
		return "", denied(command[0], fmt.Sprintf("ended with exit code %d", exit.ExitCode()))
	case err != nil:
		return "", denied(command[0], "cannot be run: "+err.Error())
	case token == "" || strings.ContainsAny(token, "\r\n\x00 "):
		return "", denied(command[0], "does not print one token")
	}
	return token, nil
}

func denied(program, detail string) error {
	return &diag.Failure{Class: diag.Denied, Op: "token command " + program, Detail: detail,
		Fix: "run it by hand: it must print an access token for the account and nothing else"}
}

// bounded keeps the beginning of what is written.
type bounded struct {
	text []byte
	more bool
}

// Write implements io.Writer. It takes everything, so that the writer goes on.
func (b *bounded) Write(p []byte) (int, error) {
	room := min(len(p), tokenBytes-len(b.text))
	b.text = append(b.text, p[:room]...)
	b.more = b.more || room < len(p)
	return len(p), nil
}
