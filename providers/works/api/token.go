package api

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers/works/api/op"
)

const (
	oauth            = "/oauth2/v2.0" // below the auth host; an AuthBase may end with it
	grantJWT         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	assertionLife    = 30 * time.Minute // at most 60 minutes are allowed
	clockSkew        = 30 * time.Second // the assertion's issue time is set back by it
	shortestLifetime = time.Hour        // taken when the answer does not tell
	refreshAhead     = 5 * time.Minute  // or a tenth of a shorter lifetime
	tokenAttempts    = 6
)

// token is an access token. Its text is behind a function, which no way of
// printing calls.
type token struct {
	text    func() string
	renew   time.Time // from when a new one is fetched
	expires time.Time
	scopes  []string // as granted
}

// tokens fetches and keeps the access token of a service account
// (reference/api/00-auth-and-common.md, section 2.2). One caller fetches, the
// others wait for it.
type tokens struct {
	credentials Credentials
	asked       []string
	url         string
	sender      *transport
	first       time.Duration

	turn chan struct{} // held by the caller who fetches

	mu      sync.Mutex
	current *token
	granted []string // of the newest token, kept when the token is dropped
	fetches int      // finished, of any outcome
	refusal error    // of the newest fetch, when it was final
}

func newTokens(o Options) *tokens {
	return &tokens{
		credentials: o.Credentials, asked: o.Scopes, url: strings.TrimSuffix(o.AuthBase, oauth) + oauth + "/token",
		sender: &transport{base: o.Transport, timeout: o.Timeout, userAgent: o.UserAgent},
		first:  o.Backoff, turn: make(chan struct{}, 1),
	}
}

// scopes are those granted, or else asked for when there was no token yet.
func (t *tokens) scopes(asked []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.granted) > 0 {
		return t.granted
	}
	if asked == nil {
		return t.asked
	}
	return asked
}

// drop forgets a token that the service refused, unless it is replaced already.
func (t *tokens) drop(refused *token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == refused {
		t.current = nil
	}
}

func (t *tokens) usable() (current *token, fresh bool, fetches int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.current == nil || !now.Before(t.current.expires) {
		return nil, false, t.fetches
	}
	return t.current, now.Before(t.current.renew), t.fetches
}

// get returns a token that is good now. A token near its end is renewed ahead of
// time; when that fails in passing, it is used to its end.
func (t *tokens) get(ctx context.Context) (*token, error) {
	current, fresh, before := t.usable()
	if fresh {
		return current, nil
	}
	if current != nil {
		select {
		case t.turn <- struct{}{}:
		default:
			return current, nil // somebody is renewing it
		}
	} else {
		select {
		case t.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, cancelled(ctx.Err())
		}
	}
	defer func() { <-t.turn }()
	if newer, fresh, _ := t.usable(); fresh {
		return newer, nil
	}
	if err := t.refusedSince(before); err != nil {
		return nil, err // found out by the one we waited for
	}
	fetched, err := t.fetch(ctx, current == nil)
	t.settle(fetched, err)
	if err != nil && current != nil && diag.ClassOf(err) == diag.Unavailable {
		return current, nil
	}
	return fetched, err
}

func (t *tokens) refusedSince(fetches int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fetches > fetches {
		return t.refusal
	}
	return nil
}

func (t *tokens) settle(fetched *token, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetches++
	t.refusal = nil
	switch class := diag.ClassOf(err); {
	case err == nil:
		t.current, t.granted = fetched, fetched.scopes
	case class == diag.Denied, class == diag.Invalid:
		t.refusal = err
	}
}

// fetch asks for a token, with pauses while the trouble may pass. A renewal ahead
// of time asks once.
func (t *tokens) fetch(ctx context.Context, must bool) (*token, error) {
	pauses := newPauses(t.first)
	for attempt := 1; ; attempt++ {
		fetched, err := t.ask(ctx)
		class := diag.ClassOf(err)
		if class != diag.Unavailable && class != diag.Limited || !must || attempt == tokenAttempts {
			return fetched, err
		}
		if err := pause(ctx, pauses.NextBackOff()); err != nil {
			return nil, cancelled(err)
		}
	}
}

const tokenOp = "token"

func cancelled(err error) error {
	return &diag.Failure{Class: diag.Cancelled, Op: tokenOp, Detail: "stopped before it was sent", Err: err}
}

// ask sends one token request.
func (t *tokens) ask(ctx context.Context) (*token, error) {
	x := &exchange{op: op.Operation{Name: tokenOp, Repeatable: true}, secrets: &secrets{}}
	form, err := t.form(ctx, x.secrets)
	if err != nil {
		return nil, err
	}
	header := http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	asked := time.Now()
	r, err := t.sender.send(ctx, http.MethodPost, t.url, header, []byte(form.Encode()))
	if err != nil {
		f := &diag.Failure{Class: diag.Unavailable, Op: tokenOp, Detail: "no answer from the sign-in host", Err: errors.New(clean(x.secrets.scrub(err.Error())))}
		if ctx.Err() != nil {
			f.Class = diag.Cancelled
		}
		return nil, f
	}
	if r.status != http.StatusOK {
		return nil, t.refused(x, r)
	}
	return t.read(asked, r)
}

