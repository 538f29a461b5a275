package api

import (
	"context"
	"net/http"
	"time"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/api/op"
)

// exchange is one request, the same for all its attempts except for the token.
type exchange struct {
	op      op.Operation
	call    lanes.Call
	url     string
	path    string // encoded, below the base, for traces
	body    []byte
	secrets *secrets // that no text may repeat

	// Of uploads: another type than JSON, more time, and no token (bare).
	contentType string
	patience    time.Duration
	bare        bool

	token   string // set by the auth layer on a copy
	attempt int    // from 1, set by the retry layer on a copy
}

// reply is a complete answer.
type reply struct {
	status int
	header http.Header
	body   []byte
	sent   time.Time // when the request was written; zero when the transport does not tell
}

// handler carries out an exchange. A reply of any status is no error; an error is
// a *diag.Failure (nothing was sent, or auth failed) or a *lost.
type handler interface {
	do(ctx context.Context, x *exchange) (*reply, error)
}

// layers composes what happens to an exchange, outermost first: retry → lane →
// auth → trace → transport.
//
// Retry is outside the lane, since every attempt is counted by the service and
// has to pay. The lane is outside auth, so that a token fetched before a long
// wait does not expire in it. Auth is outside trace, so that trace sees each
// attempt as it is sent; it is told nothing of the token all the same.
//
// carry is the part below the lane, for uploads: they are no operations of the API,
// which no budget counts, and are begun anew when they break off.
func layers(o Options, t *tokens) (chain, carry handler) {
	var h handler = &transport{base: o.Transport, timeout: o.Timeout, userAgent: o.UserAgent}
	h = &tracer{next: h, tell: o.Trace}
	carry = &auth{next: h, tokens: t}
	h = &toll{next: carry, lanes: o.Lanes}
	return &retry{next: h, first: o.Backoff}, carry
}
