package sandbox

import (
	"errors"
	"strings"
	"time"
)

// The states of an IMAP migration, as the API writes them: reference 40 §2.2.
const (
	migrationBefore  = "Before migration"
	migrationRunning = "In progress"
	migrationDone    = "Completed"
)

// Features of the tenant that decide whether mail can be imported: reference 40 §2.4.
const (
	importFeature     = "mail-import"
	designatedFeature = "designated-ips"
)

// imapMigration is what the service keeps of a member's last IMAP migration. The
// password is only in memory while the run lasts.
type imapMigration struct {
	Serial    uint64    `json:"serial"` // of the run, for the mark in the mailbox
	Host      string    `json:"host"`
	Port      int       `json:"port"`
	Email     string    `json:"email"`
	SSL       bool      `json:"ssl,omitempty"`
	State     string    `json:"state"`
	Started   time.Time `json:"started,omitzero"`
	Completed time.Time `json:"completed,omitzero"`
	Total     int64     `json:"total,omitempty"`
}

// wireMigration is the answer of the status call: reference 40 §2.2.
type wireMigration struct {
	StartedTime    string `json:"startedTime"`
	CompletedTime  string `json:"completedTime"`
	TotalMailCount int64  `json:"totalMailCount"`
	Host           string `json:"host"`
	Port           int    `json:"port"`
	ImportedEmail  string `json:"importedEmail"`
	Email          string `json:"email"`
	UseSSL         bool   `json:"useSsl"`
	Status         string `json:"status"`
}

// wireTime writes a time as the service does: without zone, that of Korea.
func wireTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(time.FixedZone("", 9*3600)).Format("2006-01-02 15:04:05")
}

func (m *imapMigration) wire() *wireMigration {
	return &wireMigration{wireTime(m.Started), wireTime(m.Completed), m.Total, m.Host, m.Port, m.Email, "", m.SSL, m.State}
}

func migrationShape() []prop {
	return []prop{
		{name: "host", kind: text, need: true, min: 1},
		{name: "port", kind: number, need: true, min: 1},
		{name: "importedEmail", kind: text, need: true, min: 1, rule: outsideAddressRule},
		{name: "password", kind: text, need: true, min: 1},
		{name: "useSsl", kind: flag},
	}
}

// importer finds the member of the path, into whose mailbox mail may be imported.
// The caller holds the tenant's lock.
func (c *call) importer() (*user, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	switch {
	case !c.server.plan.mail:
		return nil, denied("the plan %s has no mail", c.server.opt.Plan)
	case u.DeletedAt != nil || u.Suspended:
		return nil, denied("the member is %s", u.state())
	case u.Pending && c.switches.is("migration-pending", "403"):
		return nil, denied("the member is pending")
	case !c.feature(importFeature, c.switches.is("mail-import", "on")):
		return nil, denied("the administrator does not allow the import of external mail")
	case c.feature(designatedFeature, c.switches.is("designated-ips", "on")):
		return nil, denied("external mail cannot be imported while only designated IP addresses are allowed")
	}
	return u, nil
}

// feature tells whether something is switched on, by control or else by default.
func (t *tenant) feature(name string, byDefault bool) bool {
	if on, known := t.features[name]; known {
		return on
	}
	return byDefault
}

// startMigration logs in to the source, for which it holds no lock, and begins the
// run: reference 40 §2.1. It goes on when the client leaves.
func startMigration(c *call) (any, error) {
	s := c.server
	body, err := checker{switches: s.switches}.body(migrationShape(), c.body)
	if err != nil {
		return nil, err
	}
	from := sourceOf(body)
	u, err := s.mayMigrate(c)
	if err != nil {
		return nil, err
	}
	if err := s.migrations.tryLogin(from, s.pause); err != nil {
		return nil, badRequest("the login at %s was not possible: %s", from.addr(), err)
	}
	var run *migrationRun
	err = s.change(func(now time.Time) error {
		if u, err = c.importer(); err != nil {
			return err
		}
		if err := s.free(u); err != nil { // another one may have begun meanwhile
			return err
		}
		s.tenant.serial++
		changed := *u
		changed.Mail.Migration = &imapMigration{Serial: s.tenant.serial, Host: from.host, Port: from.port, Email: from.login,
			SSL: from.tls, State: migrationRunning, Started: now}
		s.tenant.putUser(&changed)
		run, err = s.migrations.begin(changed.ID, s.tenant.serial, from)
		return err
	})
	if err != nil {
		if run != nil {
			close(run.done)
			s.migrations.end(run)
		}
		return nil, err
	}
	go s.migrate(run, s.account(u))
	return nil, nil
}

// mayMigrate checks before the login.
func (s *Server) mayMigrate(c *call) (*user, error) {
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	u, err := c.importer()
	if err != nil {
		return nil, err
	}
	if s.mail.server.Load() == nil {
		return nil, badRequest("this sandbox serves no mail; start it, without --imap off")
	}
	return u, s.free(u)
}

