package workspace

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/state"
)

// rehearsal stands in an identity for the host of a sandbox. Its port is no part
// of who it is: a sandbox that is started again on its folder may get another.
const rehearsal = "sandbox"

// Identity names the tenant: its edition, where its API is and the number of its
// first domain, as in "commercial/www.worksapis.com/10000001". It stays the same
// when another app signs in, or further companies are declared. A sandbox serves its
// API below a name of its own, so that it is "commercial/sandbox/NAME/10000001".
func (w *Workspace) Identity() string {
	edition := w.Config.Tenant.Edition
	if edition == "" {
		edition = string(api.Commercial)
	}
	return strings.Join([]string{edition, placeOf(edition, w.Config.Access.APIBase), strconv.Itoa(w.Config.Tenant.Companies[0].DomainID)}, "/")
}

// placeOf is the host of an API base in one spelling, with the path above the API's
// version if there is one. A base that cannot be read stands for itself: the client
// refuses it.
func placeOf(edition, base string) string {
	if base == "" {
		base = api.CommercialAPI
		if edition == string(api.Gov) {
			base = api.GovAPI
		}
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return base
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch port := u.Port(); {
	case loopback(host):
		host = rehearsal
	case port != "" && port != "443":
		host = net.JoinHostPort(host, port)
	}
	above := strings.Trim(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1.0"), "/")
	return strings.TrimSuffix(host+"/"+above, "/")
}

// loopback reports a host on this machine: there is a sandbox behind it.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// SameTenant refuses a state of another tenant, and above all one of a rehearsal
// for the service itself.
func (w *Workspace) SameTenant(st *state.State) error {
	here := w.Identity()
	if st.Tenant == "" || st.Tenant == here {
		return nil
	}
	const elsewhere = `keep it by setting state "local" { path = … } to a new file, or by moving it away`
	switch was, is := rehearsed(st.Tenant), rehearsed(here); {
	case was && !is:
		return fmt.Errorf("the state is of a rehearsal on a sandbox (%s), and nothing in it exists at the service (%s), where isa would now plan; "+
			"to go on rehearsing, load the variables that isa sandbox --env-file writes; to begin with the service, %s", st.Tenant, here, elsewhere)
	case is && !was:
		return fmt.Errorf("the state is of the service (%s), and ISA_API_BASE leads to a sandbox (%s); "+
			"unset it to work with the service; to rehearse beside it, set state \"local\" { path = … } to a new file", st.Tenant, here)
	case is && service(st.Tenant) != service(here):
		return fmt.Errorf("the state is of another sandbox (%s), and nothing in it exists in this one (%s); "+
			"to start over, delete %s; to go on with the other, start it again with the --data DIR that keeps it", st.Tenant, here, w.statePath)
	}
	return fmt.Errorf("the state is of the tenant %s, the configuration of %s; use the state that belongs to this tenant, or set state \"local\" { path = … } to a new file",
		st.Tenant, here)
}

// service is an identity without the domain's number.
func service(identity string) string { return identity[:strings.LastIndexByte(identity, '/')+1] }

// rehearsed reports an identity of a sandbox.
func rehearsed(identity string) bool {
	parts := strings.Split(identity, "/")
	return len(parts) >= 3 && parts[1] == rehearsal
}
