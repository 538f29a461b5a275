package workspace

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/works/api"
)

// Limits of what is seen of the service.
const (
	skewBorne  = 30 * time.Second // the issue time of a sign-in is set back by as much
	callsFew   = 20               // calls left of a minute
	weakestKey = 2048             // bits
)

// examineService checks credentials, sign-in, scopes, clock, quota and domains.
func (w *Workspace) examineService(ctx context.Context) []Check {
	credentials := w.examineCredentials(ctx)
	if credentials.Verdict == Failed {
		return []Check{credentials, {Name: "sign-in", Verdict: Unchecked, What: "it needs the credentials"}}
	}
	seen := &sight{now: w.env.Now, under: http.DefaultTransport}
	options := w.clientOptions(lanes.New(w.pace.budget(lanes.Budget{PerMinute: w.PerMinute()})))
	options.Transport, options.Timeout = seen, 10*time.Second
	options.Trace = seen.trace
	client, err := api.New(options)
	if err != nil {
		return []Check{credentials, failed("sign-in", "the client cannot be made", err, "check the tenant block and ISA_API_BASE")}
	}
	out := []Check{credentials}
	signedIn, member := true, ""
	for _, company := range w.Config.Tenant.Companies {
		name := "domain " + company.Domain
		user, err := first(client.Users(ctx, api.ListOptions{DomainID: company.DomainID}))
		var f *diag.Failure
		if errors.As(err, &f) && (f.Op == signIn || api.StatusOf(err) == 0) {
			out = append(out, failed("sign-in", "no token was got, or the service does not answer", err, w.unreached()))
			signedIn = false
			break
		}
		switch {
		case err != nil:
			out = append(out, failed(name, fmt.Sprintf("the members of %d cannot be listed", company.DomainID), err, "check domain_id, and that the app belongs to this tenant and has the scope directory"))
		case user == nil:
			out = append(out, Check{Name: name, Verdict: Fine, What: fmt.Sprintf("%d answers; it has no members", company.DomainID)})
		default:
			member = user.UserID
			out = append(out, Check{Name: name, Verdict: Fine, What: fmt.Sprintf("%d answers, with the scope directory", company.DomainID)})
		}
	}
	if signedIn {
		out = append(out, w.examineFeatures(ctx, client)...)
		out = append(out, w.examineMailScope(ctx, options, member)...)
	}
	return append(out, seen.clock(signedIn), seen.quota(w.PerMinute(), w.Config.Tenant.Plan))
}

// first is the first of a listing, nil when it is empty.
func first[T any](list iter.Seq2[*T, error]) (*T, error) {
	for one, err := range list {
		return one, err
	}
	return nil, nil
}

func (w *Workspace) examineCredentials(ctx context.Context) Check {
	const name = "credentials"
	access := w.Config.Access
	if err := checkAccess(access); err != nil {
		return failed(name, "they are not complete", err, "write the credentials block of tenant")
	}
	r := w.resolver()
	if _, err := r.Resolve(ctx, access.ClientSecret); err != nil {
		return failed(name, "client_secret cannot be had", err, "set what it is read from")
	}
	text, err := r.Resolve(ctx, access.PrivateKey)
	if err != nil {
		return failed(name, "private_key cannot be had", err, "set what it is read from")
	}
	bits := keyBits(text)
	switch {
	case bits == 0:
		return Check{name, Failed, "private_key is no key", "it has to be an RSA key as PEM, PKCS#1 or PKCS#8", "download the key of the service account from the Developer Console again, whole, with its BEGIN and END lines"}
	case bits < weakestKey:
		return Check{name, Doubtful, fmt.Sprintf("private_key has %d bits", bits), "so short keys can be broken", "make a new key in the Developer Console"}
	}
	return Check{Name: name, Verdict: Fine, What: fmt.Sprintf("complete; private_key is RSA with %d bits", bits)}
}

// keyBits is the size of a private RSA key as PEM, 0 when it is none.
func keyBits(text string) int {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return 0
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key.N.BitLen()
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return 0
	}
	if key, ok := key.(*rsa.PrivateKey); ok {
		return key.N.BitLen()
	}
	return 0
}

