package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// registrationPeriod is how long a new member can register, by the reference's admin
// formats and limits ("pending (expired)").
const registrationPeriod = 30 * 24 * time.Hour

// Registration is how far a member has come before the first login.
type registration struct {
	Begun       time.Time    `json:"begun,omitzero"`
	Expired     bool         `json:"expired,omitempty"` // let expire by hand
	Invitations []invitation `json:"invitations,omitempty"`
}

// invitation is a mail that a member was sent.
type invitation struct {
	At time.Time `json:"at"`
	To string    `json:"to"`
}

// invited notes an invitation of a member; no mail leaves the sandbox.
func (u *user) invited(to string, at time.Time) {
	u.Registration.Invitations = append(append([]invitation{}, u.Registration.Invitations...), invitation{at, to})
}

// expired reports whether the registration of a pending member is over.
func (u *user) expired(now time.Time) bool {
	r := u.Registration
	return u.Pending && (r.Expired || !r.Begun.IsZero() && now.Sub(r.Begun) >= registrationPeriod)
}

// sendInvitation mails a pending member: reference 10 §2.20.
func sendInvitation(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := checker{switches: c.switches}.body([]prop{
		{name: "usePrivateEmail", kind: flag, need: true},
		{name: "email", kind: text, null: true, max: 256, rule: outsideAddressRule},
	}, c.body)
	if err != nil {
		return nil, err
	}
	email, _ := body["email"].(string)
	switch {
	case !u.Pending || u.DeletedAt != nil:
		return nil, badRequest("only a member whose registration is pending can be invited")
	case u.expired(c.now) && c.switches.is("invitation-expired", "rejected"):
		return nil, badRequest("the registration has expired; an administrator renews it")
	case body["usePrivateEmail"] == true && u.Props.PrivateEmail == nil:
		return nil, badRequest("the member has no private address")
	case body["usePrivateEmail"] == false && strings.TrimSpace(email) == "":
		return nil, refuse(http.StatusBadRequest, "MISSING_PARAMETER", "email is required when usePrivateEmail is false")
	}
	if body["usePrivateEmail"] == true {
		email = *u.Props.PrivateEmail
	}
	sent := *u
	sent.invited(email, c.now)
	if sent.expired(c.now) {
		sent.Registration.Begun, sent.Registration.Expired = c.now, false
	}
	c.putUser(&sent)
	return nil, nil
}

// Expire lets the registration of a pending member expire, as 30 days do.
func (s *Server) Expire(user string) error {
	return s.change(func(now time.Time) error {
		c := &call{tenant: s.tenant, server: s, now: now}
		u := c.findUser(user)
		switch {
		case u == nil:
			return notFound("there is no member %s", user)
		case !u.Pending || u.DeletedAt != nil:
			return badRequest("only a registration that is pending can expire")
		}
		late := *u
		late.Registration.Expired = true
		c.putUser(&late)
		return nil
	})
}

// Invited is one invitation that the sandbox would have mailed.
type Invited struct {
	User string    `json:"user"` // login ID
	To   string    `json:"to"`
	At   time.Time `json:"at"`
}

// Invitations lists the invitations that members were sent, by member.
func (s *Server) Invitations() []Invited {
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	out := []Invited{}
	for _, d := range s.tenant.domains {
		for _, seq := range s.tenant.usersIn[domainKey(d.ID)] {
			u := s.tenant.users[s.tenant.bySeq[seq]]
			for _, i := range u.Registration.Invitations {
				out = append(out, Invited{u.Props.Email, i.To, i.At})
			}
		}
	}
	return out
}