// free refuses a second run beside the first.
func (s *Server) free(u *user) error {
	if m := u.Mail.Migration; m != nil && m.State == migrationRunning {
		if s.switches.is("migration-busy", "400") {
			return badRequest("a migration is in progress")
		}
		return conflict("a migration is in progress")
	}
	return nil
}

// getMigration: reference 40 §2.2.
func getMigration(c *call) (any, error) {
	u, err := c.importer()
	if err != nil {
		return nil, err
	}
	m := u.Mail.Migration
	if m == nil {
		if c.switches.is("migration-none", "404") {
			return nil, notFound("no migration is registered")
		}
		return &wireMigration{Status: migrationBefore}, nil
	}
	out := m.wire()
	if run := c.server.migrations.running(u.ID); run != nil && run.serial == m.Serial && m.State == migrationRunning {
		switch c.switches["migration-total-running"] {
		case "counted":
			out.TotalMailCount = run.total.Load()
		case "grows":
			out.TotalMailCount = run.copied.Load()
		}
	}
	return out, nil
}

// deleteMigration stops a run and removes all settings: reference 40 §2.3.
func deleteMigration(c *call) (any, error) {
	s := c.server
	s.tenant.mu.RLock()
	u, err := c.importer()
	s.tenant.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	s.migrations.stop(u.ID, errForgotten)
	return nil, s.change(func(time.Time) error {
		if u = s.tenant.users[u.ID]; u != nil && u.Mail.Migration != nil {
			changed := *u
			changed.Mail.Migration = nil
			s.tenant.putUser(&changed)
		}
		return nil
	})
}

// SetMailImport switches the import of external mail on or off for everybody, as
// the administrator does. Off removes all settings and ends all runs.
func (s *Server) SetMailImport(on bool) error {
	if err := s.change(func(time.Time) error { s.tenant.setFeature(importFeature, on); return nil }); err != nil || on {
		return err
	}
	s.migrations.stopAll(errForgotten)
	return s.change(func(time.Time) error {
		for _, u := range s.tenant.users {
			if u.Mail.Migration == nil && len(u.Mail.POP3.Accounts) == 0 {
				continue
			}
			changed := *u
			changed.Mail.Migration, changed.Mail.POP3.Accounts = nil, nil
			s.tenant.putUser(&changed)
		}
		return nil
	})
}

// SetDesignatedIPs switches on or off that only designated IP addresses are
// allowed, which keeps external mail from being imported.
func (s *Server) SetDesignatedIPs(on bool) error {
	return s.change(func(time.Time) error { s.tenant.setFeature(designatedFeature, on); return nil })
}

// settle writes how a run ended, unless its settings are gone.
func (s *Server) settle(run *migrationRun, total int64, failed error) error {
	return s.change(func(now time.Time) error {
		u := s.tenant.users[run.user]
		if u == nil || u.Mail.Migration == nil || u.Mail.Migration.Serial != run.serial {
			return nil
		}
		changed := *u
		changed.Mail.Migration = ended(*u.Mail.Migration, now, total, failed, s.switches)
		s.tenant.putUser(&changed)
		return nil
	})
}

// ended is what stays of a run: what a failed one leaves is a switch.
func ended(m imapMigration, now time.Time, total int64, failed error, w Switches) *imapMigration {
	m.State, m.Completed, m.Total = migrationDone, now, total
	if failed == nil {
		return &m
	}
	switch w["migration-rolled-back"] {
	case "forgotten":
		return nil
	case "completed":
		return &m
	}
	m.State, m.Completed, m.Total = migrationBefore, time.Time{}, 0
	return &m
}

// recoverMigrations ends the runs that the end of the last process cut off: they are rolled
// back, unless their mail had arrived.
func (s *Server) recoverMigrations() error {
	var cut []*user
	s.tenant.mu.RLock()
	for _, u := range s.tenant.users {
		if m := u.Mail.Migration; m != nil && m.State == migrationRunning {
			cut = append(cut, u)
		}
	}
	s.tenant.mu.RUnlock()
	var errs []error
	for _, u := range cut {
		mark, err := s.mail.server.Load().Imported(s.account(u))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var failed error
		if mark.Run != u.Mail.Migration.Serial {
			failed = errors.New("the service was restarted")
		}
		run := &migrationRun{user: u.ID, serial: u.Mail.Migration.Serial, from: source{login: u.Mail.Migration.Email}}
		errs = append(errs, s.settle(run, mark.Total, failed), s.notice(s.account(u), endNotice(run, failed, s.clock.Now())))
	}
	return errors.Join(errs...)
}

func denied(format string, args ...any) *refusal {
	r := forbidden(format, args...)
	r.code = "ACCESS_DENIED"
	return r
}

// trimmed is an error in one line, for an answer.
func trimmed(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
