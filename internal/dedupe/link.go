package dedupe

import (
	"context"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// attempts is how often something is tried without getting on.
const attempts = 6

// link is the connection, opened when it is needed and again after it broke.
type link struct {
	target providers.Target
	sleep  func(ctx context.Context, d time.Duration) error
	w      providers.Writer // nil: not open
	failed int              // attempts in a row that got nowhere
}

// do does something that may be repeated, again after trouble that may pass. Other
// errors come back as they are.
func (l *link) do(ctx context.Context, op func(providers.Writer) error) error {
	for {
		err := l.once(ctx, op)
		if err == nil {
			l.failed = 0
			return nil
		}
		if ctx.Err() != nil {
			return &diag.Failure{Class: diag.Cancelled, Op: "search for copies", Err: ctx.Err()}
		}
		class := diag.ClassOf(err)
		if class != diag.Unavailable && class != diag.Limited || providers.Full(err) {
			return err
		}
		if class == diag.Unavailable && !providers.Answered(err) {
			_ = l.close() // it is broken, as err says
		}
		if l.failed++; l.failed >= attempts {
			return err
		}
		wait := max(time.Second<<(l.failed-1)/2, providers.RetryAfter(err))
		if err := l.pause(ctx, wait); err != nil {
			return &diag.Failure{Class: diag.Cancelled, Op: "search for copies", Err: err}
		}
	}
}

func (l *link) once(ctx context.Context, op func(providers.Writer) error) (err error) {
	if l.w == nil {
		if l.w, err = l.target.Open(ctx); err != nil {
			l.w = nil
			return err
		}
	}
	return op(l.w)
}

// gotOn forgives what failed before.
func (l *link) gotOn() { l.failed = 0 }

func (l *link) pause(ctx context.Context, d time.Duration) error {
	if l.sleep != nil {
		return l.sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (l *link) close() error {
	if l.w == nil {
		return nil
	}
	err := l.w.Close()
	l.w = nil
	return err
}

// name is a path for people.
func name(path []string) string { return strings.Join(path, "/") }
