package sandbox

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/browsertest"
)

// evil is a name that does harm where text is taken for markup.
const evil = `</script><img src=x onerror="document.title='taken'"><b>굵게</b>`

// pageServer is a company of 300 with what the page has to cope with.
func pageServer(t *testing.T) (*Server, *client, string) {
	t.Helper()
	s := newServer(t, Options{Seed: 300, Features: true, Limits: true, Speed: 1000,
		Domains: []Domain{{ID: 10000001, Name: "acme.co.kr"}, {ID: 10000002, Name: "acme-logis.co.kr"}}})
	base, err := s.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := inProcess(t, s)
	for _, name := range []string{"대기자", "떠난이"} {
		c.must("POST", "/users", map[string]any{"domainId": 10000001, "email": "u" + strconv.Itoa(len(s.tenant.users)) + "@acme.co.kr",
			"userName": map[string]any{"lastName": name}, "nickName": "x", "privateEmail": "x@example.com"})
	}
	c.must("DELETE", "/users/u301@acme.co.kr", nil)
	c.must("POST", "/users/u300@acme.co.kr/send-invitation-email", map[string]any{"usePrivateEmail": true})
	c.must("POST", "/users/externalKey:E000001/set-leave-of-absence", map[string]any{"startTime": "2020-01-01T00:00:00+09:00", "endTime": "2999-01-01T00:00:00+09:00"})
	c.must("POST", "/users/externalKey:E000002/suspend", nil)
	c.must("POST", "/orgunits/externalKey:D0001/orgunit-access-restrict", map[string]any{"accessRestrictType": "ONLY_ME"})
	evilUnit(s)
	return s, c, base
}

// evilUnit puts a name into the tenant that the API would not take.
func evilUnit(s *Server) {
	t := s.tenant
	t.mu.Lock()
	defer t.mu.Unlock()
	u := &orgUnit{Props: unitProps{DomainID: 10000002, Name: evil, Email: "evil@acme-logis.co.kr", Visible: true}}
	u.Seq, u.ID = t.next()
	t.putUnit(u)
	t.place(u, 1)
}

// TestPageInABrowser looks at the page as people do.
func TestPageInABrowser(t *testing.T) {
	s, c, base := pageServer(t)
	b := browsertest.Start(t)
	fine := func(p *browsertest.Page) {
		t.Helper()
		if got := p.Errors(); len(got) > 0 {
			t.Errorf("errors in the browser: %q", got)
		}
		for _, u := range p.Requests() {
			if !strings.HasPrefix(u, base+"/") && !strings.HasPrefix(u, "data:") {
				t.Errorf("the page asks for %s", u)
			}
		}
		if title := browsertest.Eval[string](p, "document.title"); strings.Contains(title, "taken") {
			t.Error("a name of the tenant was run as a script")
		}
	}

	chart := b.Open(t, base, browsertest.Screen{})
	opened := `document.querySelectorAll("#results details[open]").length`
	if n := browsertest.Eval[int](chart, opened); n == 0 {
		t.Error("the org chart is folded")
	}
	click(chart, "[data-fold=close]")
	if n := browsertest.Eval[int](chart, opened); n != 0 {
		t.Errorf("%d units are open after folding", n)
	}
	if text := browsertest.Eval[string](chart, `document.querySelector("#results").innerText`); !strings.Contains(text, evil) {
		t.Error("a name with markup is not shown as it is")
	}
	if pdf := chart.PDF(); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the print begins with %.10q", pdf)
	}
	fine(chart)

	people := b.Open(t, base+"/?view=people", browsertest.Screen{Dark: true})
	browsertest.Eval[bool](people, `(() => { const q = document.querySelector("input[type=search]"); q.value = "대기자"; q.dispatchEvent(new Event("input", { bubbles: true })); return true })()`)
	until(t, people, `document.querySelectorAll("#results tbody tr").length === 1 && document.querySelector("td.name").innerText.startsWith("대기자")`)
	click(people, "td.do button") // the first login
	until(t, people, `document.querySelector(".state.active") !== null && document.querySelector("input[type=search]").value === "대기자"`)
	fine(people)

	requests := b.Open(t, base+"/?view=requests", browsertest.Screen{})
	c.must("GET", "/orgunits", nil)
	until(t, requests, `document.querySelector("#results").innerText.includes("orgunit-list")`)
	click(requests, "[data-pause]")
	if got := browsertest.Eval[string](requests, `document.querySelector("[data-pause]").getAttribute("aria-pressed")`); got != "true" {
		t.Errorf("the pause button is %q", got)
	}
	fine(requests)

	if len(s.Violations()) > 0 {
		t.Errorf("violations: %q", s.Violations())
	}
	for _, v := range pageViews() {
		narrow := b.Open(t, base+"/?view="+v.Key, browsertest.Screen{Width: 390, Height: 844})
		if got := browsertest.Eval[int](narrow, "document.documentElement.scrollWidth"); got > 390 {
			t.Errorf("%s is %d pixels wide on a screen of 390", v.Key, got)
		}
		fine(narrow)
	}
}

