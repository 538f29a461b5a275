package sandbox

import (
	"strings"
	"time"
)

// forwarding is where the mail of a member goes on to: reference 40 §7.
type forwarding struct {
	To   string    `json:"to"`
	Keep bool      `json:"keep,omitempty"` // the original stays; else it goes to Trash
	At   time.Time `json:"at"`
}

// Forwarding is what a member has set, as the member's mail settings show it. The
// API has no call that reads it.
type Forwarding struct {
	To   string
	Keep bool
}

// Forwarding tells where the mail of a member goes on to; false: nowhere. user is an
// ID, a login address or externalKey:….
func (s *Server) Forwarding(user string) (Forwarding, bool) {
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	u := s.tenant.findUser(user)
	if u == nil || u.Mail.Forwarding == nil {
		return Forwarding{}, false
	}
	return Forwarding{u.Mail.Forwarding.To, u.Mail.Forwarding.Keep}, true
}

func forwardingShape() []prop {
	return []prop{
		{name: "email", kind: text, need: true, min: 1, rule: outsideAddressRule},
		{name: "isSaveOriginalMail", kind: flag},
	}
}

// setForwarding makes a forwarding, or replaces it.
func setForwarding(c *call) (any, error) {
	body, err := checker{switches: c.switches}.body(forwardingShape(), c.body)
	if err != nil {
		return nil, err
	}
	u, err := c.mailMember()
	if err != nil {
		return nil, err
	}
	to, _ := body["email"].(string)
	owner := c.addresses[to]
	_, host, _ := strings.Cut(to, "@")
	switch {
	case owner == u.ID:
		return nil, badRequest("%s is an address of the member", to)
	case c.units[owner] != nil || c.groups[owner] != nil:
		return nil, badRequest("%s is an address of a group or an org unit", to)
	case owner == "" && !c.ownDomain(host) && c.switches.is("forwarding-outside", "403"):
		return nil, denied("the administrator does not allow forwarding out of the tenant")
	case u.Mail.Forwarding != nil && c.switches.is("forwarding-again", "409"):
		return nil, conflict("there is a forwarding already")
	}
	keep, given := body["isSaveOriginalMail"].(bool)
	changed := *u
	changed.Mail.Forwarding = &forwarding{To: to, Keep: keep || !given, At: c.now}
	c.putUser(&changed)
	return nil, nil
}

// deleteForwarding ends it; it is no error that there is none.
func deleteForwarding(c *call) (any, error) {
	u, err := c.mailMember()
	if err != nil || u.Mail.Forwarding == nil {
		return nil, err
	}
	changed := *u
	changed.Mail.Forwarding = nil
	c.putUser(&changed)
	return nil, nil
}

// mailMember is the member of the path, who must have a mailbox.
func (c *call) mailMember() (*user, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case !c.server.plan.mail:
		return nil, denied("the plan %s has no mail", c.server.opt.Plan)
	case u.DeletedAt != nil:
		return nil, denied("the member is %s", u.state())
	}
	return u, nil
}

func (t *tenant) ownDomain(name string) bool {
	for _, d := range t.domains {
		if strings.EqualFold(d.Name, name) {
			return true
		}
	}
	return false
}
