package calibrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/providers/works/api"
)

// object is an answer's or a request's JSON object.
type object = map[string]any

// answer is how the service took a request.
type answer struct {
	status int
	code   string
}

// taken reports that the request was carried out.
func (a answer) taken() bool { return a.status >= 200 && a.status < 300 }

// String is the answer in a sentence: "400 INVALID_PARAMETER".
func (a answer) String() string { return strings.TrimSpace(fmt.Sprint(a.status, " ", a.code)) }

// among returns the status as a value when it is one of these.
func (a answer) among(statuses ...int) (string, bool) {
	for _, s := range statuses {
		if a.status == s {
			return fmt.Sprint(s), true
		}
	}
	return "", false
}

// wrong reports a refusal for what was asked, and not for who asks or how often.
func (a answer) wrong() bool {
	return a.status == http.StatusBadRequest || a.status == http.StatusConflict || a.status == http.StatusUnprocessableEntity
}

// ask sends a request. A refusal is an answer. No answer at all, a service in trouble
// and a refused sign-in are errors: they say nothing about what was asked.
func (c *Calibrator) ask(ctx context.Context, op string, q api.Request, out any) (answer, error) {
	err := c.client.Call(ctx, op, q, out)
	if err == nil {
		return answer{status: c.seen.status()}, nil
	}
	var refused *api.ServiceError
	if !errors.As(err, &refused) || refused.Status == http.StatusUnauthorized || refused.Status == http.StatusTooManyRequests ||
		refused.Status < 400 || refused.Status >= 500 || api.Unauthorised(err) {
		return answer{}, err
	}
	return answer{refused.Status, refused.Code}, nil
}

// settle waits until reads show what was written.
func (c *Calibrator) settle(ctx context.Context) error {
	if c.lag == 0 {
		return ctx.Err()
	}
	return c.o.Pause(ctx, c.lag)
}

// sight is what the probes see of answers beside their content. It is safe for
// concurrent use.
type sight struct {
	under http.RoundTripper
	tell  func(api.TraceEvent)

	mu      sync.Mutex
	last    int
	limits  api.Limits
	date    time.Time
	expires string // form of expires_in: "number", "text", "" not seen
}

func newSight(o api.Options) *sight {
	s := &sight{under: o.Transport, tell: o.Trace}
	if s.under == nil {
		s.under = http.DefaultTransport
	}
	return s
}

func (s *sight) trace(e api.TraceEvent) {
	s.mu.Lock()
	s.last, s.limits = e.Status, e.Limits
	s.mu.Unlock()
	if s.tell != nil {
		s.tell(e)
	}
}

func (s *sight) status() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// minute is what the last answer told of the rate limit, and when; the zero time: it
// did not say.
func (s *sight) minute() (api.Limits, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits, s.date
}

func (s *sight) expiry() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expires
}

// mostToken is the size of a token's answer, in bytes.
const mostToken = 1 << 20

var expiresIn = regexp.MustCompile(`"expires_in"\s*:\s*(["0-9])`)

// RoundTrip implements http.RoundTripper. Of the answer to a sign-in it keeps nothing
// but how expires_in is written.
func (s *sight) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := s.under.RoundTrip(r)
	if err != nil {
		return reply, err
	}
	date, wrong := http.ParseTime(reply.Header.Get("Date"))
	if wrong != nil {
		date = time.Time{}
	}
	form := ""
	if reply.StatusCode == http.StatusOK && strings.HasSuffix(r.URL.Path, "/token") {
		body, readErr := io.ReadAll(io.LimitReader(reply.Body, mostToken))
		if err := errors.Join(readErr, reply.Body.Close()); err != nil {
			return nil, err
		}
		if m := expiresIn.FindSubmatch(body); m != nil {
			form = "number"
			if string(m[1]) == `"` {
				form = "text"
			}
		}
		reply.Body = io.NopCloser(bytes.NewReader(body))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.date = date
	if form != "" {
		s.expires = form
	}
	return reply, nil
}
