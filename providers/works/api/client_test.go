package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/api/op"
)

func TestRequestsAreSentAsDocumented(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) { answer(w, 200, map[string]any{"userId": "u1"}) })
	c := s.socket()
	key := "a b+ü:/?"
	if _, err := c.PatchUser(t.Context(), ExternalKey(key), Props{"nickName": nil, "task": "<a & b>"}); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveGroupMember(t.Context(), "g@x", GroupMember{ID: "..x", Type: MemberOrgUnit}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.seen() {
		body, _ := json.Marshal(r.body)
		got = append(got, r.Method+" "+r.path+" "+r.URL.RawQuery+" "+string(body))
	}
	want := []string{
		`PATCH /v1.0/users/externalKey%3Aa%20b%2B%C3%BC%3A%2F%3F  {"nickName":null,"task":"\u003ca \u0026 b\u003e"}`,
		`DELETE /v1.0/groups/g%40x/members/..x type=ORGUNIT null`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) { answer(w, 200, Props{}) })
	c := s.inside()
	for what, err := range map[string]error{
		"empty ID":         c.DeleteUser(t.Context(), ""),
		"dots":             c.DeleteUser(t.Context(), ".."),
		"unknown":          c.Call(t.Context(), "user-drop", Request{}, nil),
		"spare path value": c.Call(t.Context(), "user-list", Request{Path: userPath("x")}, nil),
		"no writer":        c.Call(t.Context(), "orgunit-create", Request{Body: Props{}}, nil),
		"no JSON":          c.Call(t.Context(), "user-create", Request{Body: func() {}}, nil),
	} {
		if diag.ClassOf(err) != diag.Internal {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(s.seen()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		change func(*Options)
		want   string // base, or part of the error after "!"
	}{
		{func(o *Options) {}, CommercialAPI},
		{func(o *Options) { o.Edition = Gov }, GovAPI},
		{func(o *Options) { o.APIBase = "http://localhost:8080/" }, "http://localhost:8080/v1.0"},
		{func(o *Options) { o.APIBase = "http://[::1]:8080/x" }, "http://[::1]:8080/x"},
		{func(o *Options) { o.AuthBase = CommercialAuthAlt }, CommercialAPI},
		{func(o *Options) { o.APIBase = "http://www.worksapis.com/v1.0" }, "!use https"},
		{func(o *Options) { o.AuthBase = "http://127.0.0.1.example.com" }, "!use https"},
		{func(o *Options) { o.APIBase = "http://x.invalid" }, "!use https"},
		{func(o *Options) { o.APIBase = "http://x.invalid"; o.Transport = direct{} }, "http://x.invalid/v1.0"},
		{func(o *Options) { o.APIBase = "ftp://127.0.0.1" }, "!use https"},
		{func(o *Options) { o.APIBase = "works" }, "!absolute URL"},
		{func(o *Options) { o.APIBase = "https://user:pw@host" }, "!absolute URL"},
		{func(o *Options) { o.Edition = "moon" }, `!edition "moon"`},
		{func(o *Options) { o.Credentials.ClientID = "" }, "!client ID"},
		{func(o *Options) { o.Credentials.ClientSecret = nil }, "!client secret"},
		{func(o *Options) { o.Credentials.ServiceAccount = "" }, "!service account"},
		{func(o *Options) { o.Credentials.PrivateKey = nil }, "!private key"},
	} {
		o := options()
		c.change(&o)
		client, err := New(o)
		if problem, isErr := strings.CutPrefix(c.want, "!"); isErr {
			if err == nil || !strings.Contains(err.Error(), problem) || diag.ClassOf(err) != diag.Invalid {
				t.Errorf("error %v, want one with %q", err, problem)
			}
		} else if err != nil || client.base != c.want {
			t.Errorf("base %v, %v; want %s", client, err, c.want)
		}
	}
}

func TestScopes(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) { users(w, 0, 1, nil) })
	s.scope = "user.read,orgunit.read"
	c := s.inside(func(o *Options) { o.Scopes = []string{"user", "orgunit.read"} })
	if err := c.CheckScopes("user-create", "orgunit-list"); err != nil {
		t.Error(err)
	}
	err := c.CheckScopes("user-list", "directory-level-list")
	if diag.ClassOf(err) != diag.Denied || !strings.Contains(err.Error(), "directory or directory.read") || len(s.seen()) > 0 {
		t.Errorf("error %v", err)
	}
	if _, err := Collect(c.Users(t.Context(), ListOptions{})); err != nil {
		t.Error(err)
	}
	// Fewer were granted than asked for.
	if _, err := c.CreateUser(t.Context(), Props{}); diag.ClassOf(err) != diag.Denied || len(s.seen()) != 1 {
		t.Errorf("error %v after %d requests", err, len(s.seen()))
	}
}

func TestStatusesBecomeClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   diag.Class
	}{
		{400, "INVALID_PARAMETER", diag.Invalid}, {400, "USER_ALREADY_EXIST", diag.Exists}, {400, "NEW_CODE", diag.Invalid},
		{403, "FORBIDDEN", diag.Denied}, {403, "LIMIT_EXCEEDED", diag.Denied}, {404, "USER_NOT_EXIST", diag.NotFound},
		{409, "ALREADY_EXIST", diag.Exists}, {409, "GROUP_ALREADY_EXIST", diag.Exists}, {409, "CONFLICT", diag.Conflict},
		{409, "WHAT", diag.Conflict}, {410, "DELETED", diag.NotFound}, {418, "", diag.Invalid}, {302, "", diag.Invalid},
		{412, "", diag.Conflict}, {401, "UNAUTHORIZED", diag.Denied},
	} {
		s := newTenant(t, func(w http.ResponseWriter, r *request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			fail(w, c.status, c.code, "why\x1b[31m\r\n not\u202e")
		})
		_, err := s.inside().User(t.Context(), "u")
		if diag.ClassOf(err) != c.want || CodeOf(err) != c.code || StatusOf(err) != c.status || diag.MayHaveHappened(err) {
			t.Errorf("%d %s: class %s, %v", c.status, c.code, diag.ClassOf(err), err)
		}
		if text := err.Error(); !strings.HasPrefix(text, "user-get: HTTP "+fmt.Sprint(c.status)) || !strings.Contains(text, "why[31m not") || strings.ContainsAny(text, "\x1b\n\u202e") {
			t.Errorf("text %q", text)
		}
	}
}

func TestBodiesThatAreNoJSONSurvive(t *testing.T) {
	for _, body := range []string{"", "<html>Bad gateway</html>", `{"code":`, `[1]`, `{"code":{"a":1}}`, "\xff\xfe", strings.Repeat("x", 5000)} {
		s := newTenant(t, func(w http.ResponseWriter, r *request) {
			w.WriteHeader(404)
			_, _ = w.Write([]byte(body))
		})
		_, err := s.inside().User(t.Context(), "u")
		if diag.ClassOf(err) != diag.NotFound || len(err.Error()) > 1000 {
			t.Errorf("%.20q: %v", body, err)
		}
	}
}

// TestRetries runs each scripted service once with a repeatable operation and once
// with a creation. Numbers are statuses; 0 does the work and loses the answer.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		script                []int
		read, create          diag.Class
		reads, creates        int
		createMayHaveHappened bool
	}{
		{[]int{200}, "", "", 1, 1, false},
		{[]int{500, 502, 200}, "", diag.Unavailable, 3, 1, true},
		{[]int{0, 200}, "", diag.Unavailable, 2, 1, true},
		{[]int{429, 429, 200}, "", "", 3, 3, false},
		{[]int{429, 503, 200}, "", diag.Unavailable, 3, 2, true},
		{[]int{400}, diag.Invalid, diag.Invalid, 1, 1, false},
		{[]int{500, 500, 500, 500, 500, 500, 500}, diag.Unavailable, diag.Unavailable, 6, 1, true},
		{[]int{1}, diag.Unavailable, diag.Unavailable, 1, 1, true}, // 200, but no JSON
	} {
		for _, creating := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := newTenant(t, func(w http.ResponseWriter, r *request) {
					switch status := c.script[min(r.nth, len(c.script))-1]; status {
					case 0:
						panic(http.ErrAbortHandler)
					case 1:
						_, _ = w.Write([]byte("<html>"))
					case 200:
						answer(w, 200, map[string]any{"userId": "u"})
					case 429:
						w.Header().Set("rateLimit-ssed", "240")
						w.Header().Set("rateLimit-limit", "240")
						w.Header().Set("rateLimit-reset", "20")
						fail(w, 429, "TOO_MANY_REQUESTS", "API rate limit exceeded")
					default:
						fail(w, status, "X", "x")
					}
				})
				client := s.inside(func(o *Options) { o.Backoff = 500 * time.Millisecond })
				var err error
				want, calls, unknown := c.read, c.reads, false
				if creating {
					want, calls, unknown = c.create, c.creates, c.createMayHaveHappened
					_, err = client.CreateUser(t.Context(), Props{"email": "a@b"})
				} else {
					_, err = client.User(t.Context(), "u")
				}
				if diag.ClassOf(err) != want || len(s.seen()) != calls || diag.MayHaveHappened(err) != unknown {
					t.Errorf("%v creating=%v: %d calls, unknown %v, %v", c.script, creating, len(s.seen()), diag.MayHaveHappened(err), err)
				}
			})
		}
	}
}

