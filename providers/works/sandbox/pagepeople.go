package sandbox

import (
	"fmt"
	"strings"
)

// pageSize is how many rows of a list the page shows at a time.
const pageSize = 50

// A state of a member on the page: reference 10 §10. A member may be in several.
type pageState struct{ Key, Name, Note string }

type personRow struct {
	ID, Name, Email, Key, Number, Grade, Type string
	Admin, CanSignIn                          bool
	States                                    []pageState
	Posts                                     []postRow
}

type postRow struct {
	Company, Unit, UnitID, Position string
	Head, Primary                   bool
}

// pageStates are all states, in the order in which the page offers them.
func pageStates() []pageState {
	return []pageState{{Key: "active", Name: "사용 중"}, {Key: "pending", Name: "등록 대기"}, {Key: "awaiting", Name: "사용 예정"},
		{Key: "suspended", Name: "일시 정지"}, {Key: "leave", Name: "휴직"}, {Key: "deleted", Name: "삭제 예정"}}
}

// states are those of a member, as the API tells them.
func (c *call) states(u *user) []pageState {
	var out []pageState
	add := func(i int, note string) {
		st := pageStates()[i]
		st.Note = note
		out = append(out, st)
	}
	switch {
	case u.DeletedAt != nil:
		add(5, u.DeletedAt.Add(gracePeriod).Format("01-02 15:04")+"에 완전히 삭제")
	case u.Suspended:
		add(3, "")
	case u.Pending:
		add(1, c.registrationNote(u))
	case !awaiting(&u.Props, c.now):
		add(0, "")
	}
	if u.DeletedAt == nil && awaiting(&u.Props, c.now) {
		add(2, dayOf(u.Props.ActivationDate)+"부터")
	}
	if leave := c.wireLeave(u); leave.OnLeave {
		add(4, dayOf(leave.EndTime)+"까지")
	}
	return out
}

// registrationNote tells until when a pending member can register, and how often an
// invitation went out.
func (c *call) registrationNote(u *user) string {
	r := u.Registration
	note := ""
	switch {
	case u.expired(c.now):
		note = "기한 지남"
	case !r.Begun.IsZero():
		note = r.Begun.Add(registrationPeriod).Format("01-02") + "까지"
	}
	if n := len(r.Invitations); n > 0 {
		note = strings.TrimPrefix(note+fmt.Sprintf(", 초대 %d회", n), ", ")
	}
	return note
}

// dayOf is the day of a time as the service writes it.
func dayOf(text *string) string {
	if text == nil {
		return ""
	}
	return strings.SplitN(*text, "T", 2)[0]
}

func (s *Server) pagePeople(p *look) {
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := &call{tenant: t, server: s, now: p.now}
	var rows []*user
	n := map[string]int{}
	for _, u := range c.pageUsers(p) {
		states := c.states(u)
		n[""]++
		chosen := p.State() == ""
		for _, st := range states {
			n[st.Key]++
			chosen = chosen || st.Key == p.State()
		}
		if chosen {
			rows = append(rows, u)
		}
	}
	p.Filters = []pageFilter{{Key: "", Name: "전체", N: n[""], On: p.State() == ""}}
	for _, st := range pageStates() {
		p.Filters = append(p.Filters, pageFilter{st.Key, st.Name, n[st.Key], p.State() == st.Key})
	}
	if u := t.units[p.query.Get("unit")]; u != nil {
		p.Unit = u.Props.Name
	}
	for _, u := range cutPage(p, rows, pageSize) {
		p.People = append(p.People, c.personRow(u))
	}
}

// pageUsers are the members of the chosen company and unit, those below it included,
// whom the query finds.
func (c *call) pageUsers(p *look) []*user {
	matches := p.matcher()
	var within map[string]bool
	if id := p.query.Get("unit"); c.units[id] != nil {
		within = map[string]bool{}
		for _, below := range c.below(id) {
			within[below] = true
		}
	}
	var out []*user
	for _, d := range c.domains {
		if id := p.Domain(); id != 0 && id != d.ID {
			continue
		}
		for _, seq := range c.usersIn[domainKey(d.ID)] {
			u := c.users[c.bySeq[seq]]
			if (within == nil || u.holdsPostIn(within)) && matches(u.searched()...) {
				out = append(out, u)
			}
		}
	}
	return out
}

func (u *user) holdsPostIn(units map[string]bool) bool {
	for _, o := range u.Props.Organizations {
		for _, m := range o.OrgUnits {
			if units[m.OrgUnitID] {
				return true
			}
		}
	}
	return false
}

// searched are the texts by which a member is found.
func (u *user) searched() []string {
	return append([]string{u.fullName(), u.Props.Email, deref(u.Props.Key), deref(u.Props.EmployeeNumber), deref(u.Props.NickName)},
		u.Props.AliasEmails...)
}

func (c *call) personRow(u *user) personRow {
	w := c.wireUser(u)
	row := personRow{ID: u.ID, Name: u.fullName(), Email: u.Props.Email, Key: deref(u.Props.Key), Number: deref(u.Props.EmployeeNumber),
		Type: deref(w.TypeName), Admin: u.Admin, States: c.states(u)}
	row.CanSignIn = u.Pending && u.DeletedAt == nil && !awaiting(&u.Props, c.now) && !u.expired(c.now)
	for _, o := range w.Organizations {
		if o.Primary {
			row.Grade = deref(o.LevelName)
		}
		for _, m := range o.OrgUnits {
			post := postRow{Unit: m.Name, UnitID: m.OrgUnitID, Position: deref(m.PositionName), Head: m.IsManager, Primary: o.Primary && m.Primary}
			if !o.Primary {
				post.Company = o.Name
			}
			row.Posts = append(row.Posts, post)
		}
	}
	return row
}

// mailboxRow is a mailbox that somebody has logged in to, or that mail is brought to.
type mailboxRow struct {
	Name, Email, Import, Forward string
	Folders, Messages, Passwords int
	MB                           string
	Copied, Found                int64 // of a run that goes on; Found 0: none
}

func (s *Server) pageMailboxes(p *look) {
	server := s.mail.server.Load()
	if server == nil {
		return
	}
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := &call{tenant: t, server: s, now: p.now}
	var rows []mailboxRow
	for _, u := range c.pageUsers(p) {
		sum, used := server.Sum(u.ID)
		run := s.migrations.running(u.ID)
		if !used && run == nil && u.Mail.Migration == nil && u.Mail.Forwarding == nil && len(u.Mail.Passwords) == 0 {
			continue
		}
		row := mailboxRow{Name: u.fullName(), Email: u.Props.Email, Folders: sum.Folders, Messages: sum.Messages,
			Passwords: len(u.Mail.Passwords), MB: fmt.Sprintf("%.1f", float64(sum.Bytes)/1e6)}
		if m := u.Mail.Migration; m != nil {
			row.Import = m.Host + " · " + m.State
		}
		if f := u.Mail.Forwarding; f != nil {
			row.Forward = f.To
		}
		if run != nil {
			row.Copied, row.Found = run.copied.Load(), max(1, run.total.Load())
		}
		rows = append(rows, row)
	}
	p.Boxes = cutPage(p, rows, pageSize)
}
