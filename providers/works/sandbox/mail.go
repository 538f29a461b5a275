package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// maxAppPasswords is how many app passwords a member may have: reference 41 §2.
const maxAppPasswords = 5

// imapFeature is the name under which the tenant keeps the administrator's switch.
const imapFeature = "imap"

// userMail is what a member has chosen for mail programs.
type userMail struct {
	Passwords []appPassword `json:"passwords,omitempty"`
	IMAP      *bool         `json:"imap,omitempty"` // nil: as the switch imap-member says

	Migration  *imapMigration `json:"migration,omitempty"` // nil: nothing is registered
	POP3       userPOP3       `json:"pop3,omitzero"`
	Forwarding *forwarding    `json:"forwarding,omitempty"`
}

// appPassword is an app password without its text, which was shown once. It is long
// and random, so that a plain hash hides it.
type appPassword struct {
	Sum string    `json:"sum"`
	At  time.Time `json:"at"`
}

// AppPassword is an app password that was just made.
type AppPassword struct {
	Login    string `json:"login"`
	Password string `json:"password"` // a secret of the sandbox
}

// newAppPassword returns random letters and digits: reference 41 §2.
func newAppPassword() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, 16)
	for len(out) < cap(out) {
		var b [32]byte
		_, _ = rand.Read(b[:]) // it never fails: see crypto/rand
		for _, c := range b {
			if int(c) < 4*len(letters) && len(out) < cap(out) {
				out = append(out, letters[int(c)%len(letters)])
			}
		}
	}
	return string(out)
}

