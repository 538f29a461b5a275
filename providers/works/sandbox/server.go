package sandbox

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/isaworks/isa/providers/works/api/op"
)

// Domain is one company of the tenant.
type Domain struct {
	ID   int
	Name string // "acme.co.kr"
}

// Options makes a Server. The zero value is an empty tenant in memory on loopback,
// limits off.
type Options struct {
	Listen     string        // "" is 127.0.0.1:0
	Dir        string        // folder of durable data; "" keeps all in memory
	Seed       int           // members of the company to make when the tenant is empty
	SeedValue  uint64        // IDs, the seeded company and faults follow from it
	Speed      float64       // seconds of the sandbox in a second; 0 is 1
	Latency    time.Duration // each request takes at least this long
	Limits     bool          // rate limits and the pace of org-unit writes
	Faults     string        // see ParseFaults
	Switches   Switches
	Domains    []Domain // the first is the domain of the service account; nil is acme.co.kr, 10000001
	Plan       string   // free, lite, standard, standard_plus (the default), trial
	SSO        bool     // members are in use as soon as they are created
	Features   bool     // a new tenant has levels, positions and user types switched on
	PrivateKey []byte   // PEM of the service account; nil: one is made
	IMAP       string   // address of the mailboxes; "" is 127.0.0.1:0, "off" none
	IMAPTLS    bool     // implicit TLS with a certificate of the sandbox's own, else plain text
	// ImportRoots are the authorities whom migration runs trust; nil: the system's.
	ImportRoots *x509.CertPool
	// ImportTimeout is how long a migration run waits for the source to connect, read
	// or write; 0 is a minute.
	ImportTimeout time.Duration
	Now           func() time.Time
	Log           io.Writer // a line for each request; nil: none
}

// plan is what a pricing plan limits: reference 00 §9, 20 §6, 22 §5, and for mail
// admin-formats-and-limits §4.8.
type plan struct {
	perMinute, members, units, groups int
	mail                              bool // alias and list addresses
}

func plans() map[string]plan {
	paid := plan{240, 0, 10_000, 100_000, false}
	mail := paid
	mail.mail = true
	return map[string]plan{
		"free": {60, 30, 100, 1_000, false}, "lite": paid, "standard": mail,
		"standard_plus": mail, "trial": mail,
	}
}

// Server is a local tenant. All methods are safe for concurrent use.
type Server struct {
	opt        Options
	switches   Switches
	plan       plan
	routes     *router
	clock      *clock
	tenant     *tenant
	journal    *journal // nil in memory
	faults     *faultPlan
	limits     *limiter
	writers    *writers
	log        *requestLog
	mail       mail
	migrations *migrations
	photos     *photos
	page       *template.Template

	keyOnce sync.Once
	key     *rsa.PrivateKey
	keyPEM  []byte
	keyErr  error

	mu       sync.Mutex
	listener net.Listener
	http     *http.Server
	closed   bool
}