func click(p *browsertest.Page, selector string) {
	browsertest.Eval[bool](p, `document.querySelector(`+strconv.Quote(selector)+`).click(), true`)
}

// until waits for a condition in the page; the test's own time limit ends it.
func until(t *testing.T, p *browsertest.Page, condition string) {
	t.Helper()
	for !browsertest.Eval[bool](p, condition) {
		if t.Context().Err() != nil {
			t.Fatalf("it never came to this: %s", condition)
		}
	}
}

// view asks for a view as browsers without scripts do.
func view(t *testing.T, s *Server, query string) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the page answered %d: %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Security-Policy"); got != pagePolicy {
		t.Errorf("the policy of the page is %q", got)
	}
	return w.Body.String()
}

// TestPageViews: what the views show and leave out, without a browser.
func TestPageViews(t *testing.T) {
	s, _, _ := pageServer(t)
	for _, tt := range []struct {
		query string
		has   []string
		not   []string
	}{
		{"", []string{"acme.co.kr", "acme-logis.co.kr", "<details open>", "301명"}, []string{"<img"}},
		{"view=chart&q=evil", []string{"&lt;img"}, []string{"unit0001@"}},
		{"view=chart&q=no-such-unit", []string{"찾는 조직이 없습니다"}, nil},
		{"view=chart&company=10000002", []string{"evil@"}, []string{"unit0001@"}},
		{"view=people", []string{"1 / 7쪽", "모두 302", "관리자"}, nil},
		{"view=people&page=7", []string{"7 / 7쪽", "대기자"}, []string{`rel="next"`}},
		{"view=people&page=99", []string{"7 / 7쪽"}, nil},
		{"view=people&page=x&state=pending", []string{"u300@acme.co.kr", "첫 로그인", "초대"}, []string{"u301@"}},
		{"view=people&state=leave", []string{"E000001", "2999-01-01까지"}, []string{"E000002"}},
		{"view=people&state=suspended", []string{"E000002"}, []string{"E000001"}},
		{"view=chart", []string{"보기 제한"}, nil},
		{"view=people&state=deleted", []string{"u301@acme.co.kr", "완전히 삭제"}, []string{"u300@", "첫 로그인</button>"}},
		{"view=people&q=%3Cscript%3E", []string{"찾는 구성원이 없습니다", `value="&lt;script&gt;"`}, []string{"<script>"}},
		{"view=people&company=10000002", []string{"찾는 구성원이 없습니다"}, nil},
		{"view=people&unit=" + url.QueryEscape(s.tenant.children["top/10000001"][0]), []string{": 그 아래 조직까지의 구성원"}, []string{"u300@"}},
		{"view=groups", []string{"동호회 1", "마스터"}, nil},
		{"view=groups&q=no-such-group", []string{"찾는 그룹이 없습니다"}, nil},
		{"view=mail", []string{"아직 쓰인 메일함이 없습니다"}, nil},
		{"view=requests&q=user-create", []string{"user-create", "POST /v1.0/users"}, []string{"DELETE /v1.0/users"}},
		{"view=requests&state=failed", []string{"아직 요청이 없습니다"}, nil},
		{"view=notices", []string{"떠난이", "u301@acme.co.kr", "실제와 같음"}, nil},
		{"view=people&part=results", []string{"<table>"}, []string{"<html", "<header"}},
		{"view=no-such-view", []string{"조직도"}, nil},
	} {
		got := view(t, s, tt.query)
		for _, want := range tt.has {
			if !strings.Contains(got, want) {
				t.Errorf("?%s does not show %q", tt.query, want)
			}
		}
		for _, no := range tt.not {
			if strings.Contains(got, no) {
				t.Errorf("?%s shows %q", tt.query, no)
			}
		}
	}
}

// TestPageOfABigCompany: what is sent for 10,000 members stays small, and all of them
// are found.
func TestPageOfABigCompany(t *testing.T) {
	s := newServer(t, Options{Seed: 10_000, Features: true})
	for _, v := range pageViews() {
		if n := len(view(t, s, "view="+v.Key)); n > 600_000 {
			t.Errorf("the view %s has %d bytes", v.Key, n)
		}
	}
	s.tenant.mu.RLock()
	last := s.tenant.users[s.tenant.bySeq[slices.Max(s.tenant.usersIn["10000001"])]]
	s.tenant.mu.RUnlock()
	if got := view(t, s, "view=people&q="+url.QueryEscape(last.Props.Email)); strings.Count(got, "<td class=\"name\">") != 1 {
		t.Error("one of 10,000 is not found by the login ID")
	}
	if got := view(t, s, "view=people&page=200"); !strings.Contains(got, last.Props.Email) || !strings.Contains(got, "200 / 200쪽") {
		t.Error("the last page does not have the last member")
	}
}

func TestPageBack(t *testing.T) {
	for back, want := range map[string]string{
		"?view=people&q=a": "/?q=a&view=people", "1": "/", "//elsewhere.example": "/", "?%zz": "/", "?a\r\nX: y": "/?a%0D%0AX%3A+y=",
	} {
		if got := pageBack(back); got != want {
			t.Errorf("%q leads back to %q, want %q", back, got, want)
		}
	}
}
