package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

var (
	acme = schema.Company{Domain: "acme.co.kr", DomainID: 1}
	lab  = schema.Company{Label: "lab", Domain: "acme-lab.co.kr", DomainID: 2}
)

func kindOf(t testing.TB, typ string) *schema.Kind {
	t.Helper()
	for _, k := range Schemas() {
		if k.Type == typ {
			return k
		}
	}
	t.Fatalf("no kind %s", typ)
	return nil
}

// object makes a declared object of acme.
func object(t testing.TB, typ, label string, attrs value.Object) *schema.Instance {
	t.Helper()
	return &schema.Instance{
		Addr: addr.New(typ, label), Kind: kindOf(t, typ), Company: acme, Attrs: attrs, Written: true,
		Where: func(value.Path) diag.Place { return diag.Place{} },
	}
}

func everything() schema.Tenant {
	return schema.Tenant{Companies: []schema.Company{acme, lab}, Plan: "standard", Features: schema.Features{
		JobGrades: true, Positions: true, UserTypes: true, MultilingualNames: []string{"en_US"},
	}}
}

func ref(typ, label string) value.Ref { return value.ID(addr.New(typ, label)) }

func TestSchemasAreConsistent(t *testing.T) {
	var order []string
	for _, k := range Schemas() {
		order = append(order, k.Type)
		for _, name := range append(append([]string{k.Key, k.Order, k.Parent}, k.Natural...), "name") {
			if _, ok := k.Attr(name); name != "" && !ok && !(k.Person && name == "name") {
				t.Errorf("%s names the attribute %q, which does not exist", k.Type, name)
			}
		}
		if k.Prepare == nil || k.Claims == nil || k.Title == nil || len(k.Removals) == 0 || k.Version < 1 {
			t.Errorf("%s lacks a hook or its removals", k.Type)
		}
		if (k.Leave != nil) != k.Person {
			t.Errorf("%s: only people leave", k.Type)
		}
		checkAttrs(t, k.Type, k.Attrs)
	}
	if want := "job_grade position user_type custom_property org_unit member group"; strings.Join(order, " ") != want {
		t.Errorf("planning order %v, want %s", order, want)
	}
}

func checkAttrs(t *testing.T, at string, attrs []schema.Attr) {
	seen := map[string]bool{}
	for _, a := range attrs {
		name := at + "." + a.Name
		if seen[a.Name] {
			t.Errorf("%s is declared twice", name)
		}
		seen[a.Name] = true
		if !strings.HasSuffix(a.Doc, ".") && !strings.HasSuffix(a.Doc, " }") {
			t.Errorf("%s: documentation %q is no sentence", name, a.Doc)
		}
		if a.Type.Kind == schema.Reference && len(a.Type.Kinds) == 0 {
			t.Errorf("%s refers to nothing", name)
		}
		if a.ElemKey != "" && a.Type.Elem.Kind != schema.Object {
			t.Errorf("%s has elements without attributes", name)
		}
		elem := a.Type
		for elem.Elem != nil {
			elem = *elem.Elem
		}
		checkAttrs(t, name, elem.Attrs)
	}
}

