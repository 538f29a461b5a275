package workspace

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/state"
)

func at(edition, base string, domains ...int) *Workspace {
	w := &Workspace{Config: &config.Config{Tenant: schema.Tenant{Edition: edition}, Access: config.Access{APIBase: base}}}
	for _, id := range domains {
		w.Config.Tenant.Companies = append(w.Config.Tenant.Companies, schema.Company{DomainID: id})
	}
	return w
}

func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		w    *Workspace
		want string
	}{
		{at("", "", 7), "commercial/www.worksapis.com/7"},
		{at("commercial", "", 7, 8, 5), "commercial/www.worksapis.com/7"},
		{at("commercial", "https://WWW.worksapis.com:443/v1.0/", 7), "commercial/www.worksapis.com/7"},
		{at("gov", "", 7), "gov/gov.worksapis.com/7"},
		{at("commercial", "https://proxy.acme.co.kr:8443", 7), "commercial/proxy.acme.co.kr:8443/7"},
		{at("commercial", "https://proxy.acme.co.kr/works/v1.0", 7), "commercial/proxy.acme.co.kr/works/7"},
		{at("commercial", "http://127.0.0.1:4010/k3j2/v1.0", 7), "commercial/sandbox/k3j2/7"},
		{at("commercial", "http://localhost:4011/k3j2/v1.0/", 7), "commercial/sandbox/k3j2/7"},
		{at("commercial", "http://127.0.0.1:4010/v1.0", 7), "commercial/sandbox/7"},
		{at("commercial", "http://[::1]:9", 7), "commercial/sandbox/7"},
		{at("commercial", "http://localhost:1", 7), "commercial/sandbox/7"},
	} {
		if got := c.w.Identity(); got != c.want {
			t.Errorf("identity %q, want %q", got, c.want)
		}
	}
}

func TestSameTenant(t *testing.T) {
	service, sandbox := at("commercial", "", 7), at("commercial", "http://127.0.0.1:4010/k3j2/v1.0", 7)
	for _, c := range []struct {
		w     *Workspace
		state string
		want  string // part of the refusal; "" = none
	}{
		{service, "", ""},
		{service, "commercial/www.worksapis.com/7", ""},
		{sandbox, at("commercial", "http://localhost:5999/k3j2/v1.0", 7).Identity(), ""},
		{sandbox, at("commercial", "http://127.0.0.1:4010/m4n5/v1.0", 7).Identity(), "of another sandbox"},
		{sandbox, at("commercial", "http://127.0.0.1:4010", 7).Identity(), "of another sandbox"},
		{service, sandbox.Identity(), "of a rehearsal"},
		{sandbox, service.Identity(), "unset it to work with the service"},
		{service, at("commercial", "", 8).Identity(), "belongs to this tenant"},
		{service, at("gov", "", 7).Identity(), "belongs to this tenant"},
	} {
		err := c.w.SameTenant(&state.State{Tenant: c.state})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("a state of %q: %v; want %q", c.state, err, c.want)
		}
	}
}
