package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/atomicfile"
)

const (
	clientID     = "isa-sandbox-client"
	clientSecret = "isa-sandbox-secret" // opens nothing but the sandbox
	jwtGrant     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

func (s *Server) serviceAccount() string { return "sandbox.serviceaccount@" + s.opt.Domains[0].Name }

// knownScopes are those an app of the sandbox has enabled: reference 00 §3.
func knownScopes() []string {
	return []string{"openid", "email", "profile", "directory", "directory.read", "user", "user.read", "user.email.read", "user.profile.read",
		"group", "group.read", "orgunit", "orgunit.read", "group.note", "group.note.read", "group.folder", "group.folder.read",
		"calendar", "calendar.read", "contact", "contact.read", "board", "board.read", "file", "file.read", "mail", "mail.read",
		"task", "task.read", "form", "form.read", "audit", "audit.read", "monitoring.read", "bot", "bot.read", "bot.message"}
}

// loadKey makes or reads the service account's key pair, once.
func (s *Server) loadKey() error {
	s.keyOnce.Do(func() { s.key, s.keyPEM, s.keyErr = s.readKey() })
	return s.keyErr
}

func (s *Server) readKey() (*rsa.PrivateKey, []byte, error) {
	if len(s.opt.PrivateKey) > 0 {
		key, err := parseKey(s.opt.PrivateKey)
		return key, s.opt.PrivateKey, err
	}
	file := ""
	if s.opt.Dir != "" {
		file = filepath.Join(s.opt.Dir, keyName)
		data, err := os.ReadFile(file)
		if err == nil {
			key, err := parseKey(data)
			return key, data, err
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, nil, fmt.Errorf("sandbox key: %w", err)
		}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox key: %w", err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if file != "" {
		if err := atomicfile.Write(file, 0o600, data); err != nil {
			return nil, nil, fmt.Errorf("sandbox key: %w", err)
		}
	}
	return key, data, nil
}

// parseKey reads PKCS#8 or PKCS#1.
func parseKey(data []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("sandbox key: not a PEM file")
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("sandbox key: not an RSA private key")
		}
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := any.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("sandbox key: not an RSA private key")
	}
	return key, nil
}

// oauthError is an error of the token endpoint: RFC 6749 §5.2, reference 00 §2.6.
type oauthError struct {
	status int
	code   string
	text   string
}

func (e *oauthError) Error() string { return e.code + ": " + e.text }

func badGrant(format string, args ...any) error {
	return &oauthError{400, "invalid_grant", fmt.Sprintf(format, args...)}
}

func badAuthRequest(format string, args ...any) error {
	return &oauthError{400, "invalid_request", fmt.Sprintf(format, args...)}
}

func (s *Server) serveAuth(w http.ResponseWriter, r *http.Request, what string) {
	switch {
	case what == "token" && r.Method == http.MethodPost:
		s.serveForm(w, r, s.grant)
	case what == "revoke" && r.Method == http.MethodPost:
		s.serveForm(w, r, s.revoke)
	case what == "authorize" && (r.Method == http.MethodGet || r.Method == http.MethodPost):
		s.serveConsent(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) serveForm(w http.ResponseWriter, r *http.Request, do func(url.Values) (any, error)) {
	form, err := authForm(w, r)
	var v any
	if err == nil {
		v, err = do(form)
	}
	var a *answer
	var oauth *oauthError
	switch {
	case errors.As(err, &oauth):
		a = jsonAnswer(oauth.status, map[string]string{"error": oauth.code, "error_description": oauth.text})
	case err != nil:
		a = jsonAnswer(500, map[string]string{"error": "server_error", "error_description": err.Error()})
	default:
		a = jsonAnswer(200, v)
	}
	w.Header().Set("Cache-Control", "no-store")
	a.write(w)
}

func authForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badAuthRequest("Content-Type must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, badAuthRequest("the form cannot be read")
	}
	for _, name := range []string{"client_id", "client_secret"} {
		if r.PostForm.Get(name) == "" {
			return nil, badAuthRequest("%s is required", name)
		}
	}
	sameID := subtle.ConstantTimeCompare([]byte(r.PostForm.Get("client_id")), []byte(clientID))
	sameSecret := subtle.ConstantTimeCompare([]byte(r.PostForm.Get("client_secret")), []byte(clientSecret))
	if sameID&sameSecret == 0 {
		return nil, &oauthError{401, "invalid_client", "client_id or client_secret is wrong"}
	}
	return r.PostForm, nil
}

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
	TokenType    string `json:"token_type"`
	ExpiresIn    any    `json:"expires_in"` // a number or, by switch, its text
	IDToken      string `json:"id_token,omitempty"`
}

func (s *Server) grant(form url.Values) (any, error) {
	switch form.Get("grant_type") {
	case "":
		return nil, badAuthRequest("grant_type is required")
	case jwtGrant:
		return s.grantAssertion(form)
	case "authorization_code":
		return s.grantCode(form)
	case "refresh_token":
		return s.grantRefresh(form)
	}
	return nil, &oauthError{400, "unsupported_grant_type", "grant_type is not known"}
}

func (s *Server) scopes(text string) ([]string, error) {
	if s.switches.is("scope-comma", "accepted") {
		text = strings.ReplaceAll(text, ",", " ")
	}
	list := strings.Fields(text)
	if len(list) == 0 {
		return nil, badAuthRequest("scope is required")
	}
	for _, scope := range list {
		if !contains(knownScopes(), scope) {
			return nil, &oauthError{400, "invalid_scope", fmt.Sprintf("scope %q is not enabled for this app", scope)}
		}
	}
	return list, nil
}

