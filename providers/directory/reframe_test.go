package directory

import (
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// TestReframe: what a member has in the company that they move to is their own then, and
// what they have elsewhere stays.
func TestReframe(t *testing.T) {
	acme := schema.Company{Domain: "acme.co.kr", DomainID: 1}
	lab := schema.Company{Domain: "Acme-Lab.co.kr", DomainID: 2}
	text := func(s string) value.Value { return value.String(s) }
	there := value.Object{"job_grade": text("senior"), "email": text("hs.choi")}
	for name, c := range map[string]struct{ have, want value.Object }{
		"nothing there": {
			value.Object{"login_id": text("choi"), "job_grade": text("manager"), "aliases": value.List{text("c"), text("d@acme-lab.co.kr")}},
			value.Object{"login_id": text("choi@acme.co.kr"), "job_grade": text("manager"), "aliases": value.List{text("c@acme.co.kr"), text("d")}},
		},
		"a grade and an address": {
			value.Object{"login_id": text("choi"), "job_grade": text("manager"), "concurrent": value.Object{"acme-lab.co.kr": there}},
			value.Object{"login_id": text("choi@acme.co.kr"), "job_grade": text("senior"), "aliases": value.List{text("hs.choi")}},
		},
		"cleared there, and a third company": {
			value.Object{"job_grade": text("manager"), "concurrent": value.Object{"acme-lab.co.kr": value.Object{"job_grade": value.Clear{}, "email": value.Clear{}}, "b.kr": there}},
			value.Object{"job_grade": text("manager"), "concurrent": value.Object{"b.kr": there}},
		},
		"the address is an alias already": {
			value.Object{"aliases": value.List{text("hs.choi@acme-lab.co.kr")}, "concurrent": value.Object{"acme-lab.co.kr": value.Object{"email": text("hs.choi")}}},
			value.Object{"aliases": value.List{text("hs.choi")}},
		},
	} {
		if got := reframe(c.have, acme, lab); !value.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
