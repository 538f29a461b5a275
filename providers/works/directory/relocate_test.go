package directory

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// movable is a tenant of two companies with a unit and a grade in each, and a member of
// the first who is head of its unit.
type movable struct {
	*bench
	unit, grade map[string]string // by domain
	id          string
}

func newMovable(t *testing.T, switches sandbox.Switches) movable {
	t.Helper()
	m := movable{newBench(t, sandbox.Options{Switches: switches}, acme, lab), map[string]string{}, map[string]string{}, ""}
	for _, c := range []schema.Company{acme, lab} {
		m.unit[c.Domain] = m.act(model.OrgUnit, providers.Request{Verb: doCreate, Company: c, Attrs: value.Object{"name": s("팀")}, Place: &providers.Place{Last: true}}).ID
		m.grade[c.Domain] = m.act(model.JobGrade, providers.Request{Verb: doCreate, Company: c, Attrs: value.Object{"name": s("과장")}}).ID
	}
	m.id = m.act(model.Member, providers.Request{Verb: doCreate, Attrs: value.Object{
		"external_key": s("1"), "login_id": s("kim"), "last_name": s("김"), "private_email": s("kim@example.com"), "nickname": s("별명"),
		"aliases": texts("hg.kim"), "job_grade": s(m.grade[acme.Domain]), "belongs_to": value.List{m.post(acme)},
	}}).ID
	return m
}

// act carries out a step.
func (m movable) act(kind string, r providers.Request) providers.Result {
	m.t.Helper()
	if r.Company.Domain == "" {
		r.Company = acme
	}
	result, err := m.kinds[kind].Do(m.t.Context(), r)
	if err != nil {
		m.t.Fatalf("%s of %s %v: %v", r.Verb, kind, r.Attrs, err)
	}
	return result
}

func (m movable) post(c schema.Company) value.Object {
	return value.Object{"org_unit": s(m.unit[c.Domain]), "head": value.Bool(true), "primary": value.Bool(true)}
}

func (m movable) request(to schema.Company, more value.Object) providers.Request {
	attrs := value.Object{
		"external_key": s("1"), "login_id": s("kim"), "job_grade": s(m.grade[to.Domain]), "belongs_to": value.List{m.post(to)},
	}
	for name, v := range more {
		attrs[name] = v
	}
	return providers.Request{Verb: doRelocate, ID: m.id, Company: to, Attrs: attrs}
}

func TestAMemberMovesToAnotherCompany(t *testing.T) {
	for name, switches := range map[string]sandbox.Switches{
		"":         nil,
		"no body":  {"user-move-status": "204"},
		"no alias": {"user-move-alias": "dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMovable(t, switches)
			r := m.request(lab, value.Object{"external_key": s("L-1")})
			m.sent()
			result := m.act(model.Member, r)
			if ops := m.sent(); name == "" && !slices.Equal(ops, []string{"user-get", "user-move"}) {
				t.Errorf("it sent %v", ops)
			}
			if result.ID != m.id {
				t.Fatalf("the account is %s, was %s", result.ID, m.id)
			}
			o := m.object(model.Member, m.id)
			if o.DomainID != lab.DomainID {
				t.Fatalf("the member is in %d", o.DomainID)
			}
			for attr, want := range map[string]value.Value{
				"login_id": s("kim"), "external_key": s("L-1"), "nickname": s("별명"), "job_grade": s(m.grade[lab.Domain]),
			} {
				if o.Attrs[attr] != want {
					t.Errorf("%s is %v, want %v", attr, o.Attrs[attr], want)
				}
			}
			posts := o.Attrs["belongs_to"].(value.List)
			if len(posts) != 1 || posts[0].(value.Object)["org_unit"] != s(m.unit[lab.Domain]) {
				t.Errorf("the posts are %v", posts)
			}
			aliases := o.Attrs["aliases"].(value.List)
			if kept := slices.Contains(aliases, value.Value(s("kim@acme.co.kr"))); kept != (name != "no alias") || !slices.Contains(aliases, value.Value(s("hg.kim@acme.co.kr"))) {
				t.Errorf("the aliases are %v", aliases)
			}
			m.sent()
			if _, err := m.kinds[model.Member].Do(t.Context(), r); err != nil {
				t.Errorf("again: %v", err)
			}
			if ops := m.sent(); !slices.Equal(ops, []string{"user-get"}) {
				t.Errorf("again it sent %v", ops)
			}
		})
	}
}

