package cli

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/isaworks/isa/internal/view"
)

// answers are the secrets that were asked for in this run, by question.
type answers struct {
	mu    sync.Mutex
	given map[string]string
}

// Begin begins a run: nobody has been asked for a secret yet.
func (e *Env) Begin() { e.secrets = &answers{given: map[string]string{}} }

// hidden is Env.Hidden of the process's terminal.
func hidden() (read func() (string, error), undo func() error, err error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, nil, err
	}
	read = func() (string, error) {
		text, err := term.ReadPassword(fd)
		return string(text), err
	}
	return read, func() error { return term.Restore(fd, before) }, nil
}

// SecretAsker returns what asks for secrets, nil when nobody can be asked.
func (e *Env) SecretAsker() func(ctx context.Context, question string) (string, error) {
	if !e.InTerminal || e.Hidden == nil {
		return nil
	}
	return e.askSecret
}

// askSecret asks a question once a run and returns its answer, which is not shown. It
// may be called by several goroutines, one of which asks at a time. An empty answer is
// kept too, so that nobody is asked for each of a thousand people.
func (e *Env) askSecret(ctx context.Context, question string) (text string, err error) {
	e.secrets.mu.Lock()
	defer e.secrets.mu.Unlock()
	if text, ok := e.secrets.given[question]; ok {
		return text, nil
	}
	if text, err = e.readHidden(ctx, view.Line(question)+": "); err == nil {
		e.secrets.given[question] = text
	}
	return text, err
}

func (e *Env) readHidden(ctx context.Context, prompt string) (string, error) {
	read, undo, err := e.Hidden()
	if err != nil {
		return "", fmt.Errorf("the terminal cannot hide what is typed: %w", err)
	}
	if _, err := fmt.Fprint(e.Err, prompt); err != nil {
		return "", err
	}
	got := make(chan answer, 1)
	go func() {
		text, err := read()
		got <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(e.Err)
		if err := undo(); err != nil {
			return "", fmt.Errorf("the terminal stays as it is, reset puts it back: %w", err)
		}
		return "", ctx.Err()
	case a := <-got:
		fmt.Fprintln(e.Err) // the line break was not shown either
		return a.text, a.err
	}
}
