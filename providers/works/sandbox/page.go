package sandbox

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy is what a browser may load for the page: its own style and script, and
// nothing from elsewhere.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pageView is one of the views of the page.
type pageView struct {
	Key, Name, Search string // Search is what its search field is for; "" is none
	fill              func(*Server, *look)
}

func pageViews() []pageView {
	return []pageView{
		{"chart", "조직도", "조직 이름, 메일 주소, 조직장", (*Server).pageChart},
		{"people", "구성원", "이름, 로그인 ID, 외부 키, 사번", (*Server).pagePeople},
		{"groups", "그룹", "그룹 이름, 메일 주소, 구성원 이름", (*Server).pageGroups},
		{"mail", "메일함", "이름, 로그인 ID", (*Server).pageMailboxes},
		{"requests", "요청", "API 이름, 경로, 오류 코드", (*Server).pageRequests},
		{"notices", "알림", "", (*Server).pageNotices},
	}
}

// look is one request for the page and what it shows.
type look struct {
	View  pageView
	Views []pageView
	query url.Values
	now   time.Time // sandbox clock

	Clock, Plan string
	Domains     []Domain
	Counts      []pageCount // in the head: members, units …
	Warnings    int         // of the notices
	Filters     []pageFilter

	Total, Page, Pages int // rows that match, this page of them

	Chart    *chartView
	People   []personRow
	Unit     string // whose members are shown; "" everybody's
	Groups   []groupRow
	Boxes    []mailboxRow
	Requests *requestsView
	Notices  *noticesView
}

type pageCount struct {
	View, Name string
	N          int
}

// pageFilter is a choice of rows.
type pageFilter struct {
	Key, Name string
	N         int
	On        bool
}

// Query is what is searched for.
func (p *look) Query() string { return strings.TrimSpace(p.query.Get("q")) }

// State is the filter that is chosen; "" is none.
func (p *look) State() string { return p.query.Get("state") }

// Domain is the company that is chosen; 0 is all.
func (p *look) Domain() int {
	id, err := strconv.Atoi(p.query.Get("company"))
	if err != nil {
		return 0
	}
	return id
}

// Link leads to the same view with one parameter changed, from the first page on.
func (p *look) Link(name string, value any) string {
	q := url.Values{"view": {p.View.Key}}
	for _, k := range []string{"q", "state", "company", "unit"} {
		if v := p.query.Get(k); v != "" {
			q.Set(k, v)
		}
	}
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case int:
		text = strconv.Itoa(v)
	}
	if q.Set(name, text); text == "" || text == "0" {
		q.Del(name)
	}
	return "?" + q.Encode()
}

// UnitID is the unit whose members are shown.
func (p *look) UnitID() string { return p.query.Get("unit") }

// Live tells of a view that goes on by itself.
func (p *look) Live() bool { return p.View.Key == "requests" || p.View.Key == "notices" }

// Here leads to what is shown now.
func (p *look) Here() string { return p.Link("page", p.Page) }

// cutPage keeps the rows of the page that is asked for.
func cutPage[T any](p *look, rows []T, size int) []T {
	p.Total = len(rows)
	p.Pages = max(1, (len(rows)+size-1)/size)
	at, err := strconv.Atoi(p.query.Get("page"))
	if err != nil {
		at = 1
	}
	p.Page = min(max(at, 1), p.Pages)
	return rows[(p.Page-1)*size : min(p.Page*size, len(rows))]
}

// matcher tells whether one of some texts has what is searched for; case does not matter.
func (p *look) matcher() func(texts ...string) bool {
	want := strings.ToLower(p.Query())
	return func(texts ...string) bool {
		if want == "" {
			return true
		}
		for _, t := range texts {
			if strings.Contains(strings.ToLower(t), want) {
				return true
			}
		}
		return false
	}
}

func pageTemplate() *template.Template {
	return template.Must(template.New("page.html").Funcs(template.FuncMap{
		"prev": func(n int) int { return n - 1 }, "next": func(n int) int { return n + 1 },
	}).ParseFS(pageFiles, "page/*.html"))
}

// servePage shows a view, or with part=results only what follows from the query: the
// page's script asks for that while somebody types, and for what is going on.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	p := s.newPage(r.URL.Query())
	p.View.fill(s, p)
	name := "page.html"
	if p.query.Get("part") == "results" {
		name = "results"
	}
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, name, p); err != nil {
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		s.log.note("page: " + err.Error())
		return
	}
	(&answer{status: http.StatusOK, kind: "text/html; charset=utf-8", data: b.Bytes(), header: http.Header{
		"Content-Security-Policy": {pagePolicy}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"}, "Cache-Control": {"no-store"},
	}}).write(w)
}

func (s *Server) newPage(q url.Values) *look {
	p := &look{Views: pageViews(), query: q, now: s.clock.Now(), Plan: s.opt.Plan, Domains: s.opt.Domains}
	p.View = p.Views[0]
	for _, v := range p.Views {
		if v.Key == q.Get("view") {
			p.View = v
		}
	}
	p.Clock = p.now.Format("2006-01-02 15:04:05 -07:00")
	p.Warnings = len(s.Violations())
	t := s.tenant
	t.mu.RLock()
	defer t.mu.RUnlock()
	p.Counts = []pageCount{{"people", "구성원", len(t.users)}, {"chart", "조직", len(t.units)}, {"groups", "그룹", len(t.groups)}}
	return p
}

// servePageFile serves style and script of the page.
func servePageFile(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		data, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		(&answer{status: http.StatusOK, kind: kind, data: data, header: http.Header{"Cache-Control": {"no-cache"}}}).write(w)
	}
}

// pageBack is where a button of the page leads back to: the query of a view.
func pageBack(back string) string {
	q, err := url.ParseQuery(strings.TrimPrefix(back, "?"))
	if err != nil || !strings.HasPrefix(back, "?") {
		return "/"
	}
	return "/?" + q.Encode()
}