// TestAMoveKeepsWhatIsElsewhere: a login ID that is left alone keeps its name, groups are
// kept when asked for, and a post that isa does not own stays with its grade and address.
func TestAMoveKeepsWhatIsElsewhere(t *testing.T) {
	m := newMovable(t, nil)
	group := m.act(model.Group, providers.Request{Verb: doCreate, Attrs: value.Object{
		"name": s("TF"), "members": texts("member:" + m.id), "administrators": texts(m.id),
	}}).ID
	r := m.request(lab, value.Object{"preserve_groups": value.Bool(true), "belongs_to": value.Edit{Add: value.List{m.post(lab)}}})
	delete(r.Attrs, "login_id")
	m.act(model.Member, r)
	o := m.object(model.Member, m.id)
	if o.Attrs["login_id"] != s("kim") || len(o.Attrs["belongs_to"].(value.List)) != 2 {
		t.Errorf("the member is %v", o.Attrs)
	}
	there := o.Attrs["concurrent"].(value.Object)[acme.Domain].(value.Object)
	if there["job_grade"] != s(m.grade[acme.Domain]) {
		t.Errorf("in the old company they have %v", there)
	}
	if g := m.object(model.Group, group); len(g.Attrs["members"].(value.List)) != 1 {
		t.Errorf("the group has %v", g.Attrs["members"])
	}
}

func TestAMoveThatTheServiceRefuses(t *testing.T) {
	m := newMovable(t, nil)
	m.act(model.Member, providers.Request{Verb: doDelete, ID: m.id})
	_, err := m.kinds[model.Member].Do(t.Context(), m.request(lab, nil))
	var f *diag.Failure
	if !errors.As(err, &f) || f.Class != diag.Invalid || !strings.Contains(f.Fix, "external-chat") {
		t.Errorf("the answer is %v", err)
	}
	if o := m.object(model.Member, m.id); o.DomainID != acme.DomainID || o.Status != live.Deleted {
		t.Errorf("the member is %v in %d", o.Status, o.DomainID)
	}
}

// TestConcurrentGradesAndAddresses: written, changed and taken away, each alone.
func TestConcurrentGradesAndAddresses(t *testing.T) {
	for _, switches := range []sandbox.Switches{nil, {"patch-arrays": "merge"}, {"concurrent-listed": "yes"}} {
		m := newMovable(t, switches)
		second := m.post(lab)
		second["primary"] = value.Bool(false)
		entry := func(o value.Object) value.Object { return value.Object{lab.Domain: o} }
		write := func(attrs value.Object, want value.Value) {
			t.Helper()
			m.act(model.Member, providers.Request{Verb: doPatch, ID: m.id, Attrs: attrs})
			if have := m.object(model.Member, m.id).Attrs["concurrent"]; have == nil && want != nil || !value.Equal(have, want) && want != nil || have != nil && want == nil {
				t.Errorf("%v: after %v there is %v, want %v", switches, attrs, have, want)
			}
		}
		grade := s(m.grade[lab.Domain])
		write(value.Object{"belongs_to": value.List{m.post(acme), second}}, nil)
		write(value.Object{"concurrent": entry(value.Object{"job_grade": grade, "email": s("hg")})}, entry(value.Object{"job_grade": grade, "email": s("hg")}))
		write(value.Object{"nickname": s("x")}, entry(value.Object{"job_grade": grade, "email": s("hg")}))
		write(value.Object{"belongs_to": value.List{m.post(acme), second}}, entry(value.Object{"job_grade": grade, "email": s("hg")}))
		write(value.Object{"concurrent": entry(value.Object{"job_grade": value.Clear{}})}, entry(value.Object{"email": s("hg")}))
		write(value.Object{"concurrent": entry(value.Object{"email": value.Clear{}})}, nil)
	}
}