func (s *Server) grantAssertion(form url.Values) (any, error) {
	if form.Get("assertion") == "" {
		return nil, badAuthRequest("assertion is required")
	}
	if err := s.checkAssertion(form.Get("assertion")); err != nil {
		return nil, err
	}
	scopes, err := s.scopes(form.Get("scope"))
	if err != nil {
		return nil, err
	}
	return s.issue(token{Domain: s.opt.Domains[0].ID, Scopes: scopes}, true)
}

// issue makes the access token and, with it, the refresh token of a grant.
func (s *Server) issue(tok token, refresh bool) (*tokenAnswer, error) {
	out := &tokenAnswer{Scope: strings.Join(tok.Scopes, " "), TokenType: "Bearer", ExpiresIn: int(accessLife / time.Second)}
	if s.switches.is("expires-in", "text") {
		out.ExpiresIn = fmt.Sprint(out.ExpiresIn)
	}
	var err error
	tok.Kind = "access"
	if out.AccessToken, err = s.seal(tok, accessLife); err != nil {
		return nil, err
	}
	if refresh {
		tok.Kind = "refresh"
		out.RefreshToken, err = s.seal(tok, refreshLife)
	}
	return out, err
}

// checkAssertion verifies a JWT assertion: reference 00 §2.2.
func (s *Server) checkAssertion(text string) error {
	if err := s.loadKey(); err != nil {
		return err
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return badGrant("the assertion is not a signed JWT")
	}
	var head struct{ Alg, Typ string }
	var claims struct {
		Iss string `json:"iss"`
		Sub string `json:"sub"`
		Iat *int64 `json:"iat"`
		Exp *int64 `json:"exp"`
	}
	if !jwtPart(parts[0], &head) || !jwtPart(parts[1], &claims) {
		return badGrant("the assertion is not a signed JWT")
	}
	if head.Alg != "RS256" || head.Typ != "JWT" {
		return badGrant("the assertion's header must have alg RS256 and typ JWT")
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return badGrant("the assertion's signature is wrong")
	}
	if claims.Iss != clientID {
		return badGrant("the assertion's iss is not the client ID")
	}
	if claims.Sub != s.serviceAccount() {
		return badGrant("the assertion's sub is not a service account of this app")
	}
	if claims.Iat == nil || claims.Exp == nil {
		return badGrant("the assertion needs iat and exp")
	}
	return s.checkTimes(time.Unix(*claims.Iat, 0), time.Unix(*claims.Exp, 0))
}

func (s *Server) checkTimes(iat, exp time.Time) error {
	const skew = 60 * time.Second // between the clocks of client and service
	now := s.opt.Now()
	switch {
	case !exp.After(now):
		return badGrant("the assertion is expired")
	case exp.Sub(iat) > time.Hour:
		return badGrant("the assertion is valid for more than 60 minutes")
	case iat.After(now.Add(skew)):
		return badGrant("the assertion is issued in the future")
	}
	return nil
}

func jwtPart(text string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(data, into) == nil
}

func (s *Server) grantCode(form url.Values) (any, error) {
	if form.Get("code") == "" {
		return nil, badAuthRequest("code is required")
	}
	tok := s.unseal(form.Get("code"), "code")
	if tok == nil {
		return nil, badGrant("the code is wrong, expired or used")
	}
	if uri := form.Get("redirect_uri"); uri != "" && uri != tok.Redirect {
		return nil, badGrant("redirect_uri is not the one of the authorize request")
	}
	used := false
	err := s.change(func(time.Time) error {
		if used = s.tenant.spent[tok.ID]; !used {
			s.tenant.spend(tok.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if used {
		return nil, badGrant("the code is wrong, expired or used")
	}
	out, err := s.issue(token{User: tok.User, Domain: tok.Domain, Scopes: tok.Scopes}, true)
	if err == nil && contains(tok.Scopes, "openid") {
		out.IDToken, err = s.idToken(tok)
	}
	return out, err
}

// idToken signs an ID token with the sandbox's key.
func (s *Server) idToken(tok *token) (string, error) {
	now := s.opt.Now()
	claims := map[string]any{"iss": clientID, "aud": clientID, "sub": tok.User, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	if tok.Nonce != "" {
		claims["nonce"] = tok.Nonce
	}
	data, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(data)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), err
}

func (s *Server) grantRefresh(form url.Values) (any, error) {
	if form.Get("refresh_token") == "" {
		return nil, badAuthRequest("refresh_token is required")
	}
	tok := s.unseal(form.Get("refresh_token"), "refresh")
	if tok == nil {
		return nil, badGrant("the refresh token is wrong, expired or revoked")
	}
	return s.issue(token{User: tok.User, Domain: tok.Domain, Scopes: tok.Scopes}, false)
}

// revoke ends a token; an unknown one is no error (RFC 7009).
func (s *Server) revoke(form url.Values) (any, error) {
	if form.Get("token") == "" {
		return nil, badAuthRequest("token is required")
	}
	for _, kind := range []string{"access", "refresh"} {
		if tok := s.unseal(form.Get("token"), kind); tok != nil {
			return nil, s.change(func(time.Time) error { s.tenant.spend(tok.ID); return nil })
		}
	}
	return nil, nil
}
