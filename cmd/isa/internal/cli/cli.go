// Package cli is what commands know of the world around them: streams, terminal,
// environment, clock, interrupts, and how a run ends. Commands take it as input,
// so that tests run them as users do.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
)

// Env is the world around a command. It is read-only after Main has begun,
// except Dir, which --chdir sets before a command runs.
type Env struct {
	Args []string // without the program's name
	In   io.Reader
	Out  io.Writer // what was asked for
	Err  io.Writer // all else: progress, questions, warnings, errors

	InTerminal, OutTerminal, ErrTerminal bool
	Width                                func() int // columns of the terminal; 0 = not known

	Lookup func(name string) (string, bool) // environment variables
	Now    func() time.Time
	Dir    string // relative paths begin here; "" = the process's directory

	// Interrupts delivers each Ctrl-C until stop is called.
	Interrupts func() (signals <-chan os.Signal, stop func())

	// Hidden reads one line of the terminal that is not shown; undo puts the terminal
	// back when nobody waits for the line any more. Nil: nothing can be read so.
	Hidden func() (read func() (string, error), undo func() error, err error)

	showing *showing // nil: Tell writes to Err without regard to bars
	secrets *answers // of the run; see Begin
}

// showing is the progress shown last. It may be told lines after its end.
type showing struct {
	mu       sync.Mutex
	progress *view.Progress
}

// System is the world of the process.
func System() *Env {
	return &Env{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Width: func() int {
			for _, f := range []*os.File{os.Stdout, os.Stderr} {
				if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
					return w
				}
			}
			return 0
		},
		Lookup: os.LookupEnv,
		Now:    time.Now,
		Interrupts: func() (<-chan os.Signal, func()) {
			c := make(chan os.Signal, 2)
			signal.Notify(c, os.Interrupt, syscall.SIGTERM)
			return c, func() { signal.Stop(c) }
		},
		Hidden:  hidden,
		showing: &showing{},
	}
}

// OutliveReaders makes writing to a pipe that nobody reads any more an error
// instead of the end of the process, so that `isa apply | head` cannot cut an apply
// off. Commands that isa runs are not concerned.
func OutliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// Path returns where a path given by the user is.
func (e *Env) Path(path string) string {
	if filepath.IsAbs(path) || e.Dir == "" {
		return path
	}
	return filepath.Join(e.Dir, path)
}

// ConfigDir is the directory of the configuration.
func (e *Env) ConfigDir() string {
	if e.Dir == "" {
		return "."
	}
	return e.Dir
}

// Get returns an environment variable, "" when it is not set.
func (e *Env) Get(name string) string {
	v, _ := e.Lookup(name)
	return v
}

// OutStyle is how text for Out is laid out: coloured only on a terminal and
// without NO_COLOR; 80 columns when Out is no terminal, so that kept texts are
// the same everywhere.
func (e *Env) OutStyle() view.Style { return e.style(e.OutTerminal) }

// ErrStyle is the same for Err.
func (e *Env) ErrStyle() view.Style { return e.style(e.ErrTerminal) }

func (e *Env) style(terminal bool) view.Style {
	if !terminal {
		return view.Style{}
	}
	return view.Style{Colour: e.Get("NO_COLOR") == "" && e.Get("TERM") != "dumb", Width: min(e.Width(), 160)}
}

// Progress begins showing progress on Err. waits may be nil.
func (e *Env) Progress(waits func() []view.Wait) *view.Progress {
	p := view.NewProgress(e.Err, view.ProgressOptions{
		Terminal: e.ErrTerminal && e.Get("TERM") != "dumb", Width: e.Width, Style: e.ErrStyle(), Now: e.Now, Waits: waits,
	})
	if e.showing != nil {
		e.showing.mu.Lock()
		defer e.showing.mu.Unlock()
		e.showing.progress = p
	}
	return p
}

// Tell writes one line to Err, above the bars if some are shown. It may be called
// by any goroutine.
func (e *Env) Tell(line string) {
	if e.showing != nil {
		e.showing.mu.Lock()
		defer e.showing.mu.Unlock()
		if p := e.showing.progress; p != nil {
			p.Line(line)
			return
		}
	}
	fmt.Fprintln(e.Err, line)
}

// Until returns a context that ends at the first Ctrl-C, and one that ends at the
// second. told is called at each with its number. stop releases both.
func (e *Env) Until(ctx context.Context, told func(n int)) (once, twice context.Context, stop func()) {
	once, cancelOnce := context.WithCancel(ctx)
	twice, cancelTwice := context.WithCancel(ctx)
	signals, release := e.Interrupts()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n, cancel := range []context.CancelFunc{cancelOnce, cancelTwice} {
			select {
			case <-done:
				return
			case <-signals:
			}
			cancel()
			if told != nil {
				told(n + 1)
			}
		}
	}()
	return once, twice, func() {
		release()
		close(done)
		<-ended
		cancelOnce()
		cancelTwice()
	}
}

// The exit codes of isa.
const (
	CodeDone        = 0
	CodeFailed      = 1
	CodePending     = 2   // changes pending, with --detailed-exitcode
	CodePartly      = 3   // finished in part, the state is consistent: run again
	CodeRefused     = 4   // a guard refused
	CodeStale       = 5   // the saved plan is stale, or the hash is not the expected one
	CodeInterrupted = 130 // Ctrl-C
)

// Exit ends a command with a code. Err is shown unless it is nil.
type Exit struct {
	Code int
	Err  error
}

// Error is the text of Err.
func (e *Exit) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *Exit) Unwrap() error { return e.Err }

// ExitCode is the code a command ends with after err.
func ExitCode(err error) int {
	var exit *Exit
	switch {
	case err == nil:
		return CodeDone
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, context.Canceled), diag.ClassOf(err) == diag.Cancelled && !errors.Is(err, context.DeadlineExceeded):
		return CodeInterrupted
	}
	return CodeFailed
}