// form signs the assertion and makes the request's form.
func (t *tokens) form(ctx context.Context, s *secrets) (url.Values, error) {
	denied := func(what string, err error) error {
		if ctx.Err() != nil {
			return cancelled(ctx.Err())
		}
		return &diag.Failure{Class: diag.Denied, Op: tokenOp, Detail: what, Err: err}
	}
	pem, err := t.credentials.PrivateKey(ctx)
	if err != nil {
		return nil, denied("the private key cannot be read", err)
	}
	key, err := parseKey(pem)
	if err != nil {
		return nil, denied("the private key cannot be used", err)
	}
	secret, err := t.credentials.ClientSecret(ctx)
	if err != nil {
		return nil, denied("the client secret cannot be read", err)
	}
	now := time.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": t.credentials.ClientID,
		"sub": t.credentials.ServiceAccount,
		"iat": now.Add(-clockSkew).Unix(),
		"exp": now.Add(assertionLife).Unix(),
	}).SignedString(key)
	if err != nil {
		return nil, denied("the private key cannot sign", err)
	}
	s.add(assertion, secret)
	return url.Values{
		"assertion":     {assertion},
		"grant_type":    {grantJWT},
		"client_id":     {t.credentials.ClientID},
		"client_secret": {secret},
		"scope":         {strings.Join(t.asked, " ")},
	}, nil
}

// parseKey reads PKCS#1 ("RSA PRIVATE KEY") or PKCS#8 ("PRIVATE KEY"). Its errors
// say nothing of the content.
func parseKey(pem []byte) (*rsa.PrivateKey, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(pem)
	switch {
	case err == nil:
		return key, nil
	case errors.Is(err, jwt.ErrKeyMustBePEMEncoded):
		return nil, errors.New("it is not PEM; download it again from the Developer Console")
	case errors.Is(err, jwt.ErrNotRSAPrivateKey):
		return nil, errors.New("it is not an RSA key; download it again from the Developer Console")
	}
	return nil, errors.New(`it is damaged or of another kind; want "PRIVATE KEY" or "RSA PRIVATE KEY" in PEM`)
}

// refused classifies the sign-in host's refusal (section 2.6: RFC 6749 errors).
func (t *tokens) refused(x *exchange, r *reply) error {
	f := classify(x, r)
	if f.Class == diag.Unavailable || f.Class == diag.Limited {
		return f
	}
	f.Class = diag.Denied
	switch CodeOf(f) {
	case "invalid_scope":
		f.Fix = "enable these scopes for the app in the Developer Console: " + strings.Join(t.asked, ", ")
	case "invalid_client":
		f.Fix = "check client ID and client secret of the app in the Developer Console"
	case "invalid_grant":
		f.Fix = "check service account and private key of the app, and this machine's clock"
	default:
		f.Fix = "check the auth base and the credentials of the app in the Developer Console"
	}
	return f
}

// read takes the token out of the answer to a request made at asked.
func (t *tokens) read(asked time.Time, r *reply) (*token, error) {
	var answer struct {
		Token   string  `json:"access_token"`
		Scope   string  `json:"scope"`
		Expires seconds `json:"expires_in"`
	}
	if err := json.Unmarshal(r.body, &answer); err != nil || answer.Token == "" {
		return nil, &diag.Failure{
			Class: diag.Unavailable, Op: tokenOp, Detail: "HTTP 200, but the answer holds no token",
			Fix: "check the auth base",
		}
	}
	if strings.ContainsFunc(answer.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &diag.Failure{Class: diag.Unavailable, Op: tokenOp, Detail: "the token holds characters that no header can"}
	}
	life := time.Duration(answer.Expires) * time.Second
	if life <= 0 {
		life = shortestLifetime
	}
	scopes := strings.FieldsFunc(answer.Scope, func(r rune) bool { return r == ' ' || r == ',' })
	if len(scopes) == 0 {
		scopes = t.asked
	}
	return &token{
		text: func() string { return answer.Token }, scopes: scopes,
		expires: asked.Add(life), renew: asked.Add(life - min(refreshAhead, life/10)),
	}, nil
}

// seconds reads a number, also one in quotes; both are seen. What is no number of
// seconds is 0: then the token is used until it is refused.
type seconds int64

func (s *seconds) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	if err != nil || !(n >= 0 && n <= 366*24*3600) {
		n = 0
	}
	*s = seconds(n)
	return nil
}
