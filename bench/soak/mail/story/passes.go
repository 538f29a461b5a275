//go:build unix

package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// partly is the exit code of a pass that another one goes on with.
const partly = 3

// maxPasses bounds the passes that nothing disturbs, at the end.
const maxPasses = 5

// passes are those of a story, over a mailbox that its owner goes on using.
type passes struct {
	owner
	command func(ctx context.Context) *exec.Cmd // Move.Pass
	out     *Outcome
}

// pass is one that was started.
type pass struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // to be read when it has ended
	ended chan error   // what cmd.Wait returned
}

func (t *passes) pass(ctx context.Context) (*pass, error) {
	t.out.Passes++
	p := &pass{cmd: t.command(ctx), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	return p, nil
}

// over takes what a pass ended with: whether it was complete. killed tells that the
// story may have ended it.
func (t *passes) over(p *pass, ended error, killed bool) (complete bool, err error) {
	var exit *exec.ExitError
	switch {
	case ended == nil:
		t.out.Finished++
		return true, nil
	case errors.As(ended, &exit) && (exit.ExitCode() == partly || killed && exit.ExitCode() < 0):
		return false, nil
	}
	return false, fmt.Errorf("a pass ended as none may: %w: %s", ended, p.said.String())
}

// restart leaves a server dead for a moment.
func (t *passes) restart(ctx context.Context, s *mailtest.Server) error {
	if err := s.Kill(); err != nil {
		return err
	}
	time.Sleep(time.Duration(t.random.IntN(200)) * time.Millisecond)
	return s.Start(ctx)
}

// finish lets passes run undisturbed until nothing is left to do.
func (t *passes) finish(ctx context.Context) error {
	for n := 1; ; n++ {
		p, err := t.pass(ctx)
		if err != nil {
			return err
		}
		complete, err := t.over(p, <-p.ended, false)
		if err != nil || complete {
			return err
		}
		if n == maxPasses {
			return fmt.Errorf("%d passes that nothing disturbed did not finish: %s", n, p.said.String())
		}
	}
}

// nothingLeft makes one more pass, which has to be complete.
func (t *passes) nothingLeft(ctx context.Context) error {
	p, err := t.pass(ctx)
	if err != nil {
		return err
	}
	complete, err := t.over(p, <-p.ended, false)
	if err == nil && !complete {
		err = fmt.Errorf("a pass with nothing to do was not complete: %s", p.said.String())
	}
	return err
}
