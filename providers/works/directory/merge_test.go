package directory

import (
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	model "github.com/isaworks/isa/providers/directory"
)

func schemaOf(t testing.TB, typ string) *schema.Kind {
	t.Helper()
	for _, k := range model.Schemas() {
		if k.Type == typ {
			return k
		}
	}
	t.Fatalf("no kind %s", typ)
	return nil
}

func s(text string) value.Value { return value.String(text) }

func texts(texts ...string) value.List {
	list := value.List{}
	for _, text := range texts {
		list = append(list, s(text))
	}
	return list
}

func TestMerge(t *testing.T) {
	post := func(unit string, more value.Object) value.Object {
		o := value.Object{"org_unit": s(unit)}
		for name, v := range more {
			o[name] = v
		}
		return o
	}
	yes, no := value.Bool(true), value.Bool(false)
	member := value.Object{
		"last_name": s("홍"), "nickname": s("gd"),
		"aliases": texts("a1", "a2"),
		"names":   value.Object{"en_US": value.Object{"last": s("Hong"), "first": s("Gildong")}, "ja_JP": value.Object{"last": s("ホン")}},
		"belongs_to": value.List{
			post("U1", value.Object{"head": yes, "visible": no, "position": s("P1")}),
			post("U2", value.Object{"head": no, "visible": yes}),
		},
	}
	for _, c := range []struct {
		name string
		want value.Object
		attr string
		out  value.Value
	}{
		{"unmanaged stays", value.Object{"last_name": s("김")}, "nickname", s("gd")},
		{"written", value.Object{"last_name": s("김")}, "last_name", s("김")},
		{"cleared", value.Object{"nickname": value.Clear{}}, "nickname", nil},
		{"list cleared", value.Object{"aliases": value.Clear{}}, "aliases", value.List{}},
		{"list exact", value.Object{"aliases": texts("a3")}, "aliases", texts("a3")},
		{"list edited", value.Object{"aliases": value.Edit{Add: texts("a3", "A1"), Remove: texts("a2", "zz")}}, "aliases", texts("a1", "a3")},
		{"edit repeated", value.Object{"aliases": value.Edit{Add: texts("a1"), Remove: texts("zz")}}, "aliases", texts("a1", "a2")},
		{"one language", value.Object{"names": value.Object{"en_US": value.Object{"first": s("Gil")}}}, "names",
			value.Object{"en_US": value.Object{"last": s("Hong"), "first": s("Gil")}, "ja_JP": value.Object{"last": s("ホン")}}},
		{"language cleared", value.Object{"names": value.Object{"ja_JP": value.Clear{}}}, "names",
			value.Object{"en_US": value.Object{"last": s("Hong"), "first": s("Gildong")}}},
		{"posts exact keep what is unmanaged", value.Object{"belongs_to": value.List{post("U3", nil), post("U1", value.Object{"head": no, "position": value.Clear{}})}}, "belongs_to",
			value.List{post("U3", nil), post("U1", value.Object{"head": no, "visible": no})}},
		{"posts edited", value.Object{"belongs_to": value.Edit{Add: value.List{post("U2", value.Object{"head": yes}), post("U4", nil)}, Remove: value.List{post("U1", nil)}}}, "belongs_to",
			value.List{post("U2", value.Object{"head": yes, "visible": yes}), post("U4", nil)}},
		{"steering is never written", value.Object{"ownership": s("exact")}, "ownership", nil},
	} {
		got := merge(schemaOf(t, model.Member).Attrs, member, c.want)
		if !value.Equal(got[c.attr], c.out) {
			t.Errorf("%s: %s = %v, want %v", c.name, c.attr, got[c.attr], c.out)
		}
	}
	if !value.Equal(member["aliases"], texts("a1", "a2")) || member["nickname"] != s("gd") {
		t.Error("the live attributes were changed")
	}
}
