package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Person is who sits at the terminal. It is for one goroutine. A command keeps one, so
// that no answer is lost between two questions.
type Person struct {
	env     *Env
	in      *bufio.Reader
	got     chan answer
	reading bool
}

type answer struct {
	text string
	err  error
}

// Person returns who answers at In.
func (e *Env) Person() *Person {
	return &Person{env: e, in: bufio.NewReader(e.In), got: make(chan answer, 1)}
}

// Answer asks on Err and waits for one line, which comes with its ends trimmed; nothing
// behind it is read. Errors are those of ctx and of reading, io.EOF among them.
func (p *Person) Answer(ctx context.Context, prompt string) (string, error) {
	if _, err := fmt.Fprint(p.env.Err, prompt); err != nil {
		return "", err
	}
	if !p.reading {
		p.reading = true
		go func() {
			text, err := p.in.ReadString('\n')
			p.got <- answer{text, err}
		}()
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-p.got:
		p.reading = false
		if a.text != "" && errors.Is(a.err, io.EOF) {
			a.err = nil // the last line has no end
		}
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			a.err = fmt.Errorf("reading the answer: %w", a.err)
		}
		return strings.TrimSpace(a.text), a.err
	}
}

// Agrees asks for consent: only "yes" is taken, and nobody there says no.
func (p *Person) Agrees(ctx context.Context, prompt string) (bool, error) {
	text, err := p.Answer(ctx, prompt)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text == "yes", err
}