// examineFeatures lists what a switch of the console must be on for. The API cannot
// read the switches themselves.
func (w *Workspace) examineFeatures(ctx context.Context, c *api.Client) (out []Check) {
	on := w.Config.Tenant.Features
	for _, company := range w.Config.Tenant.Companies {
		o := api.ListOptions{DomainID: company.DomainID}
		for _, f := range []struct {
			name string
			on   bool
			list func() error
		}{
			{"job grades", on.JobGrades, func() error { _, err := first(c.Levels(ctx, o)); return err }},
			{"positions", on.Positions, func() error { _, err := first(c.Positions(ctx, o)); return err }},
			{"user types", on.UserTypes, func() error { _, err := first(c.UserTypes(ctx, o)); return err }},
		} {
			name := f.name + " of " + company.Domain
			switch err := error(nil); {
			case !f.on:
				out = append(out, Check{Name: name, Verdict: Unchecked, What: "the configuration says that they are off"})
			default:
				if err = f.list(); err != nil {
					out = append(out, failed(name, "they cannot be listed", err, "switch the feature on in the admin console, or say in features that it is off"))
				} else {
					out = append(out, Check{Name: name, Verdict: Fine, What: "on"})
				}
			}
		}
	}
	return out
}

// examineMailScope asks for a token of the scope mail where the configuration needs it.
func (w *Workspace) examineMailScope(ctx context.Context, o api.Options, member string) []Check {
	const name = "scope mail"
	if !w.needsMailScope() {
		return nil
	}
	if member == "" {
		return []Check{{Name: name, Verdict: Unchecked, What: "nobody is there yet whose migration could be asked for"}}
	}
	o.Scopes = []string{"mail"}
	client, err := api.New(o)
	if err == nil {
		_, err = client.IMAPMigration(ctx, member)
	}
	switch diag.ClassOf(err) {
	case "", diag.NotFound, diag.Conflict, diag.Invalid: // it was let in, and has nothing to tell
		return []Check{{Name: name, Verdict: Fine, What: "granted"}}
	}
	return []Check{failed(name, "the migration of a member cannot be asked for", err, "enable the scope mail for the app in the Developer Console")}
}

func (w *Workspace) needsMailScope() bool {
	for _, m := range w.Mail.Migrations {
		if m.Route != mail.RouteAppend {
			return true
		}
	}
	for _, in := range w.Config.Objects {
		if in.Kind.Type == mail.ForwardingKind {
			return true
		}
	}
	return false
}

// sight is what answers show beside their content: the service's clock and what it
// lets be called. It is safe for concurrent use.
type sight struct {
	now   func() time.Time
	under http.RoundTripper

	mu     sync.Mutex
	skew   time.Duration // of this machine, ahead of the service
	timed  bool
	limits api.Limits
}

// RoundTrip implements http.RoundTripper.
func (s *sight) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := s.now()
	answer, err := s.under.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	if date, bad := http.ParseTime(answer.Header.Get("Date")); bad == nil {
		ended := s.now()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.skew, s.timed = asked.Add(ended.Sub(asked)/2).Sub(date), true
	}
	return answer, err
}

func (s *sight) trace(e api.TraceEvent) {
	if !e.Limits.Known {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = e.Limits
}

func (s *sight) clock(signedIn bool) Check {
	const name = "clock"
	s.mu.Lock()
	defer s.mu.Unlock()
	skew := s.skew.Round(time.Second)
	switch {
	case !s.timed:
		return Check{Name: name, Verdict: Unchecked, What: "no answer told the service's time"}
	case skew.Abs() <= skewBorne:
		return Check{Name: name, Verdict: Fine, What: "as the service's, to " + view.Duration(max(skew.Abs(), time.Second))}
	}
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	c := Check{name, Doubtful, fmt.Sprintf("this machine is %s %s the service", view.Duration(skew.Abs()), way), "the service refuses to sign in who is too far off", "set the clock, by NTP"}
	if !signedIn {
		c.Verdict = Failed
	}
	return c
}

// quota tells what is left, and whether the limit is the one that the plan counts with.
func (s *sight) quota(perMinute int, plan string) Check {
	const name = "quota"
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.limits.Known {
		return Check{Name: name, Verdict: Unchecked, What: "no answer told how many calls are left"}
	}
	c := Check{Name: name, Verdict: Fine, What: fmt.Sprintf("%s of %s left, for %s", view.Number(s.limits.Remaining), view.Plural(s.limits.Limit, "call"), view.Duration(s.limits.Reset))}
	switch {
	case s.limits.Limit < perMinute:
		c.Verdict, c.Fix = Doubtful, "correct plan in the tenant block"
		c.Why = fmt.Sprintf("the configuration counts with %s a minute", view.Plural(perMinute, "call"))
		if plan != "" {
			c.Why += fmt.Sprintf(" (plan %q)", plan)
		}
	case s.limits.Remaining < min(callsFew, s.limits.Limit/2):
		c.Verdict, c.Why, c.Fix = Doubtful, "another program calls the API with this app", "wait for the next minute, or give isa an app of its own"
	}
	return c
}
