package sandbox

import (
	"html/template"
	"net"
	"net/http"
	"net/url"
)

// consentPage asks which member logs in. It is the sandbox's stand-in for the
// service's login and consent pages.
func consentPage() *template.Template {
	return template.Must(template.New("consent").Parse(`<!doctype html><meta charset="utf-8"><title>isa sandbox: log in</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>
<h1>Log in to the sandbox</h1>
<p>An app asks for: <code>{{.Scope}}</code></p>
<form method="post" action="authorize">
{{range $name, $value := .Hidden}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<label>Member (login ID) <input name="user" list="members" required autofocus></label>
<datalist id="members">{{range .Members}}<option value="{{.}}">{{end}}</datalist>
<button name="allow" value="yes">Allow</button> <button name="allow" value="no" formnovalidate>Deny</button></form>`))
}

type consentData struct {
	Scope   string
	Hidden  map[string]string
	Members []string
}

// serveConsent shows the consent page (GET) and carries out the choice (POST):
// reference 00 §2.3.
func (s *Server) serveConsent(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	back, err := redirectTarget(r.Form.Get("redirect_uri"))
	if err != nil || r.Form.Get("client_id") != clientID {
		// Never redirect to an address that is not known: RFC 6749 §4.1.2.1.
		http.Error(w, "client_id or redirect_uri is wrong; the sandbox redirects to loopback addresses only", http.StatusBadRequest)
		return
	}
	state := r.Form.Get("state")
	fail := func(code string) { redirect(w, r, back, map[string]string{"error": code, "state": state}) }
	scopes, err := s.scopes(r.Form.Get("scope"))
	switch {
	case err != nil:
		fail("invalid_scope")
	case r.Form.Get("response_type") != "code":
		fail("unsupported_response_type")
	case state == "":
		fail("invalid_request")
	case r.Method == http.MethodGet:
		s.showConsent(w, r.Form)
	case r.PostForm.Get("allow") == "no":
		fail("access_denied")
	default:
		tok := token{Kind: "code", Scopes: scopes, Redirect: r.Form.Get("redirect_uri"), Nonce: r.Form.Get("nonce")}
		code, err := s.consent(r.PostForm.Get("user"), tok)
		if err != nil {
			fail("access_denied")
			return
		}
		redirect(w, r, back, map[string]string{"code": code, "state": state})
	}
}

// consent logs the member in and makes the code.
func (s *Server) consent(user string, tok token) (string, error) {
	if err := s.SignIn(user); err != nil {
		return "", err
	}
	s.tenant.mu.RLock()
	u := s.tenant.findUser(user)
	s.tenant.mu.RUnlock()
	if u == nil {
		return "", notFound("there is no member %s", user)
	}
	tok.User, tok.Domain = u.ID, u.Props.DomainID
	return s.seal(tok, codeLife)
}

func (s *Server) showConsent(w http.ResponseWriter, form url.Values) {
	data := consentData{Scope: form.Get("scope"), Hidden: map[string]string{}}
	for _, name := range []string{"client_id", "redirect_uri", "scope", "response_type", "state", "nonce"} {
		if v := form.Get(name); v != "" {
			data.Hidden[name] = v
		}
	}
	t := s.tenant
	t.mu.RLock()
	for _, seq := range t.usersIn[domainKey(s.opt.Domains[0].ID)] {
		if len(data.Members) == 200 {
			break
		}
		data.Members = append(data.Members, t.users[t.bySeq[seq]].Props.Email)
	}
	t.mu.RUnlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := consentPage().Execute(w, data); err != nil {
		s.log.note("consent page: " + err.Error())
	}
}

// redirectTarget accepts loopback addresses, as an app under development registers.
func redirectTarget(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, badRequest("redirect_uri is not on loopback")
	}
	return u, nil
}

func redirect(w http.ResponseWriter, r *http.Request, to *url.URL, values map[string]string) {
	target := *to
	q := target.Query()
	for k, v := range values {
		q.Set(k, v)
	}
	target.RawQuery = q.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}