func sumOf(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// AppPassword makes an app password, as the member does after signing in. user is
// an ID, a login address or externalKey:…. renew takes back the older ones first.
func (s *Server) AppPassword(user string, renew bool) (AppPassword, error) {
	var made AppPassword
	err := s.change(func(now time.Time) error {
		u := s.tenant.findUser(user)
		if u == nil {
			return notFound("there is no member %s", user)
		}
		var err error
		made, err = s.makeAppPassword(u, renew, now)
		return err
	})
	return made, err
}

// AppPasswords makes an app password for every member who is in use, for
// rehearsals. Members who cannot have one are left out and counted.
func (s *Server) AppPasswords(renew bool) (made []AppPassword, without int, err error) {
	err = s.change(func(now time.Time) error {
		t := s.tenant
		for _, d := range t.domains {
			for _, seq := range t.usersIn[domainKey(d.ID)] {
				p, err := s.makeAppPassword(t.users[t.bySeq[seq]], renew, now)
				if err != nil {
					without++
					continue
				}
				made = append(made, p)
			}
		}
		return nil
	})
	return made, without, err
}

// makeAppPassword is one of them. The caller holds the tenant's lock.
func (s *Server) makeAppPassword(u *user, renew bool, now time.Time) (AppPassword, error) {
	switch {
	case !s.plan.mail:
		return AppPassword{}, forbidden("the plan %s has no mail", s.opt.Plan)
	case !u.inUse():
		return AppPassword{}, badRequest("%s is %s; only members in use can make an app password (isa sandbox sign-in)", u.Props.Email, u.state())
	case len(u.Mail.Passwords) >= maxAppPasswords && !renew:
		return AppPassword{}, full("%s has %d app passwords, which is the most", u.Props.Email, maxAppPasswords)
	}
	password := newAppPassword()
	changed := *u
	kept := u.Mail.Passwords
	if renew {
		kept = nil
	}
	changed.Mail.Passwords = append(append([]appPassword{}, kept...), appPassword{sumOf(password), now})
	s.tenant.putUser(&changed)
	return AppPassword{u.Props.Email, password}, nil
}

// SetIMAP switches IMAP on or off for a member, as the member does, or with "" as
// user for everybody, as the administrator does. Sessions go on.
func (s *Server) SetIMAP(user string, on bool) error {
	return s.change(func(time.Time) error {
		if user == "" {
			s.tenant.setFeature(imapFeature, on)
			return nil
		}
		u := s.tenant.findUser(user)
		if u == nil {
			return notFound("there is no member %s", user)
		}
		changed := *u
		changed.Mail.IMAP = &on
		s.tenant.putUser(&changed)
		return nil
	})
}

// NewUIDValidity changes the UIDVALIDITY of all folders of a member, as after the
// service has rebuilt a mailbox, and gives the messages new UIDs.
func (s *Server) NewUIDValidity(user string) error {
	s.tenant.mu.RLock()
	u := s.tenant.findUser(user)
	s.tenant.mu.RUnlock()
	switch {
	case u == nil:
		return notFound("there is no member %s", user)
	case s.mail.server.Load() == nil:
		return badRequest("the sandbox serves no mail")
	}
	return s.mail.server.Load().NewEpoch(s.account(u))
}

// mail is the mail side of a server.
type mail struct {
	server atomic.Pointer[mailbox.Server] // nil before Start, or without mail
	trust  string                         // folder with the certificate; "" without TLS
	temp   string                         // folder to remove at the end, "" none

	mu    sync.Mutex
	wrong map[string]*wrongLogins // by member
}

// wrongLogins counts refused passwords in a row.
type wrongLogins struct {
	count int
	until time.Time
}

// lockFor is how long a member is locked out, with the switch imap-lockout.
const lockFor = 5 * time.Minute

// startMail opens the IMAP port.
func (s *Server) startMail(ctx context.Context) error {
	if s.opt.IMAP == "off" {
		return nil
	}
	opt := mailbox.Options{
		Listen: s.opt.IMAP, Behaviour: s.switches.mail(), Login: s.mailLogin, Now: s.clock.Now,
		Fault: s.faults.nextMail, CutAfter: s.faults.cutAfter, Minute: time.Duration(float64(time.Minute) / s.opt.Speed), Log: s.log.note,
	}
	if s.opt.Dir != "" {
		opt.Dir = filepath.Join(s.opt.Dir, "mail")
	}
	if s.opt.IMAPTLS {
		var err error
		if opt.TLS, err = s.mailTLS(); err != nil {
			return errors.Join(err, s.dropCertificate())
		}
	}
	server, err := mailbox.Start(ctx, opt)
	if err != nil {
		return errors.Join(err, s.dropCertificate())
	}
	s.mail.server.Store(server)
	return s.recoverMigrations()
}

// noMail is the address of mailboxes that are not served: nothing listens there, and
// no client turns to the service's own host instead.
const noMail = "imap://127.0.0.1:1"

// mailEnv are the settings of a client that concern mail.
func (s *Server) mailEnv() map[string]string {
	server := s.mail.server.Load()
	switch {
	case server == nil:
		return map[string]string{"ISA_IMAP_BASE": noMail}
	case s.mail.trust == "":
		return map[string]string{"ISA_IMAP_BASE": "imap://" + server.Addr()}
	}
	return map[string]string{"ISA_IMAP_BASE": "imaps://" + server.Addr(), "SSL_CERT_DIR": s.mail.trust}
}

// closeMail ends it.
func (s *Server) closeMail() error {
	s.migrations.close()
	server := s.mail.server.Load()
	if server == nil {
		return nil
	}
	return errors.Join(server.Close(), s.dropCertificate())
}

func (s *Server) account(u *user) mailbox.Account {
	korean := u.Props.Locale == "ko_KR"
	switch s.switches["imap-folder-language"] {
	case "korean":
		korean = true
	case "english":
		korean = false
	}
	return mailbox.Account{ID: u.ID, Login: u.Props.Email, Korean: korean}
}

// mailLogin decides a login: the full address of a member in use and an app
// password, IMAP switched on at both levels (reference 41 §2, §3).
func (s *Server) mailLogin(login, password string) (mailbox.Account, error) {
	t := s.tenant
	t.mu.RLock()
	u := t.findUser(strings.ToLower(login))
	admin, known := t.features[imapFeature]
	t.mu.RUnlock()
	if u == nil || !strings.Contains(login, "@") {
		return mailbox.Account{}, mailbox.Denied("Wrong user name or app password")
	}
	if !known {
		admin = s.switches.is("imap-admin", "on")
	}
	member := s.switches.is("imap-member", "on")
	if u.Mail.IMAP != nil {
		member = *u.Mail.IMAP
	}
	switch {
	case s.mail.locked(u.ID, s.clock.Now()):
		return mailbox.Account{}, mailbox.Denied("Too many wrong passwords; try again later")
	case !u.has(password):
		if s.switches.is("imap-lockout", "5") {
			s.mail.refused(u.ID, s.clock.Now())
		}
		return mailbox.Account{}, mailbox.Denied("Wrong user name or app password")
	case !s.plan.mail:
		return mailbox.Account{}, mailbox.Denied("The plan has no mail")
	case !u.inUse():
		return mailbox.Account{}, mailbox.Denied("The account is " + u.state())
	case !admin:
		return mailbox.Account{}, mailbox.Denied("IMAP is not allowed by the administrator")
	case !member:
		return mailbox.Account{}, mailbox.Denied("IMAP is switched off in the member's mail settings")
	}
	s.mail.accepted(u.ID)
	return s.account(u), nil
}

// has tells whether a text is one of the member's app passwords.
func (u *user) has(password string) bool {
	sum := []byte(sumOf(password))
	for _, p := range u.Mail.Passwords {
		if subtle.ConstantTimeCompare([]byte(p.Sum), sum) == 1 {
			return true
		}
	}
	return false
}

func (m *mail) locked(id string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.wrong[id]
	return w != nil && now.Before(w.until)
}

func (m *mail) refused(id string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.wrong[id]
	if w == nil {
		w = &wrongLogins{}
		m.wrong[id] = w
	}
	if w.count++; w.count >= 5 {
		w.count, w.until = 0, now.Add(lockFor)
	}
}

func (m *mail) accepted(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.wrong, id)
}

// removeMail deletes the mailboxes of members who are gone for good.
func (s *Server) removeMail(ids []string) error {
	server := s.mail.server.Load()
	if server == nil {
		return nil
	}
	var errs []error
	for _, id := range ids {
		s.migrations.stop(id, errForgotten)
		if err := server.Remove(id); err != nil {
			errs = append(errs, fmt.Errorf("the mailbox of %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
