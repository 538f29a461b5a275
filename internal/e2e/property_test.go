package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestEveryProperty: for every attribute of the directory, nested ones too: it is set,
// changed, changed by hand over the API and changed back, and cleared or let go; each
// time the property of the reference's table has moved at the tenant and no other, and
// the next plan is empty. Attributes come from the schemas, so that a new one is in the
// test by itself, or fails it.
func TestEveryProperty(t *testing.T) {
	t.Parallel()
	for _, switches := range []sandbox.Switches{
		nil,
		{"custom-properties-patch": "replace", "messenger-name": "TWITTER", "patch-arrays": "merge", "patch-null": "rejects", "orgunit-patch-without-email": "rejected"},
	} {
		t.Run(fmt.Sprint(switches), func(t *testing.T) {
			t.Parallel()
			r := newPropertyRun(t, switches)
			r.reach("without", func(s *slot) value.Value { return nil })
			bare := r.raw()
			r.reach("set", func(s *slot) value.Value { return s.one })
			set := r.raw()
			r.setText = r.text
			r.reach("changed", func(s *slot) value.Value { return s.two })
			changed := r.raw()
			for _, s := range r.slots {
				r.moved(s, "changed", set, changed)
			}
			r.byHand(set, changed, switches["patch-arrays"] == "merge")
			r.back(changed)
			r.reach("cleared", func(s *slot) value.Value {
				if s.cleared != nil {
					return s.cleared
				}
				return s.keep()
			})
			gone := r.raw()
			for _, s := range r.slots {
				r.gone(s, bare, changed, gone)
			}
		})
	}
}

// keep is what is wanted of a slot that cannot be cleared: nothing, so that it stays as
// it is, unless the object needs it.
func (s *slot) keep() value.Value {
	if _, needed := s.base()[s.top.Name]; needed || s.top.Required || s.top.Name == s.kind.Order { // ranks are made up where none is written
		return s.two
	}
	return nil
}

// otherDomain is that of a second company, where members have posts too.
const otherDomain = "acme-lab.co.kr"

type propertyRun struct {
	*world
	api     reader
	slots   []*slot
	wires   map[string]string // kind.attr to property
	text    string            // as last reached
	setText string            // with the first values
}

func newPropertyRun(t *testing.T, switches sandbox.Switches) *propertyRun {
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1, Switches: switches, Domains: []sandbox.Domain{
		{ID: 10000001, Name: "acme.co.kr"}, {ID: 10000002, Name: otherDomain},
	}})
	w.head = tenantFile + "company \"lab\" {\n  domain = \"" + otherDomain + "\"\n  domain_id = 10000002\n}\n"
	base, err := w.server.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.dial(base, nil)
	tn := &tenant{Server: w.server, url: base, env: w.server.Env()}
	r := &propertyRun{world: w, api: tn.reader(t), wires: map[string]string{}}
	for _, p := range propertyTable(t) {
		if p.attr != "" {
			r.wires[p.kind+"."+p.attr] = p.wire
		}
	}
	for _, k := range directory.Schemas() {
		for i := range k.Attrs {
			r.add(k, &k.Attrs[i])
		}
	}
	return r
}

// add makes the slots of an attribute: its own, and those of what is inside it.
func (r *propertyRun) add(k *schema.Kind, top *schema.Attr) {
	if top.Steering || top.WriteOnly || top.CreateOnly || k.Placed && top.Name == k.Order {
		return // passwords are told of in TestPasswords…, places in the tests of the tree
	}
	own := r.slot(k, top, top.Name)
	if own == nil {
		return
	}
	one, err := own.maker().value(top.Name, top, &top.Type, 0)
	two, err2 := own.maker().value(top.Name, top, &top.Type, 1)
	if err != nil || err2 != nil {
		r.Errorf("%v", cmp.Or(err, err2))
		return
	}
	own.one, own.two = one, two
	if top.Clearable {
		own.cleared = value.Clear{}
	}
	r.slots = append(r.slots, own)
	typ := &top.Type
	if typ.Kind == schema.List || typ.Kind == schema.Map {
		typ = typ.Elem
	}
	if typ.Kind != schema.Object {
		return
	}
	for i := range typ.Attrs {
		r.addInner(k, top, &typ.Attrs[i])
	}
}