func TestACreationThatNeverLeftIsRepeated(t *testing.T) {
	var dials int
	s := newTenant(t, func(w http.ResponseWriter, r *request) { answer(w, 201, map[string]any{"userId": "u"}) })
	c := s.socket(func(o *Options) {
		transport := o.Transport.(*http.Transport)
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials%3 != 0 {
				return nil, errors.New("connection refused")
			}
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
		transport.DisableKeepAlives = true
	})
	if _, err := c.CreateUser(t.Context(), Props{}); err != nil || len(s.seen()) != 1 {
		t.Errorf("%d requests, %v", len(s.seen()), err)
	}
}

func TestACutAnswerOfACreationIsUnknown(t *testing.T) {
	for _, cut := range []string{"", "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"userId\""} {
		s := newTenant(t, func(w http.ResponseWriter, r *request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = conn.Write([]byte(cut))
			_ = conn.Close()
		})
		_, err := s.socket().CreateUser(t.Context(), Props{"email": "a@b"})
		if !diag.MayHaveHappened(err) || diag.ClassOf(err) != diag.Unavailable || len(s.seen()) != 1 {
			t.Errorf("%d requests, %v", len(s.seen()), err)
		}
	}
}

func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newTenant(t, nil)
		var cancel context.CancelFunc
		s.answer = func(w http.ResponseWriter, r *request) {
			cancel()
			<-release
			panic(http.ErrAbortHandler)
		}
		c := s.inside()
		var ctx context.Context
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		close(release)
		_, err := c.CreateUser(ctx, Props{})
		if diag.ClassOf(err) != diag.Cancelled || !diag.MayHaveHappened(err) {
			t.Errorf("while running: %v", err)
		}
		_, err = c.CreateUser(ctx, Props{})
		if diag.ClassOf(err) != diag.Cancelled || diag.MayHaveHappened(err) || len(s.seen()) != 1 {
			t.Errorf("before sending: %v", err)
		}
	})
}

// When a run is to stop nothing is repeated: what was tried says what became of it.
func TestStoppingPolitely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, nil)
		stop, end := context.WithCancel(t.Context())
		defer end()
		s.answer = func(w http.ResponseWriter, r *request) {
			end()
			fail(w, 502, "BAD_GATEWAY", "")
		}
		c := s.inside()
		ctx := lanes.WithStop(t.Context(), stop)
		began := time.Now()
		_, err := c.PatchUser(ctx, "u", Props{})
		if diag.ClassOf(err) != diag.Unavailable || StatusOf(err) != 502 || len(s.seen()) != 1 || time.Since(began) != 0 {
			t.Errorf("tried once: %v after %d requests and %v", err, len(s.seen()), time.Since(began))
		}
		_, err = c.PatchUser(ctx, "u", Props{})
		if diag.ClassOf(err) != diag.Cancelled || len(s.seen()) != 1 {
			t.Errorf("not begun: %v after %d requests", err, len(s.seen()))
		}
	})
}

func TestUnauthorised(t *testing.T) {
	s := newTenant(t, nil)
	s.answer = func(w http.ResponseWriter, r *request) {
		fail(w, map[string]int{"/v1.0/users/a": 401, "/v1.0/users/b": 403}[r.path], "X", "")
	}
	c := s.inside()
	for id, want := range map[string]bool{"a": true, "b": false} {
		if _, err := c.User(t.Context(), id); Unauthorised(err) != want || diag.ClassOf(err) != diag.Denied {
			t.Errorf("%s: %v", id, err)
		}
	}
	c = s.inside(func(o *Options) { o.Credentials.ServiceAccount = "somebody@else" })
	if _, err := c.User(t.Context(), "b"); !Unauthorised(err) {
		t.Errorf("signing in: %v", err)
	}
}

func TestAnAttemptThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, nil)
		s.answer = func(w http.ResponseWriter, r *request) {
			if r.nth == 1 {
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			answer(w, 200, map[string]any{"userId": "u"})
		}
		start := time.Now()
		if _, err := s.inside(func(o *Options) { o.Timeout = 10 * time.Second }).User(t.Context(), "u"); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestEveryAttemptPaysItsLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, func(w http.ResponseWriter, r *request) {
			w.Header().Set("rateLimit-limit", "2")
			w.Header().Set("rateLimit-remaining", fmt.Sprint(1-(r.nth-1)%2))
			w.Header().Set("rateLimit-reset", "60")
			if r.nth%2 == 1 {
				fail(w, 500, "X", "x")
				return
			}
			answer(w, 200, map[string]any{"userId": "u"})
		})
		c := s.inside(func(o *Options) { o.Lanes = lanes.New(lanes.Budget{PerMinute: 240}) })
		start := time.Now()
		for range 3 {
			if _, err := c.User(t.Context(), "u"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 2*time.Minute || took > 2*time.Minute+5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestNothingSecretIsTold(t *testing.T) {
	var events []TraceEvent
	var mu sync.Mutex
	echo := func(w http.ResponseWriter, r *request) {
		text := r.Header.Get("Authorization")
		if config, ok := r.body["passwordConfig"].(map[string]any); ok {
			text += fmt.Sprint(config["password"])
			if config["password"] != canaryPassword {
				t.Errorf("password %v was sent", config["password"])
			}
		}
		if strings.HasSuffix(r.path, "lost") {
			panic(http.ErrAbortHandler)
		}
		fail(w, 400, text, text)
	}
	s := newTenant(t, echo)
	c := s.inside(func(o *Options) {
		o.Trace = func(e TraceEvent) { mu.Lock(); events = append(events, e); mu.Unlock() }
	})
	config := PasswordConfig{PasswordCreationType: "ADMIN", Password: NewSecret(canaryPassword)}
	user := &User{Email: "a@b", PasswordConfig: &config}
	var texts []string
	var errs []error
	_, err := c.CreateUser(t.Context(), user)
	errs = append(errs, err)
	_, err = c.CreateUser(t.Context(), Props{"passwordConfig": config})
	errs = append(errs, err)
	_, err = c.User(t.Context(), "lost")
	errs = append(errs, err)
	for _, err := range errs {
		if err == nil {
			t.Fatal("no error")
		}
		texts = append(texts, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	o := options()
	for _, v := range []any{c, *c.tokens.current, c.tokens, c.chain, o, o.Credentials, config, &config, user, *user, struct{ p PasswordConfig }{config}, config.Password, Request{Body: config}} {
		texts = append(texts, fmt.Sprintf("%v %+v %#v %s", v, v, v, v))
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", config.Password, "config", config, "client", c)
	texts = append(texts, log.String())
	if len(events) != 2+maxAttempts {
		t.Errorf("%d events", len(events))
	}
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text), fmt.Sprintf("%+v", e))
	}
	noCanary(t, "a text", texts...)
	if !strings.Contains(texts[0], hidden) {
		t.Errorf("the echo is not marked: %s", texts[0])
	}
}

func TestTheTableIsServed(t *testing.T) {
	s := newTenant(t, func(w http.ResponseWriter, r *request) { w.WriteHeader(204) })
	s.scope = "directory mail user"
	c := s.inside(func(o *Options) { o.Scopes = []string{"directory", "mail", "user"} })
	for _, operation := range op.Table() {
		r := Request{Path: map[string]string{}}
		for _, part := range strings.Split(operation.Path, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				r.Path[strings.TrimSuffix(name, "}")] = "1"
			}
		}
		if operation.Writer == "orgunits" {
			r.Writer = OrgUnitWriter(1)
		}
		if err := c.Call(t.Context(), operation.Name, r, nil); err != nil {
			t.Error(err)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"code":"X","description":"y"}`, `{"error":"a","error_description":1}`, "<html>", "\x00\xff", canaryToken} {
		f.Add(400, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		x := &exchange{op: op.Operation{Name: "user-get", Repeatable: true}, secrets: &secrets{texts: []string{canaryToken}}}
		failure := classify(x, &reply{status: status, body: body})
		text := failure.Error()
		if len([]rune(text)) > maxCode+maxDescription+400 || strings.Contains(text, canaryToken) {
			t.Errorf("%q", text)
		}
		for _, r := range text {
			if r < ' ' || r == 0x7f || r == 0x202e {
				t.Errorf("control character in %q", text)
			}
		}
	})
}
