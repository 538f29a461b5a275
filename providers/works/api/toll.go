package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
)

// Limits are the rate-limit headers of an answer (reference/api/00-auth-and-common.md,
// section 9).
type Limits struct {
	Known     bool // remaining and reset were there
	Limit     int
	Remaining int
	Reset     time.Duration
}

// limitsOf reads the headers; the used count is read under its printed name
// "rateLimit-ssed" and under "rateLimit-used".
func limitsOf(h http.Header) Limits {
	limit, hasLimit := number(h, "rateLimit-limit")
	remaining, hasRemaining := number(h, "rateLimit-remaining")
	used, hasUsed := number(h, "rateLimit-used")
	if !hasUsed {
		used, hasUsed = number(h, "rateLimit-ssed")
	}
	reset, hasReset := number(h, "rateLimit-reset")
	if !hasRemaining && hasLimit && hasUsed {
		remaining, hasRemaining = max(0, limit-used), true
	}
	return Limits{
		Known: hasRemaining && hasReset, Limit: limit, Remaining: remaining,
		Reset: time.Duration(reset) * time.Second,
	}
}

// number reads a header by name in any case: transports that are no network may
// leave names as they were written.
func number(h http.Header, name string) (int, bool) {
	text := h.Get(name)
	if text == "" {
		for other, values := range h {
			if len(values) > 0 && strings.EqualFold(other, name) {
				text = values[0]
			}
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return int(n), err == nil && n >= 0
}

// toll makes every attempt pay its lane and wait for its writer.
type toll struct {
	next  handler
	lanes *lanes.Set
}

func (t *toll) do(ctx context.Context, x *exchange) (_ *reply, err error) {
	ticket, err := t.lanes.Acquire(ctx, x.call)
	if err != nil {
		return nil, &diag.Failure{Class: diag.Cancelled, Op: x.op.Name, Detail: "stopped before it was sent", Err: err}
	}
	var report lanes.Report
	defer func() { ticket.Done(report) }() // also when something below panics
	reply, err := t.next.do(ctx, x)
	if err != nil {
		var l *lost
		report.Unsent = !errors.As(err, &l) || l.unsent
		return nil, err
	}
	limits := limitsOf(reply.header)
	report = lanes.Report{
		Known: limits.Known, Limit: limits.Limit, Remaining: limits.Remaining, Reset: limits.Reset,
		Limited: reply.status == http.StatusTooManyRequests, Sent: reply.sent,
	}
	return reply, nil
}