func (r *propertyRun) addInner(k *schema.Kind, top, a *schema.Attr) {
	path := top.Name + "." + a.Name
	if top.ElemKey == a.Name || contradicts(k.Type+"."+path) {
		return // another key is another element: the slot of the whole list does that
	}
	s := r.slot(k, top, path)
	var err error
	if s.one, err = s.maker().value(top.Name, top, &top.Type, 0); err != nil {
		return // told already
	}
	v, err := s.maker().value(path, a, &a.Type, 3)
	if err != nil {
		r.Errorf("%v", err)
		return
	}
	at := []string{a.Name}
	if entries, ok := s.one.(value.Object); ok && top.Type.Kind == schema.Map {
		at = []string{slices.Sorted(maps.Keys(entries))[0], a.Name}
	}
	s.two = replaced(s.one, at, v)
	if a.Clearable {
		s.cleared = replaced(s.one, at, value.Clear{})
	}
	r.slots = append(r.slots, s)
}

// contradicts names what cannot change alone: another protocol takes no custom_protocol,
// and another unit has to be the primary one. The slots of the whole do it.
func contradicts(name string) bool {
	return slices.Contains([]string{"member.messenger.protocol", "member.messenger.custom_protocol", "member.belongs_to.primary", "org_unit.access_restriction.type"}, name)
}

func (r *propertyRun) slot(k *schema.Kind, top *schema.Attr, path string) *slot {
	label := fmt.Sprintf("s%03d", len(r.slots))
	s := &slot{kind: k, top: top, path: path, addr: addr.Address{Type: k.Type, Label: label}, fixtures: &fixtures{slot: label, made: map[addr.Address]bool{}, files: map[string][]byte{}}}
	return s
}

func (s *slot) maker() *maker { return &maker{kind: s.kind, fixtures: s.fixtures} }

// companions are attributes without which the service ignores or refuses a value; nil is
// no value.
func (s *slot) companions(v value.Value) value.Object {
	email := value.String("list." + s.addr.Label)
	switch name := s.kind.Type + "." + s.top.Name; name {
	case "group.aliases", "group.receives_external_mail", "group.external_emails", "group.senders", "group.send_as":
		return value.Object{"use_mail": value.Bool(true), "email": email}
	case "group.members", "group.administrators":
		return value.Object{"ownership": value.String("exact")}
	case "member.concurrent":
		post := func(mark string) value.Value {
			return value.Object{"org_unit": s.fixtures.ref(directory.OrgUnit, 9, mark), "primary": value.Bool(mark == "")}
		}
		return value.Object{"belongs_to": value.List{post(""), post(awayMark)}}
	case "member.last_name":
		return value.Object{"first_name": value.String("둘")}
	case "group.use_mail":
		if value.True(v) {
			return value.Object{"email": email}
		}
	case "group.email":
		if v != nil {
			return value.Object{"use_mail": value.Bool(true)}
		}
	case "custom_property.option":
		return value.Object{"type": value.String("string")}
	}
	if slices.Contains([]string{"use_note", "use_calendar", "use_task", "use_folder"}, s.top.Name) {
		return value.Object{"use_message": value.Bool(true)}
	}
	return nil
}

// base are the attributes that every object of the kind needs.
func (s *slot) base() value.Object { return baseOf(s.kind.Type, s.addr.Label) }

func baseOf(kind, label string) value.Object {
	text := func(t string) value.Value { return value.String(t) }
	switch kind {
	case directory.Member:
		return value.Object{"login_id": text("login." + strings.ReplaceAll(label, "_", ".")), "last_name": text("김"), "private_email": text(label + "@example.com")}
	case directory.Group:
		return value.Object{"name": text("이름 " + label), "administrators": value.List{value.ID(addr.Address{Type: directory.Member, Label: "master"})}}
	case directory.CustomProperty:
		return value.Object{"name": text(label), "display_name": text(label), "type": text("string")}
	}
	return value.Object{"name": text("이름 " + label)}
}

