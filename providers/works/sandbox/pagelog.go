package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The page shows at most this many requests, newest first.
const pageRequests = 200

type requestsView struct {
	Budgets []pageBudget
	Writing []string // what is being written now, one at a time
	Rows    []requestRow
}

// pageBudget is the budget of an operation in this minute.
type pageBudget struct {
	Op          string
	Used, Limit int
	Full        bool
}

type requestRow struct {
	Entry
	At, Took        string
	Failed, Running bool
}

func (s *Server) pageRequests(p *look) {
	v := &requestsView{Writing: s.writers.now()}
	for name, used := range s.limits.budgets(s.opt.Now()) {
		v.Budgets = append(v.Budgets, pageBudget{name, used, s.plan.perMinute, s.opt.Limits && used >= s.plan.perMinute})
	}
	slices.SortFunc(v.Budgets, func(a, b pageBudget) int { return cmp.Or(cmp.Compare(b.Used, a.Used), strings.Compare(a.Op, b.Op)) })
	matches, failures := p.matcher(), p.State() == "failed"
	for _, e := range s.log.last(pageRequests, func(e *Entry) bool {
		return matches(e.Op, e.Method+" "+e.Path, e.Code) && (!failures || e.failed())
	}) {
		row := requestRow{Entry: e, At: e.ClockStart.Format("15:04:05.000"), Failed: e.failed(), Running: e.End.IsZero()}
		if !row.Running {
			row.Took = fmt.Sprintf("%d ms", e.End.Sub(e.Start).Milliseconds())
		}
		v.Rows = append(v.Rows, row)
	}
	p.Requests, p.Total, p.Page, p.Pages = v, int(s.log.count()), 1, 1
	p.Filters = []pageFilter{{Key: "", Name: "모든 요청", On: !failures}, {Key: "failed", Name: "실패만", On: failures}}
}

// failed tells of refusals and of connections that were cut.
func (e *Entry) failed() bool { return !e.End.IsZero() && (e.Status == 0 || e.Status >= 400) }

type noticesView struct {
	Limits     bool
	Faults     string
	Violations []string
	Purges     []purgeRow
	Imports    []mailboxRow
}

// purgeRow is a member whose deletion period runs.
type purgeRow struct{ Name, Email, At string }

func (s *Server) pageNotices(p *look) {
	v := &noticesView{Limits: s.opt.Limits, Violations: s.Violations()}
	slices.Reverse(v.Violations)
	s.faults.mu.Lock()
	v.Faults = s.faults.now.text
	s.faults.mu.Unlock()
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	ids := sortedKeys(t.deleted)
	slices.SortStableFunc(ids, func(a, b string) int { return t.deleted[a].Compare(t.deleted[b]) })
	for _, id := range ids {
		u := t.users[id]
		v.Purges = append(v.Purges, purgeRow{u.fullName(), u.Props.Email, t.deleted[id].Add(gracePeriod).Format("2006-01-02 15:04")})
	}
	for _, run := range s.migrations.all() {
		if u := t.users[run.user]; u != nil {
			v.Imports = append(v.Imports, mailboxRow{Name: u.fullName(), Email: u.Props.Email, Copied: run.copied.Load(), Found: max(1, run.total.Load())})
		}
	}
	slices.SortFunc(v.Imports, func(a, b mailboxRow) int { return strings.Compare(a.Email, b.Email) })
	p.Notices, p.Page, p.Pages = v, 1, 1
}

// now returns what is being written at this moment, and by which operation.
func (w *writers) now() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, key := range sortedKeys(w.busy) {
		out = append(out, w.busy[key]+" · "+key)
	}
	return out
}

// all returns the runs that go on.
func (m *migrations) all() []*migrationRun {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*migrationRun
	for _, run := range m.live {
		out = append(out, run)
	}
	return out
}
