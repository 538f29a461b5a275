//go:build unix

package mailtest

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// process is a process with all that it starts, in a group of their own. A shell
// beside it waits for the end of its standard input, which only this program holds
// open, so that the group ends with this program however that ends, and its files go.
type process struct {
	cmd   *exec.Cmd
	guard *exec.Cmd
	done  chan struct{} // closed when the process has ended
}

// launch starts a process. litter is what is to be removed should this program end
// before it ends the process; "" nothing.
func launch(command, env []string, log, litter string) (*process, error) {
	out, err := os.OpenFile(log+".out", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the process has it
	p := &process{cmd: exec.Command(command[0], command[1:]...), guard: &exec.Cmd{}, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how a server ended is in its log
		close(p.done)
	}()
	group := strconv.Itoa(p.cmd.Process.Pid)
	p.guard = exec.Command("/bin/sh", "-c", `read -r _; kill -KILL "-$1"; [ -z "$2" ] || rm -rf "$2"`, "sh", group, litter)
	p.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err := p.guard.StdinPipe(); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	if err := p.guard.Start(); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the whole group at once. None of it does anything afterwards, although
// what it had open may take the system a moment to close.
func (p *process) kill() error {
	if p.guard.Process != nil {
		if err := p.guard.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		_ = p.guard.Wait() // it was killed
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-p.done
	return nil
}
