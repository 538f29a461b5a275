package api

import (
	"context"
	"time"
)

// TraceEvent is one attempt of a call. It holds no header but the limits, no
// token and no body; the path and query may name people.
type TraceEvent struct {
	Op      string
	Method  string
	Path    string // encoded, below the API base, with query
	Writer  string
	Attempt int // from 1
	Start   time.Time
	Took    time.Duration
	Sent    int    // bytes of the body
	Status  int    // 0 when there was no answer
	Code    string // the service's error code
	Got     int    // bytes of the answer
	Limits  Limits
	Err     string // why there was no answer
}

// tracer tells of attempts as they end.
type tracer struct {
	next handler
	tell func(TraceEvent)
}

func (t *tracer) do(ctx context.Context, x *exchange) (*reply, error) {
	if t.tell == nil {
		return t.next.do(ctx, x)
	}
	e := TraceEvent{
		Op: x.op.Name, Method: x.op.Method, Path: x.path, Writer: x.call.Writer,
		Attempt: x.attempt, Start: time.Now(), Sent: len(x.body),
	}
	reply, err := t.next.do(ctx, x)
	e.Took = time.Since(e.Start)
	if err != nil {
		e.Err = clean(x.secrets.scrub(err.Error()))
	} else {
		e.Status, e.Got, e.Limits = reply.status, len(reply.body), limitsOf(reply.header)
		if reply.status >= 300 {
			e.Code = serviceError(x, reply).Code
		}
	}
	t.tell(e)
	return reply, err
}
