package directory

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/sandbox"
)

var (
	acme = schema.Company{Domain: "acme.co.kr", DomainID: 10000001}
	lab  = schema.Company{Label: "lab", Domain: "acme-lab.co.kr", DomainID: 10000002}
)

// bench is a tenant in a sandbox behind a socket, with the kinds over it.
type bench struct {
	t       *testing.T
	server  *sandbox.Server
	client  *api.Client
	options api.Options // of the client
	tenant  schema.Tenant
	kinds   map[string]providers.Kind

	mu    sync.Mutex
	calls []lanes.Call // that were sent
}

func newBench(t *testing.T, o sandbox.Options, companies ...schema.Company) *bench {
	t.Helper()
	for _, c := range companies {
		o.Domains = append(o.Domains, sandbox.Domain{ID: c.DomainID, Name: c.Domain})
	}
	o.Log = io.Discard
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	base, err := server.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env := server.Env()
	b := &bench{t: t, server: server, tenant: schema.Tenant{Companies: companies, Plan: "standard_plus", Features: schema.Features{
		JobGrades: true, Positions: true, UserTypes: true, SSO: o.SSO, MultilingualNames: model.Languages(),
	}}}
	b.options = api.Options{
		APIBase: base, AuthBase: base,
		Credentials: api.Credentials{
			ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: func(context.Context) (string, error) { return env["WORKS_CLIENT_SECRET"], nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil },
		},
		Lanes:   lanes.New(lanes.Budget{PerMinute: 1_000_000}),
		Trace:   b.trace,
		Backoff: time.Millisecond,
	}
	if b.client, err = api.New(b.options); err != nil {
		t.Fatal(err)
	}
	for _, c := range companies {
		for _, enable := range []func(context.Context, int) error{b.client.EnableLevels, b.client.EnablePositions, b.client.EnableUserTypes} {
			if err := enable(t.Context(), c.DomainID); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.again()
	return b
}

// again forgets what the kinds know of the tenant.
func (b *bench) again() { b.kinds = Kinds(b.client, b.tenant) }

func (b *bench) trace(e api.TraceEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, lanes.Call{Op: e.Op})
}

func (b *bench) sent() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ops []string
	for _, c := range b.calls {
		ops = append(ops, c.Op)
	}
	b.calls = nil
	return ops
}

// do carries out a step and compares what it sent with what Calls told.
func (b *bench) do(kind string, r providers.Request) providers.Result {
	b.t.Helper()
	if r.Company.Domain == "" {
		r.Company = b.tenant.Companies[0]
	}
	b.sent()
	result, err := b.kinds[kind].Do(b.t.Context(), r)
	if err != nil {
		b.t.Fatalf("%s of %s %s %v: %v", r.Verb, kind, r.ID, r.Attrs, err)
	}
	var told []string
	for _, c := range b.kinds[kind].Calls(r) {
		told = append(told, c.Op)
	}
	if sent := b.sent(); !slices.Equal(sent, told) {
		b.t.Errorf("%s of %s %v sent %v, Calls told %v", r.Verb, kind, r.Attrs, sent, told)
	}
	return result
}

func (b *bench) create(kind string, attrs value.Object) string {
	b.t.Helper()
	r := b.do(kind, providers.Request{Verb: doCreate, Attrs: attrs, Secret: func(value.Secret) (string, error) { return "Passw0rd!x", nil }})
	if r.ID == "" {
		b.t.Fatalf("a %s was created without an ID", kind)
	}
	return r.ID
}

