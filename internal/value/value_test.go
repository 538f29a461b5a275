package value

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
)

func TestPlansHoldReferencesAndSecretHandlesAsData(t *testing.T) {
	hq := addr.New("org_unit", "hq")
	obj := Object{
		"name":   String("영업본부"),
		"order":  Int(3),
		"hidden": Bool(false),
		"parent": ID(hq),
		"secret": Secret("env:PW"),
		"phone":  Clear{},
		"posts":  List{Object{"org_unit": ID(hq), "head": Bool(true)}},
		"people": Edit{Add: List{String("a")}, Remove: List{}},
	}
	data, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"hidden":false,"name":"영업본부","order":3,"parent":{"$ref":"org_unit.hq","attr":"id"},` +
		`"people":{"$add":["a"],"$remove":[]},"phone":{"$clear":true},` +
		`"posts":[{"head":true,"org_unit":{"$ref":"org_unit.hq","attr":"id"}}],"secret":{"$secret":"env:PW"}}`
	if string(data) != want {
		t.Errorf("written\n%s\nwant\n%s", data, want)
	}
	var back Object
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !Equal(obj, back) {
		t.Errorf("read back %v, want %v", back, obj)
	}
	if refs := Refs(obj); len(refs) != 1 || refs[0] != hq {
		t.Errorf("Refs = %v", refs)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{
		`1.5`, `[null]`, `{"a":null}`, `{"$ref":"x"}`, `{"$ref":"a.b","attr":"id","more":1}`, `{"$secret":""}`,
		`{"$clear":false}`, `{"$add":1,"$remove":[]}`, `99999999999999999999`, `1 2`, `{`,
		`{"$ref":"a.b","attr":""}`, `{"$ref":1,"attr":"id"}`, `{"$ref":{"$ref":"a.b","attr":"x"},"attr":"id"}`, `{"$ref":"a.b","other":"id"}`, `{"$secret":"env:A","$clear":true}`,
		`{"a":1,"$secret":"env:A"}`, `{"$add":[],"attr":"id"}`, `{"a":1,"a":2}`, `["` + "\xff" + `"]`, strings.Repeat("[", 40) + strings.Repeat("]", 40),
	} {
		if v, err := Decode([]byte(text)); err == nil {
			t.Errorf("Decode(%s) = %v, want an error", text, v)
		}
	}
}

func TestDecodeTakesReferencesInAnyOrder(t *testing.T) {
	one, other := addr.Instance("member", "x", "1"), addr.New("member", "y")
	want := Object{
		"a": List{ID(one), ID(one), Ref{Addr: other, Attr: "email"}},
		"b": List{Object{}, List{}, Clear{}, Secret("env:X"), Edit{Add: List{Int(1)}, Remove: List{}}},
	}
	got, err := Decode([]byte(`{"a":[{"$ref":"member.x[\"1\"]","attr":"id"},{"attr":"id","$ref":"member.x[\"1\"]"},{"attr":"email","$ref":"member.y"}],
		"b":[{},[],{"$clear":true},{"$secret":"env:X"},{"$remove":[],"$add":[1]}]}`))
	if err != nil || !Equal(got, want) {
		t.Errorf("%v %v, want %v", got, err, want)
	}
}

func TestPath(t *testing.T) {
	obj := Object{"posts": List{Object{"head": Bool(true)}}}
	p := Of("posts").Index(0).Name("head")
	if p.String() != "posts[0].head" || p.Get(obj) != Bool(true) {
		t.Errorf("%s leads to %v", p, p.Get(obj))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":[{"$ref":"member.x[\"1\"]","attr":"id"},{"$secret":"env:X"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil || v == nil {
			return
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(out)
		if err != nil || !Equal(v, back) {
			t.Fatalf("%s was written as %s: %v", data, out, err)
		}
	})
}