func TestTextRules(t *testing.T) {
	for _, c := range []struct {
		kind, attr, good, bad string
	}{
		{Member, "login_id", "gildong.hong", "g"},
		{Member, "login_id", "1004@acme.co.kr", ".hong"},
		{Member, "login_id", "a_b-c", "hong..gd"},
		{Member, "login_id", strings.Repeat("a", 40), strings.Repeat("a", 41)},
		{Member, "login_id", "ab", "hong."},
		{Member, "login_id", "ab", "홍길동"},
		{Member, "login_id", "ab", "ab@"},
		{Member, "external_key", "2024-001", "a/b"},
		{Member, "external_key", "홍", `a\b`},
		{Member, "external_key", strings.Repeat("k", 100), strings.Repeat("k", 101)},
		{Member, "last_name", "O'Neil", "홍<"},
		{Member, "phonetic_last_name", "ホンー", "홍"},
		{Member, "private_email", "a+b@gmail.com", "a b@gmail.com"},
		{Member, "private_email", "Kim@Gmail.com", "kim@gmail"},
		{Member, "cell_phone", "+82-10-1234-5678", "010 1234 5678"},
		{Member, "cell_phone", "#123", "()-"},
		{Member, "hired_on", "2024-02-29", "2023-02-29"},
		{Member, "hired_on", "2024-02-29", "9999-12-31"},
		{Member, "time_zone", "Asia/Seoul", "Asia//Seoul"},
		{Member, "employee_number", strings.Repeat("1", 20), strings.Repeat("1", 21)},
		{Member, "location", "본사 3층", ""},
		{OrgUnit, "email", "!sales", "a@b@c"},
		{OrgUnit, "email", strings.Repeat("a", 64), strings.Repeat("a", 65)},
		{OrgUnit, "email", "sales#1", "_sales"},
		{OrgUnit, "name", "영업[1]팀, 2/3", "영업*팀"},
		{OrgUnit, "description", strings.Repeat("가", 160), strings.Repeat("가", 161)},
		{Group, "name", "아무<거나>", "줄\n바꿈"},
		{Group, "description", "두\n줄", strings.Repeat("가", 301)},
		{UserType, "code", "Regular_1", "1regular"},
	} {
		a, ok := kindOf(t, c.kind).Attr(c.attr)
		if !ok {
			t.Fatalf("%s has no %s", c.kind, c.attr)
		}
		if fault := a.Check(value.String(c.good)); fault != "" {
			t.Errorf("%s.%s: %q %s", c.kind, c.attr, c.good, fault)
		}
		if a.Check(value.String(c.bad)) == "" {
			t.Errorf("%s.%s: %q is accepted", c.kind, c.attr, c.bad)
		}
	}
	aliases, _ := kindOf(t, Member).Attr("aliases")
	many := make(value.List, 11)
	for i := range many {
		many[i] = value.String(fmt.Sprintf("a%d", i))
	}
	if aliases.Check(many[:10]) != "" || aliases.Check(many) == "" || aliases.Check(value.List{value.String("-")}) == "" {
		t.Error("aliases: 10 are allowed, each by the rule of login IDs")
	}
}

func TestPrepareMember(t *testing.T) {
	in := object(t, Member, "m", value.Object{
		"login_id": value.String("Hong@ACME.co.kr"), "last_name": value.String("홍"),
		"private_email": value.String("Hong@Gmail.com"), "hired_on": value.String("2024. 3. 2."),
		"aliases":    value.List{value.String("gd@acme.co.kr"), value.String("x@other.com")},
		"belongs_to": value.List{value.Object{"org_unit": ref(OrgUnit, "a")}, value.Object{"org_unit": ref(OrgUnit, "b")}},
	})
	before := in.Attrs
	problems := in.Kind.Prepare(in)
	if len(problems) != 2 || problems[0].Code != "address.capitals" || problems[0].Severity != diag.Warning {
		t.Errorf("problems %+v, want two warnings about capitals", problems)
	}
	want := value.Object{
		"login_id": value.String("hong"), "last_name": value.String("홍"), "private_email": value.String("hong@gmail.com"), "hired_on": value.String("2024-03-02"),
		"aliases": value.List{value.String("gd"), value.String("x@other.com")},
		"belongs_to": value.List{
			value.Object{"org_unit": ref(OrgUnit, "a"), "primary": value.Bool(true)},
			value.Object{"org_unit": ref(OrgUnit, "b"), "primary": value.Bool(false)},
		},
	}
	if !value.Equal(in.Attrs, want) {
		t.Errorf("prepared\n%v\nwant\n%v", in.Attrs, want)
	}
	if before["login_id"] != value.String("Hong@ACME.co.kr") {
		t.Error("the attributes given were changed in place")
	}
	if again := in.Kind.Prepare(in); len(again) != 0 || !value.Equal(in.Attrs, want) {
		t.Errorf("preparing twice is not preparing once: %v %v", again, in.Attrs)
	}
}

