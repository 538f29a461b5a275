package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers/directory"
)

// slot is one attribute, or one inside it, that is set, changed and cleared on an object
// of its own.
type slot struct {
	kind *schema.Kind
	top  *schema.Attr
	path string // "messenger.custom_protocol"; lists are passed through
	addr addr.Address

	one, two value.Value // of the whole top attribute
	cleared  value.Value // nil: it cannot be cleared
	fixtures *fixtures
}

func (s *slot) name() string { return s.kind.Type + "." + s.path }

// fixtures are the objects and files that values of one slot refer to.
type fixtures struct {
	slot  string
	made  map[addr.Address]bool
	files map[string][]byte
}

// awayMark ends the labels of fixtures in the other company.
const awayMark = "_lab"

// ref is the n-th object of a kind that this slot may refer to.
func (f *fixtures) ref(kind string, n int, mark string) value.Value {
	a := addr.Address{Type: kind, Label: fmt.Sprintf("f_%s_%d%s", f.slot, n, mark)}
	f.made[a] = true
	return value.ID(a)
}

// picture is a file of its own.
func (f *fixtures) picture(n int) value.Value {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i, c := range f.slot + strconv.Itoa(n) {
		img.Pix[i] = byte(c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	name := fmt.Sprintf("%s_%d.png", f.slot, n)
	f.files[name] = b.Bytes()
	return value.String(name)
}

// refused is an attribute for which no value could be made.
type refused struct{ why string }

func (r refused) Error() string { return r.why }

// maker makes values of one slot by the schema: the n-th of each attribute.
type maker struct {
	kind     *schema.Kind
	fixtures *fixtures
}

// candidates are texts of which some rule of an attribute may want one, different for
// each slot and value.
func candidates(unique string) []string {
	n := 0
	for _, r := range unique {
		n = (n*31 + int(r)) % 9000
	}
	day := fmt.Sprintf("%d-%02d-%02d", 1960+n%60, 1+n%12, 1+n%28)
	return []string{
		"값 " + unique, unique, "x" + unique + "@example.com", fmt.Sprintf("010-%04d-%04d", n, n+1), day, "Asia/Seoul",
		strings.Map(func(r rune) rune { return 'ア' + r%40 }, unique), "https://example.com/" + unique, strconv.Itoa(n),
		fmt.Sprintf("2099-%02d-%02dT09:00:00+09:00", 1+n%12, 1+n%28),
	}
}

// special are values that neither type nor rule can tell, by path.
func (m *maker) special(path string, n int) (value.Value, bool) {
	text := func(list ...string) (value.Value, bool) { return value.String(list[n%len(list)]), true }
	switch m.kind.Type + "." + path {
	case "member.time_zone":
		return text("Asia/Tokyo", "Europe/Paris")
	case "member.locale":
		return text("en_US", "ja_JP")
	case "member.leave.from", "member.activation_date":
		return value.String(fmt.Sprintf("2099-01-%02d", 1+n)), true
	case "member.leave.until":
		return value.String(fmt.Sprintf("2099-02-%02d", 1+n)), true
	case "org_unit.access_restriction.type":
		return value.String(directory.RestrictSpecified), true
	case "member.messenger.protocol":
		return text("CUSTOM", "CUSTOM")
	case "custom_property.type":
		return text("string", "string")
	case "job_grade.order", "position.order", "user_type.order", "custom_property.order":
		return value.Int(1000 + n), true
	}
	return nil, false
}

func (m *maker) value(path string, a *schema.Attr, t *schema.Type, n int) (value.Value, error) {
	if v, ok := m.special(path, n); ok {
		return v, nil
	}
	switch t.Kind {
	case schema.Bool:
		return value.Bool(n == 0), nil
	case schema.Int:
		return value.Int(n + 3), nil
	case schema.String:
		return m.text(path, a, n)
	case schema.Reference:
		mark := ""
		if strings.HasPrefix(path, "concurrent.") {
			mark = awayMark
		}
		return m.fixtures.ref(t.Kinds[n%len(t.Kinds)], n, mark), nil
	case schema.File:
		return m.fixtures.picture(n), nil
	case schema.List:
		return m.list(path, a, t, n)
	case schema.Map:
		return m.mapping(path, a, t, n)
	case schema.Object:
		return m.object(path, t, n)
	}
	return nil, refused{fmt.Sprintf("%s.%s: the generator has no value of type %d; teach it", m.kind.Type, path, t.Kind)}
}

func (m *maker) text(path string, a *schema.Attr, n int) (value.Value, error) {
	if len(a.Enum) > 0 {
		return value.String(a.Enum[n%len(a.Enum)]), nil
	}
	for _, c := range candidates(m.fixtures.slot + strconv.Itoa(n)) {
		if a.Check == nil || a.Check(value.String(c)) == "" && a.Check(value.List{value.String(c)}) == "" {
			return value.String(c), nil
		}
	}
	return nil, refused{fmt.Sprintf("%s.%s: no text of the generator meets its rule; add one", m.kind.Type, path)}
}

// list has two elements first, then one other; keyed ones have the second in common.
func (m *maker) list(path string, a *schema.Attr, t *schema.Type, n int) (value.Value, error) {
	elem := a
	if t.Elem.Kind != schema.String {
		elem = &schema.Attr{}
	}
	var out value.List
	for i := 2 * n; i < 2*n+max(1, 2-n); i++ {
		v, err := m.value(path, elem, t.Elem, i)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if m.kind.Type+"."+path == "custom_property.option" && n > 0 { // two or more
		v, err := m.value(path, elem, t.Elem, 3)
		return append(out, v), err
	}
	return out, nil
}

// customForms are the custom properties that every run defines.
func customForms() map[string][2]value.Value {
	link := func(n string) value.Value {
		return value.Object{"text": value.String("글 " + n), "link": value.String("https://example.com/" + n)}
	}
	out := map[string][2]value.Value{
		"string": {value.String("하나"), value.String("둘")}, "integer": {value.Int(0), value.Int(12)},
		"date": {value.String("2024-02-29"), value.String("1999-12-31")}, "link": {link("1"), link("2")},
		"choice": {value.String("a"), value.String("b")},
	}
	for name, v := range maps.Clone(out) {
		out[name+"s"] = [2]value.Value{value.List{v[0], v[1]}, value.List{v[1]}}
	}
	return out
}

func customDefinitions() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(customForms())) {
		typ, multi := strings.TrimSuffix(name, "s"), strings.HasSuffix(name, "s")
		options := ""
		if typ == "choice" {
			typ, options = "string", "\n  option {\n    name = \"a\"\n    display_name = \"가\"\n  }\n  option {\n    name = \"b\"\n    display_name = \"나\"\n  }"
		}
		fmt.Fprintf(&b, "custom_property %q {\n  name = %q\n  display_name = %q\n  type = %q\n  multi_valued = %v%s\n}\n", "of_"+name, name, name, typ, multi, options)
	}
	return b.String()
}

func (m *maker) mapping(path string, a *schema.Attr, t *schema.Type, n int) (value.Value, error) {
	out := value.Object{}
	switch {
	case a.KeyedBy == directory.CustomProperty:
		for name, v := range customForms() {
			out[name] = v[n]
		}
		return out, nil
	case a.Name == "concurrent":
		v, err := m.value(path+"."+otherDomain, &schema.Attr{}, t.Elem, n)
		out[otherDomain] = v
		return out, err
	case a.Name == "names":
		for i, lang := range []string{"en_US", "zh_CN"} {
			v, err := m.value(path+"."+lang, &schema.Attr{}, t.Elem, n+i)
			if err != nil {
				return nil, err
			}
			out[lang] = v
		}
		return out, nil
	}
	return nil, refused{fmt.Sprintf("%s.%s: the generator does not know the names of this map", m.kind.Type, path)}
}

func (m *maker) object(path string, t *schema.Type, n int) (value.Value, error) {
	out := value.Object{}
	for i := range t.Attrs {
		a := &t.Attrs[i]
		v, err := m.value(path+"."+a.Name, a, &a.Type, n)
		if err != nil {
			return nil, err
		}
		out[a.Name] = v
	}
	return out, nil
}

// replaced returns v with what stands at path, in the first element of lists, changed.
func replaced(v value.Value, path []string, with value.Value) value.Value {
	if len(path) == 0 {
		return with
	}
	switch v := v.(type) {
	case value.List:
		out := slices.Clone(v)
		out[0] = replaced(v[0], path, with)
		return out
	case value.Object:
		out := maps.Clone(v)
		out[path[0]] = replaced(v[path[0]], path[1:], with)
		return out
	}
	return v
}

// writer writes configuration.
type writer struct{ strings.Builder }

func (w *writer) block(a addr.Address, kind *schema.Kind, attrs value.Object) {
	fmt.Fprintf(w, "%s %q {\n", a.Type, a.Label)
	w.attrs("  ", kind.Attrs, attrs)
	if strings.HasSuffix(a.Label, awayMark) {
		w.WriteString("  company = company.lab\n")
	}
	w.WriteString("}\n")
}

func (w *writer) attrs(indent string, attrs []schema.Attr, values value.Object) {
	for i := range attrs {
		a := &attrs[i]
		v := values[a.Name]
		_, cleared := v.(value.Clear)
		switch list, isList := v.(value.List); {
		case v == nil:
		case a.Block && isList:
			for _, e := range list {
				w.nested(indent, a.Name, a.Type.Elem.Attrs, e)
			}
		case a.Block && !cleared:
			w.nested(indent, a.Name, a.Type.Attrs, v)
		default:
			fmt.Fprintf(w, "%s%s = %s\n", indent, a.Name, expression(v))
		}
	}
}

func (w *writer) nested(indent, name string, attrs []schema.Attr, v value.Value) {
	o, _ := v.(value.Object)
	fmt.Fprintf(w, "%s%s {\n", indent, name)
	w.attrs(indent+"  ", attrs, o)
	fmt.Fprintf(w, "%s}\n", indent)
}

func expression(v value.Value) string {
	switch v := v.(type) {
	case value.String:
		return strconv.Quote(string(v))
	case value.Int:
		return strconv.FormatInt(int64(v), 10)
	case value.Bool:
		return strconv.FormatBool(bool(v))
	case value.Ref:
		return v.Addr.String()
	case value.Clear:
		return "clear"
	case value.List:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = expression(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case value.Object:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, strconv.Quote(name)+" = "+expression(v[name]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return fmt.Sprintf("unwritable %T", v)
}
