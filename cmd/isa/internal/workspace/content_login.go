package workspace

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/imap"
)

// Refusals are the passwords and tokens that servers refused, by account, so that the
// passes of one command do not try them again and again: servers lock accounts that
// are tried often. They are kept as hashes, in memory only. The zero value is ready,
// and safe for concurrent use.
type Refusals struct {
	mu   sync.Mutex
	last map[string][sha256.Size]byte
}

func (r *Refusals) has(account, secret string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.last[account]
	return ok && last == sha256.Sum256([]byte(secret))
}

// note notes how a login with a secret ended.
func (r *Refusals) note(account, secret string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		delete(r.last, account)
	case diag.ClassOf(err) == diag.Denied:
		if r.last == nil {
			r.last = map[string][sha256.Size]byte{}
		}
		r.last[account] = sha256.Sum256([]byte(secret))
	}
}

// opener opens a store with what a secret is resolved by.
type opener[C any] func(ctx context.Context, secret func(context.Context) (string, error)) (C, error)

// login opens a store, as which user, unless its secret was refused before.
func login[C any](ctx context.Context, r *Refusals, name, user string, resolve func(context.Context) (string, error), open opener[C]) (C, error) {
	used, known := "", false
	c, err := open(ctx, func(ctx context.Context) (string, error) {
		secret, err := resolve(ctx)
		switch {
		case err != nil:
			return "", err
		case r.has(name, secret):
			return "", &diag.Failure{Class: diag.Denied, Op: "log in as " + user,
				Detail: "not tried again, the password or token is the one that was refused before", Fix: "correct it: the next pass tries the new one"}
		}
		used, known = secret, true
		return secret, nil
	})
	if known {
		r.note(name, used, err)
	}
	return c, err
}

// guardedOrigin is an account that is read, and whose refused secret is not tried again.
type guardedOrigin struct {
	providers.Origin
	user    string
	secret  func(context.Context) (string, error)
	with    func(secret func(context.Context) (string, error)) providers.Origin
	refused *Refusals
}

// Open implements providers.Origin.
func (g guardedOrigin) Open(ctx context.Context) (providers.Reader, error) {
	return login(ctx, g.refused, g.Name(), g.user, g.secret, func(ctx context.Context, secret func(context.Context) (string, error)) (providers.Reader, error) {
		return g.with(secret).Open(ctx)
	})
}

// guardedTarget is an account that is written to, and whose refused secret is not tried
// again.
type guardedTarget struct {
	providers.Target
	account imap.Account
	refused *Refusals
}

// Open implements providers.Target.
func (g guardedTarget) Open(ctx context.Context) (providers.Writer, error) {
	return login(ctx, g.refused, g.Name(), g.account.User, g.account.Secret, func(ctx context.Context, secret func(context.Context) (string, error)) (providers.Writer, error) {
		a := g.account
		a.Secret = secret
		return imap.Target(a, providers.Limits{}).Open(ctx)
	})
}