func TestPrepareReports(t *testing.T) {
	unit := func(label string, more value.Object) value.Object {
		o := value.Object{"org_unit": ref(OrgUnit, label)}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	yes, no := value.Bool(true), value.Bool(false)
	named := func(more value.Object) value.Object {
		o := value.Object{"login_id": value.String("hong"), "last_name": value.String("홍")}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	for _, c := range []struct {
		kind  string
		attrs value.Object
		want  string // code at path
	}{
		{Member, value.Object{"login_id": value.String("hong")}, "member.name at "},
		{Member, named(value.Object{"last_name": value.String(strings.Repeat("가", 41)), "first_name": value.String(strings.Repeat("나", 40))}), "member.name at first_name"},
		{Member, named(value.Object{"belongs_to": value.List{unit("a", value.Object{"primary": yes}), unit("b", value.Object{"primary": yes})}}), "member.primary at belongs_to[1].primary"},
		{Member, named(value.Object{"belongs_to": value.List{unit("a", nil), unit("a", nil)}}), "member.unit_twice at belongs_to[1].org_unit"},
		{Member, named(value.Object{"aliases": value.List{value.String("hong")}}), "member.alias_login at aliases[0]"},
		{Member, named(value.Object{"aliases": value.List{value.String("a1"), value.String("a1@acme.co.kr")}}), "address.twice at aliases[1]"},
		{Member, named(value.Object{"password": value.Object{"mode": value.String("admin")}}), "member.password at password.mode"},
		{Member, named(value.Object{"password": value.Object{"mode": value.String("admin"), "generate": yes, "value": value.Secret("env:X")}}), "member.password at password.mode"},
		{Member, named(value.Object{"password": value.Object{"mode": value.String("member"), "generate": yes}}), "member.password at password.mode"},
		{Member, named(value.Object{"password": value.Object{"mode": value.String("member"), "generate": no}}), ""},
		{Member, named(value.Object{"names": value.Object{"en_GB": value.Object{"last": value.String("Hong")}}}), "names.language at names.en_GB"},
		{Member, named(messenger("CUSTOM", "")), "member.messenger at messenger.custom_protocol"},
		{Member, named(messenger("LINE", "talk")), "member.messenger at messenger.custom_protocol"},
		{Member, named(messenger("CUSTOM", "talk")), ""},
		{Member, named(value.Object{"relation": value.List{contact("a"), contact("b"), contact("a")}}), "member.relation at relation[2].member"},
		{Member, named(value.Object{"relation": contacts(11)}), "member.relation at relation"},
		{Member, named(value.Object{"relation": contacts(10)}), ""},
		{CustomProperty, property("string", 2), ""},
		{CustomProperty, property("string", 1), "custom_property.rule at option"},
		{CustomProperty, property("date", 2), "custom_property.rule at option"},
		{CustomProperty, property("string", -2), "custom_property.rule at option[1].name; custom_property.rule at option[1].display_name"},
		{CustomProperty, value.Object{"name": value.String("a"), "order": value.Int(0)}, "custom_property.rule at order"},
		{OrgUnit, value.Object{"name": value.String("a"), "names": value.Object{"en_US": value.String("a*")}}, "name.characters at names.en_US"},
		{OrgUnit, value.Object{"name": value.String("a"), "use_note": yes}, "room.use_message at use_note"},
		{OrgUnit, value.Object{"name": value.String("a"), "use_note": yes, "use_message": yes}, ""},
		{OrgUnit, value.Object{"name": value.String("a"), "order": value.Int(0)}, "org_unit.order at order"},
		{Group, value.Object{"name": value.String("a"), "use_task": yes, "use_message": no}, "room.use_message at use_task"},
		{Group, value.Object{"name": value.String("a"), "use_mail": yes}, "group.mail at use_mail"},
		{Group, value.Object{"name": value.String("a"), "email": value.String("tf"), "use_mail": no}, "group.mail at email"},
		{Group, value.Object{"name": value.String("a"), "email": value.String("tf"), "use_mail": yes}, ""},
		{JobGrade, value.Object{"name": value.String("부*장")}, "name.characters at name"},
		{Position, value.Object{"name": value.String("팀·장")}, "name.unsure at name"},
	} {
		in := object(t, c.kind, "x", c.attrs)
		var got []string
		for _, p := range in.Kind.Prepare(in) {
			got = append(got, p.Code+" at "+p.Path.String())
			if p.Detail == "" || p.Fix == "" || Codes()[p.Code] == "" {
				t.Errorf("%s: a problem without detail, way out or page: %+v", c.kind, p)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s %v: %v, want %q", c.kind, c.attrs, got, c.want)
		}
	}
}

func messenger(protocol, custom string) value.Object {
	o := value.Object{"protocol": value.String(protocol), "id": value.String("me")}
	if custom != "" {
		o["custom_protocol"] = value.String(custom)
	}
	return value.Object{"messenger": o}
}

func contact(label string) value.Value { return value.Object{"member": ref(Member, label)} }

func contacts(n int) value.List {
	var out value.List
	for i := range n {
		out = append(out, contact(strings.Repeat("x", i+1)))
	}
	return out
}

// property has n options; below zero they share their names.
func property(typ string, n int) value.Object {
	var options value.List
	for i := range max(n, -n) {
		name := value.String(strings.Repeat("o", max(1, (i+1)*n/max(n, -n))))
		options = append(options, value.Object{"name": name, "display_name": name})
	}
	return value.Object{"name": value.String("p"), "display_name": value.String("p"), "type": value.String(typ), "option": options}
}

func TestOneMessengerHasTwoNames(t *testing.T) {
	in := object(t, Member, "m", messenger("TWITTER", ""))
	in.Attrs["login_id"], in.Attrs["last_name"] = value.String("ab"), value.String("홍")
	in.Kind.Prepare(in)
	if got := value.Of("messenger", "protocol").Get(in.Attrs); got != value.Value(value.String("X")) {
		t.Errorf("prepared as %v", got)
	}
}

func TestListedPostsChooseNoPrimary(t *testing.T) {
	in := object(t, Member, "m", value.Object{
		"login_id": value.String("hong"), "last_name": value.String("홍"), "ownership": value.String("listed"),
		"belongs_to": value.List{value.Object{"org_unit": ref(OrgUnit, "a")}},
	})
	in.Kind.Prepare(in)
	if post := in.Attrs["belongs_to"].(value.List)[0].(value.Object); post["primary"] != nil {
		t.Errorf("post %v: isa owns only a part and must not choose the primary unit", post)
	}
}

func TestOrderRanksWrittenOnes(t *testing.T) {
	a, b := object(t, JobGrade, "a", value.Object{}), object(t, JobGrade, "b", value.Object{})
	a.Seq, b.Seq = 2, 1
	table := object(t, JobGrade, "t", value.Object{})
	table.Written = false
	p, q := object(t, Position, "p", value.Object{}), object(t, Position, "q", value.Object{"order": value.Int(-1)})
	unit := object(t, OrgUnit, "u", value.Object{})
	Complete([]*schema.Instance{a, b, table, p, q, unit})
	for in, want := range map[*schema.Instance]value.Value{a: value.Int(20), b: value.Int(10), table: nil, p: nil, q: value.Int(-1), unit: nil} {
		if in.Attrs["order"] != want {
			t.Errorf("%s has order %v, want %v", in.Addr, in.Attrs["order"], want)
		}
	}
}

func TestClaims(t *testing.T) {
	id := func(v value.Value) string {
		if r, ok := v.(value.Ref); ok {
			return r.Addr.String()
		}
		return value.Text(v)
	}
	attrs := value.Object{
		"external_key": value.String("1001"), "login_id": value.String("hong"),
		"aliases": value.List{value.String("a1"), value.String("a2@acme-lab.co.kr")},
		"belongs_to": value.List{
			value.Object{"org_unit": value.String("U1"), "head": value.Bool(true), "position": value.String("P")},
			value.Object{"org_unit": value.String("U2"), "head": value.Bool(false)},
		},
	}
	var got []string
	k := kindOf(t, Member)
	for _, c := range k.Claims(attrs, acme, id) {
		got = append(got, fmt.Sprintf("%s=%s at %s person=%v", c.Space, c.Name, c.Path, c.Person))
		checkVacate(t, k, attrs, c, acme, id)
	}
	want := []string{
		"member key=1001 at external_key person=false",
		"mail acme.co.kr=hong at login_id person=true",
		"mail acme.co.kr=a1 at aliases[0] person=true",
		"mail acme-lab.co.kr=a2 at aliases[1] person=true",
		"head=U1 at belongs_to[0].head person=false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("claims\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range []struct {
		kind   string
		attrs  value.Object
		spaces string
	}{
		{JobGrade, value.Object{"name": value.String("부장"), "external_key": value.String("G1")}, "job_grade key acme.co.kr, job_grade name acme.co.kr"},
		{UserType, value.Object{"name": value.String("정규직"), "external_key": value.String("T1")}, "user_type key, user_type name acme.co.kr"},
		{OrgUnit, value.Object{"name": value.String("팀"), "email": value.String("sales"), "aliases": value.List{value.String("sales2")}}, "mail acme.co.kr, mail acme.co.kr"},
		{Group, value.Object{"name": value.String("TF"), "email": value.String("tf@acme-lab.co.kr")}, "group name acme.co.kr, mail acme-lab.co.kr"},
	} {
		var spaces []string
		k := kindOf(t, c.kind)
		for _, claim := range k.Claims(c.attrs, acme, id) {
			spaces = append(spaces, claim.Space)
			checkVacate(t, k, c.attrs, claim, acme, id)
		}
		if strings.Join(spaces, ", ") != c.spaces {
			t.Errorf("%s claims %v, want %s", c.kind, spaces, c.spaces)
		}
	}
}

// checkVacate proves that writing Vacate gives the name up, legally.
func checkVacate(t *testing.T, k *schema.Kind, attrs value.Object, c schema.Claim, company schema.Company, id func(value.Value) string) {
	t.Helper()
	after := clone(attrs)
	for name, v := range c.Vacate {
		a, ok := k.Attr(name)
		switch {
		case !ok:
			t.Errorf("%s: Vacate writes %s, which does not exist", c.Held(), name)
		case v == value.Value(value.Clear{}):
			if !a.Clearable {
				t.Errorf("%s: Vacate clears %s, which is not clearable", c.Held(), name)
			}
			delete(after, name)
			continue
		case a.Check != nil && a.Check(v) != "":
			t.Errorf("%s: Vacate writes %s = %v, which %s", c.Held(), name, v, a.Check(v))
		}
		after[name] = v
	}
	if len(c.Vacate) == 0 {
		t.Errorf("%s cannot be given up", c.Held())
	}
	for _, left := range k.Claims(after, company, id) {
		if left.Held() == c.Held() {
			t.Errorf("%s is still held after Vacate %v", c.Held(), c.Vacate)
		}
	}
}

func TestLeave(t *testing.T) {
	k := kindOf(t, Member)
	posts := value.List{
		value.Object{"org_unit": value.String("U1"), "head": value.Bool(true), "primary": value.Bool(true)},
		value.Object{"org_unit": value.String("U2"), "head": value.Bool(false)},
	}
	got := k.Leave(value.Object{"belongs_to": posts}, nil)
	want := value.Object{"belongs_to": value.List{
		value.Object{"org_unit": value.String("U1"), "head": value.Bool(false), "primary": value.Bool(true)}, posts[1],
	}}
	if !value.Equal(got, want) {
		t.Errorf("Leave = %v, want %v", got, want)
	}
	if got := k.Leave(value.Object{"belongs_to": posts[1:]}, nil); len(got) != 0 {
		t.Errorf("Leave of somebody without an office = %v", got)
	}
	moved := k.Leave(value.Object{"belongs_to": posts}, value.String("U9"))["belongs_to"].(value.List)
	if len(moved) != 1 || moved[0].(value.Object)["org_unit"] != value.String("U9") || moved[0].(value.Object)["head"] != value.Bool(false) {
		t.Errorf("Leave to U9 = %v", moved)
	}
}

func TestTitle(t *testing.T) {
	for want, attrs := range map[string]value.Object{
		"홍길동 gildong":  {"last_name": value.String("홍"), "first_name": value.String("길동"), "login_id": value.String("gildong")},
		"Hong Gildong": {"last_name": value.String("Hong"), "first_name": value.String("Gildong")},
		"only":         {"login_id": value.String("only")},
	} {
		if got := memberTitle(attrs); got != want {
			t.Errorf("Title(%v) = %q, want %q", attrs, got, want)
		}
	}
}

func TestInvitationsAreCounted(t *testing.T) {
	admin := value.Object{"mode": value.String("admin")}
	for _, c := range []struct {
		attrs value.Object
		want  int
	}{
		{value.Object{"private_email": value.String("a@b.com")}, 1},
		{value.Object{"private_email": value.String("a@b.com"), "password": admin}, 0},
		{value.Object{"password": value.Object{"mode": value.String("member")}}, 0},
	} {
		if got := kindOf(t, Member).Notices(c.attrs); got != c.want {
			t.Errorf("Notices(%v) = %d, want %d", c.attrs, got, c.want)
		}
	}
}