func (b *bench) list(kind string) []live.Object {
	b.t.Helper()
	objs, err := b.kinds[kind].List(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return objs
}

func (b *bench) object(kind, id string) live.Object {
	b.t.Helper()
	for _, o := range b.list(kind) {
		if o.ID == id {
			return o
		}
	}
	b.t.Fatalf("no %s %s is listed", kind, id)
	return live.Object{}
}

// sample is an attribute with two values; absent attributes are made from their
// type.
type sample struct{ one, two value.Value }

// samples gives two values for every attribute that is written. An attribute
// without a sample fails the law.
func (b *bench) samples(k *schema.Kind) map[string]sample {
	b.t.Helper()
	special := b.special(k.Type)
	out := map[string]sample{}
	for _, a := range k.Attrs {
		given, ok := special[a.Name]
		switch {
		case a.Steering, a.WriteOnly, a.Name == k.Parent, k.Placed && a.Name == k.Order:
		case a.Aside, a.Name == "concurrent": // calls of their own, and another company: TestEveryProperty
		case ok:
			out[a.Name] = given
		case a.Type.Kind == schema.Bool:
			out[a.Name] = sample{value.Bool(true), value.Bool(false)}
		case a.Type.Kind == schema.String && a.Enum != nil:
			out[a.Name] = sample{s(a.Enum[0]), s(a.Enum[1])}
		case a.Type.Kind == schema.String:
			out[a.Name] = sample{s("one " + a.Name), s("two " + a.Name)}
		default:
			b.t.Errorf("%s.%s has no sample: add one", k.Type, a.Name)
		}
	}
	for name, v := range out {
		a, _ := k.Attr(name)
		for _, v := range []value.Value{v.one, v.two} {
			if a.Check != nil && a.Check(v) != "" {
				b.t.Errorf("%s.%s: the sample %v %s", k.Type, name, v, a.Check(v))
			}
		}
	}
	return out
}

// special holds the samples that a type cannot give.
func (b *bench) special(kind string) map[string]sample {
	names := sample{
		value.Object{"en_US": s("One"), "ja_JP": s("イチ")},
		value.Object{"en_US": s("Two"), "ja_JP": s("ニ")},
	}
	addresses := sample{texts("one."+kind, "more."+kind), texts("two." + kind)}
	keys := sample{s("1." + kind), s("2." + kind)}
	switch kind {
	case model.JobGrade, model.Position, model.UserType:
		return map[string]sample{
			"external_key": keys, "names": names, "order": {value.Int(7), value.Int(-3)}, "code": {s("A_1"), s("B2")},
		}
	case model.OrgUnit:
		people := b.people()
		return map[string]sample{
			"external_key": keys, "names": names, "aliases": addresses, "email": {s("mail.one"), s("mail!two")},
			"description": {s("첫째"), s("둘째")},
			"senders":     {texts(people[0]), texts(people[1], people[0])}, "send_as": {texts(people[1]), texts(people[0])},
		}
	case model.CustomProperty:
		option := func(name, shown string) value.Object { return value.Object{"name": s(name), "display_name": s(shown)} }
		return map[string]sample{
			"name": {s("badge"), s("other")}, "display_name": {s("사원증"), s("명찰")}, "names": names, "type": {s("string"), s("date")},
			"order":  {value.Int(3), value.Int(1)},
			"option": {value.List{option("a", "가"), option("b", "나")}, value.List{option("b", "둘"), option("c", "다"), option("d", "라")}},
		}
	case model.Group:
		people := b.people()
		unit := b.create(model.OrgUnit, value.Object{"name": s("모임")})
		other := b.create(model.Group, value.Object{"name": s("안의 그룹"), "administrators": texts(people[0])})
		return map[string]sample{
			"external_key": keys, "aliases": addresses, "email": {s("group.one"), s("group.two")},
			"members":         {texts("member:"+people[0], "org_unit:"+unit), texts("group:"+other, "member:"+people[1])},
			"administrators":  {texts(people[0]), texts(people[1])},
			"senders":         {texts(people[0]), texts(people[0], people[1])},
			"send_as":         {texts(people[1]), texts(people[0])},
			"external_emails": {texts("a@example.com"), texts("b@example.com", "c@example.com")},
		}
	case model.Member:
		grades := b.two(model.JobGrade)
		types := b.two(model.UserType)
		places := b.two(model.Position)
		units := b.two(model.OrgUnit)
		people := b.people()
		post := func(unit, place string, on bool, primary bool) value.Object {
			return value.Object{
				"org_unit": s(unit), "position": s(place), "primary": value.Bool(primary),
				"head": value.Bool(on), "visible": value.Bool(on), "team_features": value.Bool(on),
			}
		}
		return map[string]sample{
			"external_key": keys, "login_id": {s("one.login"), s("two-login")},
			"names": {
				value.Object{"en_US": value.Object{"last": s("Hong"), "first": s("One")}, "ja_JP": value.Object{"last": s("ホン")}},
				value.Object{"en_US": value.Object{"last": s("Kim"), "first": s("Two")}, "ja_JP": value.Object{"last": s("キム")}},
			},
			"phonetic_last_name": {s("ホン"), s("キム")}, "phonetic_first_name": {s("イチ"), s("ニ")},
			"private_email": {s("one@example.com"), s("two@example.com")}, "aliases": {texts("a.one", "a.more"), texts("a.two")},
			"user_type": {s(types[0]), s(types[1])}, "job_grade": {s(grades[0]), s(grades[1])},
			"messenger": {
				value.Object{"protocol": s("CUSTOM"), "custom_protocol": s("talk"), "id": s("me")}, value.Object{"protocol": s("X"), "id": s("x")},
			},
			"birthday": {s("1990-03-02"), s("1988-02-29")}, "birthday_calendar": {s("lunar"), s("solar")},
			"relation": {
				value.List{value.Object{"member": s(people[0]), "name": s("비서")}, value.Object{"member": s(people[1]), "name": s("대리")}},
				value.List{value.Object{"member": s(people[1]), "name": s("멘토")}},
			},
			"custom":    b.customSample(),
			"telephone": {s("02-123-4567"), s("#77")}, "cell_phone": {s("010-1234-5678"), s("+82-10-8765-4321")},
			"employee_number": {s("1001"), s("1002")}, "hired_on": {s("2024-03-02"), s("2020-02-29")},
			"time_zone":       {s("Asia/Seoul"), s("Asia/Tokyo")},
			"activation_date": {s("2199-03-02T09:00:00+09:00"), s("2198-03-02T00:00:00Z")},
			"belongs_to": {
				value.List{post(units[0], places[0], true, true), post(units[1], places[1], false, false)},
				value.List{post(units[1], places[0], true, true)},
			},
		}
	}
	return nil
}

// customSample defines a property of every form and gives values of them.
func (b *bench) customSample() sample {
	b.t.Helper()
	one, two := value.Object{}, value.Object{}
	link := func(n string) value.Object { return value.Object{"text": s(n), "link": s("https://example.com/" + n)} }
	for typ, v := range map[string][2]value.Value{
		"string": {s("하나"), s("둘")}, "integer": {value.Int(0), value.Int(7)}, "date": {s("2024-02-29"), s("1999-12-31")}, "link": {link("1"), link("2")},
	} {
		for _, multi := range []bool{false, true} {
			name := typ + map[bool]string{true: "s"}[multi]
			b.create(model.CustomProperty, value.Object{"name": s(name), "display_name": s(name), "type": s(typ), "multi_valued": value.Bool(multi)})
			one[name], two[name] = v[0], v[1]
			if multi {
				one[name], two[name] = value.List{v[0], v[1]}, value.List{v[1]}
			}
		}
	}
	return sample{one, two}
}

// two creates two objects of a kind with nothing but a name.
func (b *bench) two(kind string) []string {
	b.t.Helper()
	return []string{
		b.create(kind, value.Object{"name": s("가 " + kind), "order": value.Int(1)}),
		b.create(kind, value.Object{"name": s("나 " + kind), "order": value.Int(2)}),
	}
}

// people creates two members.
func (b *bench) people() []string {
	b.t.Helper()
	var ids []string
	for _, login := range []string{"first.person", "second.person"} {
		ids = append(ids, b.create(model.Member, value.Object{
			"login_id": s(login), "last_name": s("김"), "private_email": s(login + "@example.com"),
		}))
	}
	return ids
}

// settled are attributes that follow another one, so that they may change when
// that one changes (20 §7, 22 §4).
func settled(changed string) []string {
	switch changed {
	case "use_message":
		return []string{"use_note", "use_calendar", "use_task", "use_folder"}
	case "use_mail":
		return []string{"email", "aliases", "receives_external_mail", "external_emails", "senders", "send_as"}
	}
	return nil
}

func same(a schema.Attr, x, y value.Value) bool {
	l, ok1 := x.(value.List)
	m, ok2 := y.(value.List)
	if a.Type.Kind == schema.List && len(l)+len(m) == 0 && (x == nil || y == nil) {
		return true // an empty list may be absent
	}
	if !ok1 || !ok2 || !a.Set {
		return value.Equal(x, y)
	}
	return len(l) == len(m) && !slices.ContainsFunc(l, func(e value.Value) bool {
		return !slices.ContainsFunc(m, func(o value.Value) bool { return value.Equal(e, o) })
	})
}

// TestLaw: what is written is what is listed, for every attribute of every kind:
// at creation, when it changes, when it is cleared; and nothing else moves.
func TestLaw(t *testing.T) {
	for _, k := range model.Schemas() {
		t.Run(k.Type, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, sandbox.Options{Switches: sandbox.Switches{
				"read-only": "rejected", "custom-properties-patch": "replace", "orgunit-patch-without-email": "rejected", "user-create-status": "200", "list-while-off": "empty",
			}}, acme)
			for kind := range b.kinds {
				b.list(kind)
			}
			samples := b.samples(k)
			attrs := value.Object{}
			for name, v := range samples {
				attrs[name] = v.one
			}
			id := b.create(k.Type, attrs)
			before := b.object(k.Type, id)
			for name, v := range samples {
				if a, _ := k.Attr(name); !same(a, before.Attrs[name], v.one) {
					t.Errorf("created with %s = %v, listed is %v", name, v.one, before.Attrs[name])
				}
			}
			for _, name := range slices.Sorted(maps.Keys(samples)) {
				if a, _ := k.Attr(name); a.CreateOnly {
					continue
				}
				b.change(k, id, name, samples[name].two, samples[name].two)
				b.restore(k, id, name, samples)
			}
			for _, name := range slices.Sorted(maps.Keys(samples)) {
				if a, _ := k.Attr(name); a.Clearable && name != "last_name" {
					b.change(k, id, name, value.Clear{}, emptied(a))
					b.restore(k, id, name, samples)
				}
			}
		})
	}
}

