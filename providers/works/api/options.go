package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/lanes"
)

// Edition is one of the two installations of the service.
type Edition string

// The editions (reference/api/00-auth-and-common.md, section 1).
const (
	Commercial Edition = "commercial"
	Gov        Edition = "gov" // Korean public sector
)

// The documented bases. Both names of the commercial auth host are documented;
// the default is the one of the service-account pages.
const (
	CommercialAPI     = "https://www.worksapis.com/v1.0"
	CommercialAuth    = "https://auth.worksmobile.com"
	CommercialAuthAlt = "https://auth.naverworks.com"
	GovAPI            = "https://gov.worksapis.com/v1.0"
	GovAuth           = "https://auth.gov-naverworks.com"
)

// Options say how to reach a tenant. Only Credentials are required.
type Options struct {
	Edition Edition // default Commercial
	// APIBase and AuthBase replace the edition's. Plain http is accepted for
	// loopback hosts only, and with a Transport of your own for .invalid. An APIBase without a path gets /v1.0; an AuthBase is the
	// host, with or without /oauth2/v2.0.
	APIBase, AuthBase string

	Credentials Credentials
	// Scopes to ask for; default "directory", which covers every operation of the
	// directory. Those of mail need "mail" beside it.
	Scopes []string

	// Lanes are the budgets. Default: a paid plan's limits. Clients of one tenant
	// share one Set.
	Lanes *lanes.Set
	// Transport sends requests. Default: a tuned http.Transport.
	Transport http.RoundTripper
	// Timeout of one attempt, answer included; default one minute. Waiting for
	// lanes is not counted.
	Timeout time.Duration
	// Backoff is the first pause after a failure that may pass; it grows from there
	// with jitter. Default half a second.
	Backoff time.Duration

	UserAgent string // default "isa"
	// Trace is told of every attempt, in the attempt's goroutine. May be nil.
	Trace func(TraceEvent)
}

// Credentials are those of a service account (Developer Console). The functions
// are asked whenever a token is needed, and their results are not kept.
type Credentials struct {
	ClientID       string
	ClientSecret   func(context.Context) (string, error)
	ServiceAccount string                                // "xxxxx.serviceaccount@domain"
	PrivateKey     func(context.Context) ([]byte, error) // RSA, PEM, PKCS#1 or PKCS#8
}

// withDefaults returns o completed, or what is wrong with it.
func (o Options) withDefaults() (Options, error) {
	if o.Edition == "" {
		o.Edition = Commercial
	}
	apiBase, authBase := CommercialAPI, CommercialAuth
	switch o.Edition {
	case Commercial:
	case Gov:
		apiBase, authBase = GovAPI, GovAuth
	default:
		return o, fmt.Errorf("edition %q is not known; use %q or %q", o.Edition, Commercial, Gov)
	}
	var err error
	plain := loopback
	if o.Transport != nil {
		plain = func(host string) bool { return loopback(host) || nowhere(host) }
	}
	if o.APIBase, err = base(o.APIBase, apiBase, "/v1.0", plain); err != nil {
		return o, fmt.Errorf("API base: %w", err)
	}
	if o.AuthBase, err = base(o.AuthBase, authBase, "", plain); err != nil {
		return o, fmt.Errorf("auth base: %w", err)
	}
	if err := o.Credentials.check(); err != nil {
		return o, err
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"directory"}
	}
	if o.Lanes == nil {
		o.Lanes = lanes.New(lanes.Budget{PerMinute: lanes.PaidPerMinute, WriterGap: lanes.OrgUnitGap}, lanes.QuietSince(time.Now()))
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Backoff <= 0 {
		o.Backoff = 500 * time.Millisecond
	}
	if o.UserAgent == "" {
		o.UserAgent = "isa"
	}
	return o, nil
}

func (c Credentials) check() error {
	switch {
	case c.ClientID == "":
		return errors.New("credentials have no client ID; it is on the app's page in the Developer Console")
	case c.ClientSecret == nil:
		return errors.New("credentials have no client secret")
	case c.ServiceAccount == "":
		return errors.New("credentials have no service account; it is on the app's page in the Developer Console")
	case c.PrivateKey == nil:
		return errors.New("credentials have no private key")
	}
	return nil
}

// base checks a base URL and removes its trailing slash. plain tells the hosts
// that need no TLS.
func base(given, otherwise, path string, plain func(host string) bool) (string, error) {
	if given == "" {
		return otherwise, nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("want an absolute URL such as " + otherwise)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && plain(u.Hostname()):
	default:
		return "", fmt.Errorf("%s://%s is not protected; use https (http is for loopback hosts only)", u.Scheme, u.Host)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = path
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// nowhere reports a name that no network knows (RFC 6761): a transport that
// serves it is in this process.
func nowhere(host string) bool { return strings.HasSuffix(host, ".invalid") }

// newTransport keeps enough connections for a whole run warm. The service's
// answers are small; HTTP/2 is used where offered.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          128,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}