// config writes all objects, with the slots as want says.
func (r *propertyRun) config(want func(*slot) value.Value) string {
	var w writer
	kinds := map[string]*schema.Kind{}
	for _, k := range directory.Schemas() {
		kinds[k.Type] = k
	}
	w.WriteString(customDefinitions())
	r.files = fstest.MapFS{}
	w.block(addr.Address{Type: directory.Member, Label: "master"}, kinds[directory.Member], baseOf(directory.Member, "master"))
	for _, s := range r.slots {
		attrs, v := s.base(), want(s)
		maps.Copy(attrs, s.companions(v))
		for _, a := range slices.SortedFunc(maps.Keys(s.fixtures.made), addr.Compare) {
			w.block(a, kinds[a.Type], baseOf(a.Type, a.Label))
		}
		for name, data := range s.fixtures.files {
			r.files[name] = &fstest.MapFile{Data: data}
		}
		if v != nil {
			attrs[s.top.Name] = v
		}
		w.block(s.addr, s.kind, attrs)
	}
	return w.String()
}

func (r *propertyRun) reach(name string, want func(*slot) value.Value) {
	r.Helper()
	r.text = r.config(want)
	r.must(name, r.text)
}

// moved wants that the slot's property is another one now, and that no other property
// is.
func (r *propertyRun) moved(s *slot, what string, before, after map[addr.Address]map[string]any) {
	r.Helper()
	path, top := r.wire(s)
	if top == "" {
		r.Errorf("%s: no row of the reference's properties names it", s.name())
		return
	}
	steps := strings.Split(strings.TrimPrefix(path, "POST move "), ".")
	was, now := before[s.addr], after[s.addr]
	if reflect.DeepEqual(pick(was, steps), pick(now, steps)) {
		r.Errorf("%s %s: %s is as before: %v", s.name(), what, path, pick(now, steps))
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if name != top && !follows(s, top, name) && !reflect.DeepEqual(was[name], now[name]) {
			r.Errorf("%s %s: %s was written too: %v, before %v", s.name(), what, name, now[name], was[name])
		}
	}
}

// follows tells of properties that another one brings along.
func follows(s *slot, top, name string) bool {
	switch s.kind.Type + "." + top {
	case "member.email":
		return name == "organizations"
	case "member.userExternalKey":
		return name == "organizations"
	case "member.activationDate":
		return name == "isAwaiting"
	case "member.set-leave-of-absence":
		return name == "leaveOfAbsence"
	case "member.userTypeId":
		return strings.HasPrefix(name, "userType") || strings.HasPrefix(name, "employmentType")
	case "org_unit.parentOrgUnitId":
		return name == "displayOrder" || name == "displayLevel" || name == "parentExternalKey"
	case "group.useMail":
		return slices.Contains([]string{"groupEmail", "aliasEmails"}, name)
	}
	return s.kind.Type == directory.OrgUnit && name == "displayOrder" // as siblings come and go
}

