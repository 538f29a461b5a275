package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

func TestCheck(t *testing.T) {
	person := func(label string, more value.Object) *schema.Instance {
		attrs := value.Object{
			"login_id": value.String(label), "last_name": value.String("홍"), "private_email": value.String(label + "@gmail.com"),
			"belongs_to": value.List{value.Object{"org_unit": ref(OrgUnit, "hq")}},
		}
		for name, v := range more {
			attrs[name] = v
			if v == nil {
				delete(attrs, name)
			}
		}
		return object(t, Member, label, attrs)
	}
	unit := func(label, parent string, more value.Object) *schema.Instance {
		attrs := value.Object{"name": value.String(label)}
		if parent != "" {
			attrs["parent"] = ref(OrgUnit, parent)
		}
		for name, v := range more {
			attrs[name] = v
		}
		return object(t, OrgUnit, label, attrs)
	}
	inLab := func(in *schema.Instance) *schema.Instance { in.Company = lab; return in }
	team := func(label string, more value.Object) *schema.Instance {
		attrs := value.Object{"name": value.String(label), "administrators": value.List{ref(Member, "a")}}
		for name, v := range more {
			attrs[name] = v
		}
		return object(t, Group, label, attrs)
	}
	post := func(unit string, more value.Object) value.List {
		p := value.Object{"org_unit": ref(OrgUnit, unit)}
		for name, v := range more {
			p[name] = v
		}
		return value.List{p}
	}
	hq, yes, no := unit("hq", "", nil), value.Bool(true), value.Bool(false)
	many := func(n int) []*schema.Instance {
		out := []*schema.Instance{hq}
		for i := range n {
			out = append(out, person(fmt.Sprintf("m%02d", i), nil))
		}
		return out
	}
	chain := func(n int) []*schema.Instance {
		out := []*schema.Instance{unit("u1", "", nil)}
		for i := 2; i <= n; i++ {
			out = append(out, unit(fmt.Sprintf("u%d", i), fmt.Sprintf("u%d", i-1), nil))
		}
		return out
	}
	postsIn := func(n int) []*schema.Instance {
		var list value.List
		out := []*schema.Instance{}
		for i := range n {
			out = append(out, unit(fmt.Sprintf("u%d", i), "", nil))
			list = append(list, value.Object{"org_unit": ref(OrgUnit, fmt.Sprintf("u%d", i))})
		}
		return append(out, person("a", value.Object{"belongs_to": list}))
	}
	unitsOnly := func(n int) (out []*schema.Instance) {
		for i := range n {
			out = append(out, unit(fmt.Sprintf("u%d", i), "", nil))
		}
		return out
	}

	named := func(label, name string, parent value.Value) *schema.Instance {
		attrs := value.Object{"name": value.String(name)}
		if parent != nil {
			attrs["parent"] = parent
		}
		return object(t, OrgUnit, label, attrs)
	}
	found := func(name, is string) func(*schema.Tenant) {
		return func(t *schema.Tenant) { t.Facts = schema.Facts{name: is} }
	}
	for _, c := range []struct {
		name   string
		tenant func(*schema.Tenant)
		objs   []*schema.Instance
		want   string // codes with severity and address
	}{
		{"nothing wrong", nil, []*schema.Instance{hq, person("a", nil), team("g", nil)}, ""},
		{"workplace", func(t *schema.Tenant) { t.Workplace = true }, []*schema.Instance{hq, person("a", nil), team("g", value.Object{"administrators": nil})},
			"error tenant.workplace member.a; error tenant.workplace org_unit.hq"},
		{"grades off", func(t *schema.Tenant) { t.Features.JobGrades = false },
			[]*schema.Instance{hq, object(t, JobGrade, "g", value.Object{}), person("a", value.Object{"job_grade": ref(JobGrade, "g")})},
			"error tenant.feature_off job_grade.g; error tenant.feature_off member.a"},
		{"positions off", func(t *schema.Tenant) { t.Features.Positions = false },
			[]*schema.Instance{hq, person("a", value.Object{"belongs_to": post("hq", value.Object{"position": value.Clear{}})})}, "error tenant.feature_off member.a"},
		{"free members", func(t *schema.Tenant) { t.Plan = "free" }, many(30), ""},
		{"free members over", func(t *schema.Tenant) { t.Plan = "free" }, many(31), "error plan.free member.m30"},
		{"free units", func(t *schema.Tenant) { t.Plan = "free" }, unitsOnly(100), ""},
		{"free units over", func(t *schema.Tenant) { t.Plan = "free" }, unitsOnly(101), "error plan.free org_unit.u100"},
		{"licences", func(t *schema.Tenant) { t.Features.Licences = 2 }, many(3), "error tenant.licences member.m02"},
		{"no mail", func(t *schema.Tenant) { t.Plan = "lite" },
			[]*schema.Instance{hq, person("a", value.Object{"aliases": value.List{value.String("x1")}}), team("g", value.Object{"use_mail": yes, "receives_external_mail": no})},
			"error plan.no_mail group.g; error plan.no_mail member.a"},
		{"sso", func(t *schema.Tenant) { t.Features.SSO = true },
			[]*schema.Instance{hq, person("a", value.Object{"password": value.Object{"mode": value.String("member")}})},
			"error member.sso_key member.a; warning member.sso_password member.a"},
		{"invitation without address", nil, []*schema.Instance{hq, person("a", value.Object{"private_email": nil, "password": value.Object{"mode": value.String("member")}})},
			"error member.invitation member.a"},
		{"perhaps an invitation", nil, []*schema.Instance{hq, person("a", value.Object{"private_email": nil})}, "warning member.invitation member.a"},
		{"admin password", nil, []*schema.Instance{hq, person("a", value.Object{"private_email": nil, "password": value.Object{"mode": value.String("admin")}})}, ""},
		{"depth 15", nil, chain(15), ""},
		{"depth 16", nil, chain(17), "error org_unit.depth org_unit.u16"},
		{"circle", nil, []*schema.Instance{unit("x", "y", nil), unit("y", "x", nil), unit("z", "y", nil)}, "error org_unit.cycle org_unit.x"},
		{"own parent", nil, []*schema.Instance{unit("x", "x", nil)}, "error org_unit.cycle org_unit.x"},
		{"two heads", nil, []*schema.Instance{hq, person("a", value.Object{"belongs_to": post("hq", value.Object{"head": yes})}), person("b", value.Object{"belongs_to": post("hq", value.Object{"head": yes})})},
			"error org_unit.heads member.b"},
		{"hidden parent", nil, []*schema.Instance{unit("x", "", value.Object{"visible": no}), unit("y", "x", value.Object{"visible": yes}), unit("z", "x", nil), unit("w", "x", value.Object{"visible": no})},
			"error org_unit.hidden org_unit.y; warning org_unit.hidden org_unit.z"},
		{"no administrator", nil, []*schema.Instance{hq, team("g", value.Object{"administrators": value.List{}})}, "error group.administrator group.g"},
		{"group circle", nil, []*schema.Instance{team("g", value.Object{"members": value.List{ref(Group, "h")}}), team("h", value.Object{"members": value.List{ref(Group, "g")}})},
			"error group.cycle group.g"},
		{"grade of another company", nil, []*schema.Instance{hq, inLab(object(t, JobGrade, "g", value.Object{})), person("a", value.Object{"job_grade": ref(JobGrade, "g")})},
			"error reference.company member.a"},
		{"post in another company", nil, []*schema.Instance{hq, inLab(unit("l", "", nil)), object(t, Position, "p", value.Object{}),
			person("a", value.Object{"belongs_to": append(post("hq", value.Object{"primary": yes}), post("l", value.Object{"position": ref(Position, "p")})...)})},
			"error reference.company member.a"},
		{"primary in another company", nil, []*schema.Instance{inLab(unit("l", "", nil)), person("a", value.Object{"belongs_to": post("l", value.Object{"primary": yes})})},
			"error member.primary_company member.a"},
		{"parent of another company", nil, []*schema.Instance{hq, inLab(unit("l", "hq", nil))}, "error reference.company org_unit.l"},
		{"20 units", nil, postsIn(20), ""},
		{"21 units", nil, postsIn(21), "warning member.units member.a"},
		{"31 units", nil, postsIn(31), "error member.units member.a; warning member.units member.a"},
		{"no unit", nil, []*schema.Instance{person("a", value.Object{"belongs_to": nil})}, "warning member.no_unit member.a"},
		{"employee number", nil, []*schema.Instance{hq, person("a", value.Object{"employee_number": value.String("1")}), person("b", value.Object{"employee_number": value.String("1")})},
			"warning member.employee_number member.b"},
		{"employee number taken once", found("employee-number-unique", "yes"), []*schema.Instance{hq, person("a", value.Object{"employee_number": value.String("1")}), person("b", value.Object{"employee_number": value.String("1")})},
			"error member.employee_number member.b"},
		{"siblings of one name", nil, []*schema.Instance{hq, named("x", "영업", value.ID(hq.Addr)), named("y", "영업", value.ID(hq.Addr))}, ""},
		{"siblings of one name refused", found("orgunit-name-unique", "yes"), []*schema.Instance{hq, named("x", "영업", value.ID(hq.Addr)), named("y", "영업", value.ID(hq.Addr)),
			named("z", "영업", value.Clear{}), named("v", "영업", value.Clear{}), named("w", "개발", value.ID(hq.Addr))}, "error org_unit.name org_unit.v; error org_unit.name org_unit.y"},
		{"perhaps siblings of one name", found("orgunit-name-unique", "yes"), []*schema.Instance{named("x", "영업", nil), named("y", "영업", nil)}, "warning org_unit.name org_unit.y"},
		{"empty group", nil, []*schema.Instance{hq, team("g", value.Object{"members": value.List{}})}, ""},
		{"empty group refused", found("group-empty-members", "rejected"), []*schema.Instance{hq, team("g", value.Object{"members": value.List{}}),
			team("h", value.Object{"members": value.List{}, "ownership": value.String("exact")}), team("i", nil)}, "error group.members group.h; warning group.members group.g"},
		{"language", nil, []*schema.Instance{unit("x", "", value.Object{"names": value.Object{"ja_JP": value.String("a"), "en_US": value.String("a")}})},
			"warning names.switched_off org_unit.x"},
		{"language cleared", nil, []*schema.Instance{unit("x", "", value.Object{"names": value.Object{"ja_JP": value.Clear{}, "en_US": value.String("a")}})}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenant := everything()
			if c.tenant != nil {
				c.tenant(&tenant)
			}
			for i, in := range c.objs {
				in.Seq = i
			}
			var got []string
			for _, d := range Check(tenant, c.objs) {
				got = append(got, d.Severity.String()+" "+d.Code+" "+d.Address)
				if d.Summary == "" || d.Detail == "" || d.Fix == "" || Codes()[d.Code] == "" {
					t.Errorf("a diagnostic without summary, detail, way out or page: %+v", d)
				}
			}
			slices.Sort(got)
			if strings.Join(got, "; ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), c.want)
			}
		})
	}
}
