package sandbox

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"time"
)

// The page shows at most this many rows of each list.
const (
	pageMembers  = 300
	pageUnits    = 1000
	pageRequests = 100
)

type pageUnit struct {
	Name, Email, Head string
	Indent, Members   int
}

type pageMember struct{ ID, Name, Email, Key, State, Mail string }

type pageBudget struct {
	Op          string
	Used, Limit int
}

type pageData struct {
	Clock                        string
	Plan                         string
	UserCount, UnitCount, Groups int
	Units                        []pageUnit
	Members                      []pageMember
	Budgets                      []pageBudget
	Requests                     []Entry
	Violations                   []string
	Faults                       string
}

func overview() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"ms": func(e Entry) int64 { return e.End.Sub(e.Start).Milliseconds() },
	}).Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>isa sandbox</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:78rem;padding:1rem;color:#222}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.15rem .6rem .15rem 0;border-bottom:1px solid #e4e4e4;vertical-align:top}
td.n,th.n{text-align:right}.bad{color:#a40000}code{font-size:.9em}form{display:inline}.scroll{max-height:26rem;overflow:auto}
</style>
<h1>isa sandbox</h1>
<p>{{.UserCount}} members, {{.UnitCount}} org units, {{.Groups}} groups · plan {{.Plan}} · clock {{.Clock}}</p>
<form method="post" action="/_sandbox/clock"><input type="hidden" name="back" value="1"><label>Advance the clock <input name="advance" value="168h" size="6"></label> <button>Go</button></form>
<form method="post" action="/_sandbox/faults"><input type="hidden" name="back" value="1"><label>Faults <input name="faults" value="{{.Faults}}" size="40" placeholder="429=2%,drop-response=1%"></label> <button>Set</button></form>
{{with .Violations}}<h2 class="bad">Violations of the writing rules</h2><ul>{{range .}}<li>{{.}}{{end}}</ul>{{end}}
<h2>Org chart</h2><div class="scroll"><table><tr><th>unit<th>head<th class="n">members<th>address
{{range .Units}}<tr><td style="padding-left:{{.Indent}}rem">{{.Name}}<td>{{.Head}}<td class="n">{{.Members}}<td>{{.Email}}
{{else}}<tr><td>none{{end}}</table></div>
<h2>Members</h2><div class="scroll"><table><tr><th>name<th>login ID<th>key<th>state<th class="n">mail<th>
{{range .Members}}<tr><td>{{.Name}}<td>{{.Email}}<td>{{.Key}}<td>{{.State}}<td class="n">{{.Mail}}<td>{{if eq .State "pending"}}<form method="post" action="/_sandbox/sign-in"><input type="hidden" name="back" value="1"><input type="hidden" name="user" value="{{.ID}}"><button>sign in</button></form>{{end}}
{{end}}</table></div>
<h2>Budgets of this minute</h2><table><tr><th>operation<th class="n">used<th class="n">limit
{{range .Budgets}}<tr><td>{{.Op}}<td class="n">{{.Used}}<td class="n">{{.Limit}}
{{else}}<tr><td>none used{{end}}</table>
<h2>Last requests</h2><div class="scroll"><table><tr><th class="n">#<th>operation<th>path<th class="n">status<th>code<th class="n">ms<th class="n">used
{{range .Requests}}<tr><td class="n">{{.Seq}}<td>{{.Op}}<td><code>{{.Method}} {{.Path}}</code><td class="n">{{.Status}}<td>{{.Code}}<td class="n">{{ms .}}<td class="n">{{.Used}}/{{.Limit}}
{{end}}</table></div></html>`))
}

func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	if err := overview().Execute(&b, s.pageData()); err != nil {
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		s.log.note("page: " + err.Error())
		return
	}
	(&answer{status: 200, kind: "text/html; charset=utf-8", data: b.Bytes()}).write(w)
}

func (s *Server) pageData() *pageData {
	d := &pageData{Plan: s.opt.Plan, Clock: s.clock.Now().Format(time.RFC3339), Violations: s.Violations()}
	s.faults.mu.Lock()
	d.Faults = s.faults.now.text
	s.faults.mu.Unlock()
	used := s.limits.budgets(s.opt.Now())
	for _, name := range sortedKeys(used) {
		d.Budgets = append(d.Budgets, pageBudget{name, used[name], s.plan.perMinute})
	}
	d.Requests = s.log.last(pageRequests)
	s.pageTenant(d)
	s.pageMail(d)
	return d
}

// pageTenant fills in who is there.
func (s *Server) pageTenant(d *pageData) {
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	d.UserCount, d.UnitCount, d.Groups = len(t.users), len(t.units), len(t.groups)
	for _, dom := range t.domains {
		d.Units = append(d.Units, pageUnit{Name: dom.Name, Members: len(t.usersIn[domainKey(dom.ID)])})
		t.pageUnits(d, "top/"+domainKey(dom.ID), 1)
		for _, seq := range t.usersIn[domainKey(dom.ID)] {
			if len(d.Members) == pageMembers {
				break
			}
			u := t.users[t.bySeq[seq]]
			d.Members = append(d.Members, pageMember{u.ID, u.fullName(), u.Props.Email, deref(u.Props.Key), u.state(), ""})
		}
	}
}

// pageMail fills in what the mailboxes hold that somebody has logged in to.
func (s *Server) pageMail(d *pageData) {
	server := s.mail.server.Load()
	if server == nil {
		return
	}
	for i := range d.Members {
		m := &d.Members[i]
		if sum, ok := server.Sum(m.ID); ok {
			m.Mail = fmt.Sprintf("%d (%.1f MB)", sum.Messages, float64(sum.Bytes)/1e6)
		}
		if run := s.migrations.running(m.ID); run != nil {
			m.Mail += fmt.Sprintf(" import: %d of %d", run.copied.Load(), run.total.Load())
		}
	}
}

func (t *tenant) pageUnits(d *pageData, parent string, indent int) {
	for _, id := range t.children[parent] {
		if len(d.Units) >= pageUnits {
			return
		}
		u := t.units[id]
		row := pageUnit{Name: u.Props.Name, Email: u.Props.Email, Indent: indent, Members: len(t.membersOf[id])}
		if head := t.users[t.managers[id]]; head != nil {
			row.Head = head.fullName()
		}
		d.Units = append(d.Units, row)
		t.pageUnits(d, id, indent+1)
	}
}

func (u *user) state() string {
	switch {
	case u.DeletedAt != nil:
		return "deleted"
	case u.Suspended:
		return "suspended"
	case u.Pending:
		return "pending"
	}
	return "in use"
}