func emptied(a schema.Attr) value.Value {
	if a.Type.Kind == schema.List {
		return value.List{}
	}
	return nil
}

// change writes one attribute, expects it to be listed so, and nothing else to
// have changed.
func (b *bench) change(k *schema.Kind, id, name string, v, want value.Value) {
	b.t.Helper()
	before := b.object(k.Type, id)
	b.do(k.Type, providers.Request{Verb: doPatch, ID: id, Attrs: value.Object{name: v}})
	after := b.object(k.Type, id)
	for _, a := range k.Attrs {
		expect := before.Attrs[a.Name]
		if a.Name == name {
			expect = want
		} else if slices.Contains(settled(name), a.Name) {
			continue
		}
		if !same(a, after.Attrs[a.Name], expect) {
			b.t.Errorf("after %s.%s = %v: %s is %v, want %v", k.Type, name, v, a.Name, after.Attrs[a.Name], expect)
		}
	}
}

// restore writes an attribute back, together with what follows it, and expects
// the object to be as it was created.
func (b *bench) restore(k *schema.Kind, id, name string, samples map[string]sample) {
	b.t.Helper()
	attrs := value.Object{name: samples[name].one}
	for _, follower := range settled(name) {
		attrs[follower] = samples[follower].one
	}
	b.do(k.Type, providers.Request{Verb: doPatch, ID: id, Attrs: attrs})
	after := b.object(k.Type, id)
	for name, v := range samples {
		if a, _ := k.Attr(name); !same(a, after.Attrs[name], v.one) {
			b.t.Errorf("after %s.%s was written back: %s is %v, want %v", k.Type, name, name, after.Attrs[name], v.one)
		}
	}
}

func TestEveryAttributeIsWritten(t *testing.T) {
	d := &directory{schemas: map[string]*schema.Kind{}, client: &api.Client{}}
	for _, k := range model.Schemas() {
		d.schemas[k.Type] = k
	}
	written := map[string][]string{
		model.JobGrade: names(d.jobGrades().props), model.Position: names(d.positions().props), model.UserType: names(d.userTypes().props),
		model.CustomProperty: names(d.customProperties().props),
		model.OrgUnit:        names(d.orgUnits().props), model.Member: names(d.members().props), model.Group: names(d.groups().props),
	}
	for _, k := range model.Schemas() {
		for _, a := range k.Attrs {
			placed := a.Name == k.Parent || k.Placed && a.Name == k.Order
			n := 0
			if a.Aside {
				continue // aside_test.go
			}
			for _, name := range written[k.Type] {
				if name == a.Name {
					n++
				}
			}
			if want := map[bool]int{true: 0, false: 1}[a.Steering || placed]; n != want {
				t.Errorf("%s.%s is written by %d properties, want %d", k.Type, a.Name, n, want)
			}
		}
	}
}

func names[T any](props []prop[T]) []string {
	var out []string
	for _, p := range props {
		out = append(out, p.attrs...)
	}
	return out
}