// byHand writes the first value of each slot over the API, as somebody else would (as a
// whole where a partial update would merge lists), and
// wants it to be reported, and nothing else.
func (r *propertyRun) byHand(set, now map[addr.Address]map[string]any, whole bool) {
	r.Helper()
	want := map[string]bool{}
	for _, s := range r.slots {
		if s.top.Unreadable {
			continue // only isa drift --deep looks at it
		}
		path, top := r.wire(s)
		want[s.addr.String()+" "+s.top.Name] = true
		if s.top.Aside {
			r.asideByHand(s)
			continue
		}
		where := listings()[s.kind.Type].path
		if s.kind.Type == directory.CustomProperty {
			where = "/directory/users/custom-properties"
		}
		where += "/" + r.id(s.addr)
		body := map[string]any{top: set[s.addr][top]}
		method := http.MethodPatch
		if strings.HasPrefix(path, "POST move ") {
			method, where, body["displayOrder"] = http.MethodPost, where+"/move", 1
		}
		if whole && method == http.MethodPatch && s.kind.Type != directory.CustomProperty {
			method, body = http.MethodPut, maps.Clone(now[s.addr])
			body[top] = set[s.addr][top]
		}
		if s.kind.Type == directory.Group && top == "useMail" {
			body["groupEmail"] = set[s.addr]["groupEmail"]
		}
		if s.kind.Type == directory.OrgUnit && top != "email" && method == http.MethodPatch {
			body["email"] = set[s.addr]["email"]
		}
		data, err := json.Marshal(without(body))
		if err != nil {
			r.Fatal(err)
		}
		r.api.do(r, method, where, string(data))
	}
	cfg, list := r.load(r.text)
	if list.HasErrors() {
		r.Fatal(list.Err())
	}
	p, _, _ := r.plan(cfg)
	for _, d := range p.Drift {
		name := d.Address.String() + " " + d.Attr
		if !want[name] {
			r.Errorf("drift was invented: %s: %v, applied %v", name, d.Live, d.Applied)
		}
		if !d.Reverted {
			r.Errorf("drift is not changed back: %s", name)
		}
		delete(want, name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		r.Errorf("a change by hand was not reported: %s", name)
	}
	for _, c := range p.Changes {
		if c.Action != planner.Update && c.Action != planner.Move {
			r.Errorf("%s is to %s", c.Address, c.Action)
		}
	}
}

// asideByHand lets a kind write the first value of a slot, as another isa would.
func (r *propertyRun) asideByHand(s *slot) {
	r.Helper()
	cfg, list := r.load(r.setText)
	if list.HasErrors() {
		r.Fatal(list.Err())
	}
	for _, in := range cfg.Objects {
		if in.Addr != s.addr {
			continue
		}
		q := providers.Request{Verb: string(planner.DoPatch), ID: r.id(s.addr), Company: in.Company, Attrs: value.Object{s.top.Name: in.Attrs[s.top.Name]}}
		if _, err := r.kindsOf()[s.kind.Type].Do(r.Context(), q); err != nil {
			r.Fatal(err)
		}
	}
}

// without is a body without nulls inside its properties.
func without(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = without(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			if e != nil {
				out[name] = without(e)
			}
		}
		return out
	}
	return v
}

func (r *propertyRun) id(a addr.Address) string {
	for _, o := range r.st.Objects {
		if o.Address == a {
			return o.ID
		}
	}
	r.Fatalf("the state does not know %s", a)
	return ""
}

// back changes back what was changed by hand.
func (r *propertyRun) back(want map[addr.Address]map[string]any) {
	r.Helper()
	r.must("changed back", r.text)
	have := r.raw()
	for _, s := range r.slots {
		if _, top := r.wire(s); !reflect.DeepEqual(have[s.addr][top], want[s.addr][top]) {
			r.Errorf("%s was not changed back: %s is %v, want %v", s.name(), top, have[s.addr][top], want[s.addr][top])
		}
	}
}

// gone wants that what was cleared is as before it was set, and the rest as it was.
func (r *propertyRun) gone(s *slot, bare, changed, have map[addr.Address]map[string]any) {
	r.Helper()
	path, top := r.wire(s)
	steps := strings.Split(strings.TrimPrefix(path, "POST move "), ".")
	now := have[s.addr][top]
	_, needed := s.base()[s.top.Name]
	switch whole := s.path == s.top.Name; {
	case s.cleared != nil && needed && pick(have[s.addr], steps) != nil:
		r.Errorf("%s cleared: %s is %v", s.name(), path, pick(have[s.addr], steps))
	case s.cleared != nil && needed:
	case s.cleared == nil && !reflect.DeepEqual(now, changed[s.addr][top]):
		r.Errorf("%s is not wanted any more, and was touched: %v, before %v", s.name(), now, changed[s.addr][top])
	case s.cleared != nil && whole && !reflect.DeepEqual(now, bare[s.addr][top]):
		r.Errorf("%s cleared: %s is %v, want %v", s.name(), top, now, bare[s.addr][top])
	case s.cleared != nil && !whole && strings.Contains(fmt.Sprint(pick(have[s.addr], steps)), "s"+s.addr.Label[1:]+"3"):
		r.Errorf("%s cleared: %v", s.name(), pick(have[s.addr], steps))
	}
}
