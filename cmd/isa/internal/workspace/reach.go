package workspace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/directory"
)

// signIn is the operation of failures that happen before anything is listed.
const signIn = "token"

// listing says what failed when a kind could not be listed: signing in, which all
// kinds share, or the list itself. A service that does not answer gets a way out.
func (w *Workspace) listing(k *schema.Kind, err error) error {
	what := "listing " + strings.ToLower(view.KindsWord(k.Type))
	var f *diag.Failure
	if !errors.As(err, &f) {
		return fmt.Errorf("%s: %w", what, err)
	}
	failure := *f
	if failure.Op == signIn {
		what, failure.Op = "signing in", ""
	}
	switch {
	case failure.Fix != "":
	case failure.Class == diag.Unavailable:
		failure.Fix = w.unreached()
	case failure.Class == diag.Invalid && failure.Op != "":
		failure.Fix = "check domain_id in the tenant and company blocks: are these domains of the tenant that the app belongs to?"
	}
	return fmt.Errorf("%s: %w", what, &failure)
}

// unreached is the way out when a host does not answer.
func (w *Workspace) unreached() string {
	for _, base := range []string{w.Config.Access.APIBase, w.Config.Access.AuthBase} {
		if base != "" {
			return "is the sandbox running? ISA_API_BASE and ISA_AUTH_BASE lead to one; unset them for the real service"
		}
	}
	return "check the network; for a sandbox, load the variables that isa sandbox --env-file writes"
}

// sameDomains refuses a configuration whose domain is not the one of the tenant's
// members: with a wrong name every address would be changed.
func (w *Workspace) sameDomains(snap live.Snapshot) error {
	for _, c := range w.Config.Tenant.Companies {
		other := ""
		for _, o := range snap.Objects[directory.Member] {
			if o.DomainID != c.DomainID {
				continue
			}
			_, domain, foreign := strings.Cut(value.Text(o.Attrs["login_id"]), "@")
			if !foreign { // written without the company's own domain
				other = ""
				break
			}
			other = domain
		}
		if other != "" {
			return fmt.Errorf("%s: the members of domain %d have addresses at %s, the configuration says %s; correct domain or domain_id",
				w.Config.Access.Range, c.DomainID, other, c.Domain)
		}
	}
	return nil
}