// New makes a server and loads or seeds its tenant. Close it when Dir is set.
// Errors: an option that makes no sense, a folder that cannot be used or is in use.
func New(opt Options) (*Server, error) {
	s, err := configure(opt)
	if err != nil {
		return nil, err
	}
	if s.opt.Dir != "" {
		if err := s.open(); err != nil {
			return nil, err
		}
	}
	if err := s.fill(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func configure(opt Options) (*Server, error) {
	if opt.Speed == 0 {
		opt.Speed = 1
	}
	if opt.Speed < 0 {
		return nil, fmt.Errorf("sandbox: speed %v is not above 0", opt.Speed)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.ImportTimeout == 0 {
		opt.ImportTimeout = time.Minute
	}
	if opt.Plan == "" {
		opt.Plan = "standard_plus"
	}
	if len(opt.Domains) == 0 {
		opt.Domains = []Domain{{ID: 10000001, Name: "acme.co.kr"}}
	}
	pl, ok := plans()[opt.Plan]
	if !ok {
		return nil, fmt.Errorf("sandbox: plan %q is unknown; use free, lite, standard, standard_plus or trial", opt.Plan)
	}
	sw, err := opt.Switches.complete()
	if err != nil {
		return nil, err
	}
	for i, d := range opt.Domains {
		name := hostForm
		if !pl.mail {
			name = groupForm
		}
		if d.ID <= 0 || !name.MatchString(d.Name) {
			return nil, fmt.Errorf("sandbox: domain %d (%q) needs a positive ID and a name such as acme.co.kr, or acme on a plan without mail", i+1, d.Name)
		}
		for _, other := range opt.Domains[:i] {
			if other.ID == d.ID || other.Name == d.Name {
				return nil, fmt.Errorf("sandbox: domain %d (%q) is given twice", d.ID, d.Name)
			}
		}
	}
	faults, err := ParseFaults(opt.Faults)
	if err != nil {
		return nil, err
	}
	routes, err := newRouter(op.Table(), handlers())
	if err != nil {
		return nil, err
	}
	s := &Server{
		opt: opt, switches: sw, plan: pl, routes: routes,
		clock:   &clock{now: opt.Now, speed: opt.Speed, real: opt.Now(), base: opt.Now()},
		tenant:  newTenant(sw, opt.SeedValue, opt.Domains),
		faults:  &faultPlan{seed: opt.SeedValue, calls: map[string]uint64{}},
		writers: &writers{gap: time.Duration(float64(time.Second) / opt.Speed), paced: opt.Limits, busy: map[string]string{}, last: map[string]time.Time{}},
		log:     &requestLog{out: opt.Log},
		mail:    mail{wrong: map[string]*wrongLogins{}},
		photos:  newPhotos(opt.Dir),
		page:    pageTemplate(),
	}
	s.migrations = newMigrations(importNetwork{roots: opt.ImportRoots, any: sw.is("migration-certificate", "any"), timeout: opt.ImportTimeout}, int(sw.amount("migration-logins")))
	s.limits = &limiter{perMinute: pl.perMinute, minute: time.Duration(float64(time.Minute) / opt.Speed), aligned: sw.is("window", "clock"), windows: map[string]*window{}}
	s.setFaults(faults)
	return s, nil
}

// open loads the tenant of Dir.
func (s *Server) open() error {
	last := time.Time{}
	j, err := openJournal(s.opt.Dir, func(r *record) error {
		last = r.At
		return s.tenant.replay(r)
	})
	if err != nil {
		return err
	}
	s.journal = j
	if err := s.loadKey(); err != nil { // other programs read it from the folder
		return errors.Join(err, j.close())
	}
	s.tenant.arrange()
	if last.After(s.clock.Now()) {
		s.clock.set(last) // the sandbox's clock never goes back
	}
	return nil
}

// fill makes the administrator and, when asked, a company in an empty tenant.
func (s *Server) fill() error {
	filled := len(s.tenant.users) > 0
	if filled && s.tenant.name != "" {
		return nil
	}
	s.tenant.name = newName()
	if filled { // its folder was made before tenants had names
		return s.rewrite()
	}
	if s.plan.members > 0 && s.opt.Seed > s.plan.members {
		return fmt.Errorf("sandbox: plan %s has %d members at most, %d are to be seeded", s.opt.Plan, s.plan.members, s.opt.Seed)
	}
	s.tenant.rec = &record{At: s.clock.Now()}
	s.seedAdministrator()
	if s.opt.Features {
		for _, d := range s.opt.Domains {
			for _, list := range []string{listLevel, listPosition, listUserType} {
				s.tenant.setFeature(itemSpace(list, d.ID), true)
			}
		}
	}
	if s.opt.Seed > 1 {
		s.seedCompany(s.opt.Seed)
	}
	s.tenant.rec = &record{At: s.clock.Now()}
	return s.rewrite()
}

// rewrite writes the whole tenant to its folder, if it has one.
func (s *Server) rewrite() error {
	if s.journal == nil {
		return nil
	}
	return s.journal.compact(s.tenant.snapshot(s.clock.Now()))
}

// Handler serves the API (/v1.0/…), authentication (/oauth2/v2.0/…), the control
// calls (/_sandbox/…) and the page (/) on one host, below the tenant's name and
// without it.
func (s *Server) Handler() http.Handler {
	control := s.controls()
	return s.hosted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case hasPrefix(path, "/v1.0/"):
			s.serveAPI(w, r, path[len("/v1.0"):])
		case hasPrefix(path, "/oauth2/v2.0/"):
			s.serveAuth(w, r, path[len("/oauth2/v2.0/"):])
		default:
			control.ServeHTTP(w, r)
		}
	}))
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// Start listens (on loopback unless Options.Listen says otherwise) and serves until
// Close or until ctx ends. It returns the base URL without a slash at its end.
func (s *Server) Start(ctx context.Context) (string, error) {
	listen := s.opt.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errors.New("sandbox: the server is closed")
	}
	if s.listener != nil {
		return "", errors.New("sandbox: the server is started already")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", listen)
	if err != nil {
		return "", fmt.Errorf("sandbox: listen on %s: %w", listen, err)
	}
	if err := s.startMail(ctx); err != nil {
		return "", errors.Join(err, l.Close())
	}
	s.listener = l
	s.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	go func(srv *http.Server) {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.note("the sandbox stopped serving: " + err.Error())
		}
	}(s.http)
	context.AfterFunc(ctx, func() {
		if err := s.Close(); err != nil {
			s.log.note("close: " + err.Error())
		}
	})
	return s.baseURL(), nil
}

