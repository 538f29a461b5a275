package sandbox

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// newName names a tenant, so that no two tenants are taken for one another although
// they have the same domains: what is applied to one is unknown to the other. The
// seed value has no part in it: what follows the seeding makes another tenant.
func newName() string { return strings.ToLower(rand.Text()[:10]) }

// hosted serves a tenant below its name (/NAME/v1.0/…), which is where Env leads,
// and also without one. Calls to another tenant are refused: it ran here before.
func (s *Server) hosted(next http.Handler) http.Handler {
	own := "/" + s.tenant.name
	named := http.StripPrefix(own, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "isa-sandbox")
		path := r.URL.EscapedPath()
		switch first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); {
		case hasPrefix(path, own+"/"):
			named.ServeHTTP(w, r)
		case hasPrefix(rest, "v1.0/"), hasPrefix(rest, "oauth2/"), hasPrefix(rest, "_sandbox/"):
			errorAnswer(refuse(http.StatusNotFound, "NO_SUCH_TENANT",
				"the tenant %s is not here; this sandbox is %s: load the variables that it prints", first, s.tenant.name)).write(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
