package sandbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/providers/works/api/op"
)

// token is the content of a token or code. It travels sealed, so that nothing is
// kept but what was revoked. Tokens live on the callers' clock, not the sandbox's.
type token struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"` // access, refresh, code
	User     string   `json:"user,omitempty"`
	Domain   int      `json:"domain"`
	Scopes   []string `json:"scopes"`
	Expires  int64    `json:"expires"` // Unix seconds
	Redirect string   `json:"redirect,omitempty"`
	Nonce    string   `json:"nonce,omitempty"`
}

const (
	codeLife    = 10 * time.Minute
	accessLife  = 24 * time.Hour
	refreshLife = 90 * 24 * time.Hour
)

// seal makes the text of a token.
func (s *Server) seal(tok token, life time.Duration) (string, error) {
	if err := s.loadKey(); err != nil {
		return "", err
	}
	var id [12]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	tok.ID, tok.Expires = hex.EncodeToString(id[:]), s.opt.Now().Add(life).Unix()
	data, err := json.Marshal(tok)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(data)
	return text + "." + base64.RawURLEncoding.EncodeToString(s.mac(text)), nil
}

func (s *Server) mac(text string) []byte {
	secret := sha256.Sum256(s.keyPEM)
	m := hmac.New(sha256.New, secret[:])
	_, _ = m.Write([]byte(text)) // never fails
	return m.Sum(nil)
}

// unseal returns the token, or nil when it is wrong, of another kind, expired or
// spent.
func (s *Server) unseal(text, kind string) *token {
	if s.loadKey() != nil {
		return nil
	}
	body, sum, ok := strings.Cut(text, ".")
	got, err := base64.RawURLEncoding.DecodeString(sum)
	if !ok || err != nil || !hmac.Equal(got, s.mac(body)) {
		return nil
	}
	data, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return nil
	}
	tok := &token{}
	if json.Unmarshal(data, tok) != nil || tok.Kind != kind || s.opt.Now().Unix() >= tok.Expires {
		return nil
	}
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	if s.tenant.spent[tok.ID] {
		return nil
	}
	return tok
}

func unauthorized(format string, args ...any) error {
	return refuse(http.StatusUnauthorized, "UNAUTHORIZED", format, args...)
}

// authorize checks the token of an API request against the operation, and replaces
// me in its path.
func (s *Server) authorize(r *http.Request, o op.Operation, path map[string]string) (*token, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || text == "" || strings.Contains(text, " ") {
		return nil, unauthorized("the Authorization header must be Bearer, one space, the access token")
	}
	tok := s.unseal(text, "access")
	if tok == nil {
		return nil, unauthorized("the access token is wrong, expired or revoked")
	}
	if !slices.ContainsFunc(o.Scopes, func(scope string) bool { return contains(tok.Scopes, scope) }) {
		return nil, forbidden("the token has none of the scopes %s", strings.Join(o.Scopes, ", "))
	}
	if tok.User == "" {
		return tok, s.asServiceAccount(o, path)
	}
	return tok, s.asMember(tok, o, path)
}

func (s *Server) asServiceAccount(o op.Operation, path map[string]string) error {
	if o.Tokens&op.ServiceAccount == 0 {
		return forbidden("%s is closed to service accounts", o.Name)
	}
	if strings.HasPrefix(o.Name, "mail-") && s.switches.is("mail-service-account", "403") {
		return forbidden("%s is closed to service accounts", o.Name)
	}
	if path["userId"] == "me" {
		return withStatus(s.switches.status("service-account-me"), "me needs the token of a member")
	}
	return nil
}

// memberID is the ID of a member named in any form; "" when there is none.
func (s *Server) memberID(ref string) string {
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	if u := s.tenant.findUser(ref); u != nil {
		return u.ID
	}
	return ""
}

func (s *Server) asMember(tok *token, o op.Operation, path map[string]string) error {
	if o.Tokens&op.UserAccount == 0 {
		return forbidden("%s is closed to members", o.Name)
	}
	s.tenant.mu.RLock()
	u := s.tenant.users[tok.User]
	s.tenant.mu.RUnlock()
	if u == nil || !u.inUse() {
		return unauthorized("the member cannot log in")
	}
	own := strings.HasPrefix(o.Name, "mail-") // reference 40 §0: a token opens its own mailbox
	if o.Method != http.MethodGet && !u.Admin && !own {
		return forbidden("only administrators may write")
	}
	if path["userId"] == "me" {
		path["userId"] = tok.User
	}
	if own && s.memberID(path["userId"]) != tok.User {
		return forbidden("the token of a member opens only that member's mailbox")
	}
	return nil
}
