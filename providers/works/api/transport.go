package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxAnswer bounds an answer; a page of 100 members is some 300 kB.
const maxAnswer = 64 << 20

// lost is an exchange without a complete answer.
type lost struct {
	err    error
	unsent bool // certainly nothing was sent
}

func (l *lost) Error() string { return l.err.Error() }
func (l *lost) Unwrap() error { return l.err }

// transport sends one attempt and reads its whole answer. It follows no
// redirects, so that the token reaches no other host.
type transport struct {
	base      http.RoundTripper
	timeout   time.Duration
	userAgent string
}

func (t *transport) do(ctx context.Context, x *exchange) (*reply, error) {
	header := http.Header{"Accept": {"application/json"}}
	if !x.bare {
		header.Set("Authorization", "Bearer "+x.token)
	}
	switch {
	case x.contentType != "":
		header.Set("Content-Type", x.contentType)
	case x.body != nil:
		header.Set("Content-Type", "application/json; charset=UTF-8")
	}
	return t.within(max(x.op.Patience(), x.patience)).send(ctx, x.op.Method, x.url, header, x.body)
}

// within is the transport with at least so much time for an attempt.
func (t *transport) within(least time.Duration) *transport {
	if least <= t.timeout {
		return t
	}
	slower := *t
	slower.timeout = least
	return &slower
}

func (t *transport) send(ctx context.Context, method, url string, header http.Header, body []byte) (*reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout, fmt.Errorf("no answer within %v", t.timeout))
	defer cancel()
	var w wire
	req, err := http.NewRequestWithContext(w.watch(ctx), method, url, bytes.NewReader(body))
	if err != nil {
		return nil, &lost{err: errors.New("the address of the request is malformed"), unsent: true}
	}
	if body == nil {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	req.Header = header
	req.Header.Set("User-Agent", t.userAgent)
	res, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, &lost{err: cause(ctx, err), unsent: w.unsent()}
	}
	defer res.Body.Close() //nolint:errcheck // read to the end or given up
	var answer bytes.Buffer
	if n := res.ContentLength; n > 0 && n <= maxAnswer { // pages are large: read them without copying
		answer.Grow(int(n) + bytes.MinRead)
	}
	if _, err := answer.ReadFrom(io.LimitReader(res.Body, maxAnswer+1)); err != nil {
		return nil, &lost{err: fmt.Errorf("the answer broke off: %w", cause(ctx, err))}
	}
	if answer.Len() > maxAnswer {
		return nil, &lost{err: fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20)}
	}
	return &reply{status: res.StatusCode, header: res.Header, body: answer.Bytes(), sent: w.written()}, nil
}

// cause tells an attempt's own timeout from a bare "deadline exceeded".
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

// wire watches how far a request got. Transports other than net/http's report
// nothing; then everything is taken to have been sent.
type wire struct {
	asked, got atomic.Bool
	wrote      atomic.Pointer[time.Time]
}

func (w *wire) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { w.got.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) {
			now := time.Now()
			w.wrote.Store(&now)
		},
	})
}

func (w *wire) unsent() bool { return w.asked.Load() && !w.got.Load() }

func (w *wire) written() time.Time {
	if at := w.wrote.Load(); at != nil {
		return *at
	}
	return time.Time{}
}