func (s *Server) baseURL() string {
	if s.listener == nil {
		return "http://isa-sandbox.invalid"
	}
	return "http://" + s.listener.Addr().String()
}

// Close stops serving and closes the data. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.http != nil {
		err = s.http.Close()
	}
	err = errors.Join(err, s.closeMail())
	if s.journal != nil {
		s.tenant.mu.Lock()
		defer s.tenant.mu.Unlock()
		err = errors.Join(err, s.journal.close())
	}
	return err
}

// Env returns the settings of a client: client ID and secret, service account, its
// private key as PEM, the two base addresses, which hold the tenant's name, the address of the mailboxes
// (where nothing listens unless they are served), and the pace when it is not that of a real tenant. The values are secrets of the sandbox only; nothing else is
// protected by them. Before Start the addresses are
// those that RoundTripper serves.
func (s *Server) Env() map[string]string {
	s.mu.Lock()
	base := s.baseURL()
	mail := s.mailEnv()
	s.mu.Unlock()
	env := map[string]string{
		"WORKS_CLIENT_ID":       clientID,
		"WORKS_CLIENT_SECRET":   clientSecret,
		"WORKS_SERVICE_ACCOUNT": s.serviceAccount(),
		"ISA_API_BASE":          base + "/" + s.tenant.name + "/v1.0",
		"ISA_AUTH_BASE":         base + "/" + s.tenant.name + "/oauth2/v2.0",
	}
	maps.Copy(env, mail)
	if err := s.loadKey(); err == nil {
		env["WORKS_PRIVATE_KEY"] = string(s.keyPEM)
	}
	switch {
	case !s.opt.Limits:
		env["ISA_SANDBOX_PACE"] = "off"
	case s.opt.Speed != 1:
		env["ISA_SANDBOX_PACE"] = strconv.FormatFloat(s.opt.Speed, 'g', -1, 64)
	}
	return env
}

// Requests returns the log of API requests in order of arrival; the oldest are
// forgotten beyond logSize.
func (s *Server) Requests() []Entry { return s.log.entries() }

// Violations returns what clients did that a real tenant forbids: writes of org
// units too close together, overlapping writes of one object.
func (s *Server) Violations() []string { return s.writers.violations() }

// clock is the sandbox's time: it runs at a speed and can be advanced.
type clock struct {
	now   func() time.Time
	speed float64

	mu   sync.Mutex
	real time.Time // when base was set
	base time.Time
}

// Now returns the sandbox's time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Duration(float64(c.now().Sub(c.real)) * c.speed))
}

func (c *clock) set(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.real, c.base = c.now(), to
}

// at translates a real time.
func (c *clock) at(real time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Duration(float64(real.Sub(c.real)) * c.speed))
}
