package api

import (
	"context"
	"net/http"
)

// auth gives every attempt a token. When the service refuses the token, it is
// dropped; the retry layer then tries once more, which pays its lane again.
type auth struct {
	next   handler
	tokens *tokens
}

func (a *auth) do(ctx context.Context, x *exchange) (*reply, error) {
	if x.bare {
		return a.next.do(ctx, x)
	}
	t, err := a.tokens.get(ctx)
	if err != nil {
		return nil, err
	}
	// The granted scopes are known by now; they may be fewer than asked for.
	if err := covers(x.op, a.tokens.scopes(nil)); err != nil {
		return nil, err
	}
	with := *x
	with.token = t.text()
	with.secrets.add(with.token)
	reply, err := a.next.do(ctx, &with)
	if err == nil && reply.status == http.StatusUnauthorized {
		a.tokens.drop(t)
	}
	return reply, err
}
