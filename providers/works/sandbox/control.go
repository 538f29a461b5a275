package sandbox

import (
	"errors"
	"net/http"
	"time"
)

// controls are the sandbox's own calls. They need no token: whoever reaches the
// sandbox may use them.
func (s *Server) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /_sandbox/page.css", servePageFile("page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /_sandbox/page.js", servePageFile("page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /_sandbox/log", func(w http.ResponseWriter, _ *http.Request) { jsonAnswer(200, s.Requests()).write(w) })
	mux.HandleFunc("GET /_sandbox/violations", func(w http.ResponseWriter, _ *http.Request) { jsonAnswer(200, s.Violations()).write(w) })
	mux.HandleFunc("GET /_sandbox/state", func(w http.ResponseWriter, _ *http.Request) { jsonAnswer(200, s.state()).write(w) })
	mux.HandleFunc("POST /_sandbox/sign-in", s.control(func(r *http.Request) error { return s.SignIn(r.FormValue("user")) }))
	mux.HandleFunc("POST /_sandbox/expire", s.control(func(r *http.Request) error { return s.Expire(r.FormValue("user")) }))
	mux.HandleFunc("GET /_sandbox/invitations", func(w http.ResponseWriter, _ *http.Request) { jsonAnswer(200, s.Invitations()).write(w) })
	s.mailControls(mux)
	s.storageControls(mux)
	mux.HandleFunc("POST /_sandbox/clock", s.control(func(r *http.Request) error {
		d, err := time.ParseDuration(r.FormValue("advance"))
		if err != nil {
			return invalid("advance must be a duration such as 168h")
		}
		return s.Advance(d)
	}))
	mux.HandleFunc("POST /_sandbox/faults", s.control(func(r *http.Request) error { return s.SetFaults(r.FormValue("faults")) }))
	return mux
}

func (s *Server) control(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := do(r); err != nil {
			errorAnswer(err).write(w)
			return
		}
		if back := r.FormValue("back"); back != "" { // a button of the page
			http.Redirect(w, r, pageBack(back), http.StatusSeeOther)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// SignIn does what a member's first login does: pending becomes in use. user is an
// ID, a login address or externalKey:….
func (s *Server) SignIn(user string) error {
	return s.change(func(now time.Time) error {
		c := &call{tenant: s.tenant, server: s, now: now}
		u := c.findUser(user)
		if u == nil {
			return notFound("there is no member %s", user)
		}
		return c.signIn(u)
	})
}

// SignInAll lets every member sign in who is only waiting for that.
func (s *Server) SignInAll() error {
	return s.change(func(now time.Time) error {
		c := &call{tenant: s.tenant, server: s, now: now}
		for _, u := range s.tenant.users {
			if u.Pending && u.DeletedAt == nil && !u.Suspended && !awaiting(&u.Props, now) && !u.expired(now) {
				if err := c.signIn(u); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Advance moves the sandbox's clock on, as for the end of a deletion period. Tokens
// live on the callers' clock and stay.
func (s *Server) Advance(by time.Duration) error {
	if by < 0 {
		return invalid("the clock cannot go back")
	}
	s.clock.set(s.clock.Now().Add(by))
	return s.change(func(time.Time) error {
		s.tenant.rec.Tick = true // so that the time is kept
		return nil
	})
}

// SetFaults replaces the faults of a running server; "" ends them.
func (s *Server) SetFaults(text string) error {
	f, err := ParseFaults(text)
	if err != nil {
		return invalid("%v", err)
	}
	s.setFaults(f)
	return nil
}

// tenantState is the whole tenant, as the API would show it.
type tenantState struct {
	Clock            time.Time        `json:"clock"`
	Domains          []Domain         `json:"domains"`
	Features         map[string]bool  `json:"features"`
	Users            []*wireUser      `json:"users"`
	OrgUnits         []*wireUnit      `json:"orgUnits"`
	Groups           []*wireGroup     `json:"groups"`
	Levels           []map[string]any `json:"levels"`
	Positions        []map[string]any `json:"positions"`
	UserTypes        []map[string]any `json:"userTypes"`
	CustomProperties []*wireProperty  `json:"customProperties"`
}

func (s *Server) state() *tenantState {
	// An empty change purges what is due; that it cannot be kept shows in the next write.
	if err := s.change(func(time.Time) error { return nil }); err != nil && !errors.As(err, new(*refusal)) {
		s.log.note(err.Error())
	}
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := &call{tenant: t, server: s, now: s.clock.Now()}
	out := &tenantState{Clock: c.now, Domains: t.domains, Features: map[string]bool{}}
	for k, on := range t.features {
		out.Features[k] = on
	}
	for _, d := range t.domains {
		k := domainKey(d.ID)
		for _, seq := range t.usersIn[k] {
			out.Users = append(out.Users, c.wireUser(t.users[t.bySeq[seq]]))
		}
		for _, seq := range t.unitsIn[k] {
			out.OrgUnits = append(out.OrgUnits, c.wireUnit(t.units[t.bySeq[seq]]))
		}
		for _, seq := range t.groupsIn[k] {
			out.Groups = append(out.Groups, c.wireGroup(t.groups[t.bySeq[seq]]))
		}
		for _, l := range itemLists() {
			rows := map[string]*[]map[string]any{listLevel: &out.Levels, listPosition: &out.Positions, listUserType: &out.UserTypes}[l.list]
			for _, id := range l.sorted(c, d.ID).ids {
				*rows = append(*rows, l.wire(t.items[id]))
			}
		}
		for _, p := range t.propertiesOf(d.ID) {
			out.CustomProperties = append(out.CustomProperties, p.wire())
		}
	}
	return out
}
