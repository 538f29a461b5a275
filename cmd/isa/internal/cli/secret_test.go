package cli

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
)

// typist types one line after another; a line "" blocks until the test ends.
type typist struct {
	mu     sync.Mutex
	lines  []string
	asked  int
	undone int
	end    chan struct{}
}

func (p *typist) hidden() (func() (string, error), func() error, error) {
	read := func() (string, error) {
		p.mu.Lock()
		line := p.lines[0]
		p.lines = p.lines[1:]
		p.asked++
		p.mu.Unlock()
		if line == "" {
			<-p.end
			return "", errors.New("the terminal is gone")
		}
		return line, nil
	}
	return read, func() error { p.mu.Lock(); defer p.mu.Unlock(); p.undone++; return nil }, nil
}

func TestSecretsAreAskedOnceARun(t *testing.T) {
	p := &typist{lines: []string{"pw1", "pw2"}}
	var said bytes.Buffer
	env := &Env{Err: &said, InTerminal: true, Hidden: p.hidden, secrets: &answers{given: map[string]string{}}}
	ask := env.SecretAsker()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if got, err := ask(t.Context(), "first\x1b[2J"); got != "pw1" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if got, err := ask(t.Context(), "second"); got != "pw2" {
		t.Errorf("%q, %v", got, err)
	}
	if p.asked != 2 || bytes.Contains(said.Bytes(), []byte("pw")) || bytes.Contains(said.Bytes(), []byte("\x1b")) {
		t.Errorf("asked %d times, shown %q", p.asked, said.String())
	}
}

func TestSecretsNeedATerminal(t *testing.T) {
	if (&Env{Hidden: (&typist{}).hidden}).SecretAsker() != nil || (&Env{InTerminal: true}).SecretAsker() != nil {
		t.Error("somebody is asked where nobody is")
	}
}

// TestSecretsGiveTheTerminalBack ends a question by Ctrl-C.
func TestSecretsGiveTheTerminalBack(t *testing.T) {
	p := &typist{lines: []string{""}, end: make(chan struct{})}
	defer close(p.end)
	env := &Env{Err: &bytes.Buffer{}, InTerminal: true, Hidden: p.hidden, secrets: &answers{given: map[string]string{}}}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := env.SecretAsker()(ctx, "q"); !errors.Is(err, context.Canceled) || p.undone != 1 {
		t.Errorf("%v, put back %d times", err, p.undone)
	}
	if len(env.secrets.given) != 0 {
		t.Error("a question that nobody answered counts as answered")
	}
}
