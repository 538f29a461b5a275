package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

// runCommand runs the command with the variables of a client and waits for its
// end; its exit code becomes isa's. Ctrl-C reaches the command by itself, as the
// terminal sends it to both; isa only waits then. Other signals are passed on.
func (o *options) runCommand(client map[string]string) error {
	cmd := exec.Command(o.command[0], o.command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = o.env.In, o.env.Out, o.env.Err
	cmd.Dir = o.env.Dir
	cmd.Env = os.Environ()
	for name, text := range client {
		cmd.Env = append(cmd.Env, name+"="+text)
	}
	signals, release := o.env.Interrupts()
	defer release()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the command cannot be run: %w; write it behind --, such as isa sandbox -- bash", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != os.Interrupt {
				if err := cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
					return fmt.Errorf("passing %v on to the command: %w", s, err)
				}
			}
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return &cli.Exit{Code: codeOf(exit)}
			}
			return err
		}
	}
}

// codeOf is the exit code of a command as shells tell it: a signal is an error.
func codeOf(exit *exec.ExitError) int {
	if code := exit.ExitCode(); code >= 0 {
		return code
	}
	return cli.CodeFailed
}
