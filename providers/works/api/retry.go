package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
)

const (
	maxAttempts = 6  // of what may pass: network and server trouble
	maxLimited  = 60 // refusals by the limit before the call gives up; each waits for the lane's reset
	maxPause    = 15 * time.Second
)

// retry repeats what may be repeated, by class:
//   - 429: nothing was done; the lane holds the next attempt until the reset;
//   - 401: nothing was done; once, with a fresh token;
//   - never left this machine: with pauses;
//   - network and server trouble: with pauses, if the operation is repeatable.
//     Otherwise the failure is Unknown and the caller has to look first.
//
// When the run is to stop (lanes.WithStop) nothing is repeated: what was tried
// fails with its own failure, what never left is Cancelled.
type retry struct {
	next  handler
	first time.Duration
}

func (r *retry) do(ctx context.Context, x *exchange) (*reply, error) {
	pauses := newPauses(r.first)
	failed, limited, renewed := 0, 0, false
	var tried *diag.Failure // of an attempt that the service may have carried out
	for attempt := 1; ; attempt++ {
		try := *x
		try.attempt = attempt
		reply, err := r.next.do(ctx, &try)
		if err == nil && (reply.status >= 200 && reply.status < 300 || reply.status == x.op.Success) {
			return reply, nil
		}
		var final *diag.Failure
		if errors.As(err, &final) { // stopped in the lane, or signing in failed for good
			if tried != nil && final.Class == diag.Cancelled {
				return nil, stopped(ctx, tried)
			}
			return nil, final
		}
		failure, unsent := r.failure(ctx, x, reply, err)
		switch {
		case failure.Class == diag.Limited && limited < maxLimited:
			limited++
			continue
		case err == nil && reply.status == http.StatusUnauthorized && !renewed:
			renewed = true
			continue
		case failure.Class != diag.Unavailable || !unsent && !x.op.Repeatable:
			return nil, failure
		}
		if failed++; failed == maxAttempts {
			failure.Detail = join(failure.Detail, fmt.Sprintf("given up after %d attempts", failed))
			return nil, failure
		}
		if !unsent {
			tried = failure
		}
		if err := pause(ctx, pauses.NextBackOff()); err != nil {
			if tried != nil {
				return nil, stopped(ctx, tried)
			}
			failure.Class, failure.Unknown = diag.Cancelled, false
			return nil, failure
		}
	}
}

// stopped is the failure of what was tried and is not repeated, since the run is to
// stop; Cancelled when it was cut off on top.
func stopped(ctx context.Context, tried *diag.Failure) *diag.Failure {
	tried.Detail = join(tried.Detail, "not tried again, since the run stops")
	if ctx.Err() != nil {
		tried.Class = diag.Cancelled
	}
	return tried
}

// failure classifies an attempt that did not succeed; unsent tells that it
// certainly never reached the service.
func (r *retry) failure(ctx context.Context, x *exchange, reply *reply, err error) (f *diag.Failure, unsent bool) {
	if err == nil {
		return classify(x, reply), false
	}
	var l *lost
	errors.As(err, &l)
	f = &diag.Failure{
		Class: diag.Unavailable, Op: x.op.Name,
		Detail:  "no answer",
		Err:     errors.New(clean(x.secrets.scrub(err.Error()))),
		Unknown: !x.op.Repeatable && (l == nil || !l.unsent),
	}
	if ctx.Err() != nil {
		f.Class = diag.Cancelled
	}
	return f, l != nil && l.unsent
}

// newPauses grows from first with jitter.
func newPauses(first time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval, b.RandomizationFactor = first, 2, maxPause, 0.5
	b.Reset()
	return b
}

// pause waits; an error when ctx ends or the run is to stop.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-lanes.Stopping(ctx):
		return context.Canceled
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}
