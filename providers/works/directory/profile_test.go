package directory

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/sandbox"
)

func TestOneContactStandsOnce(t *testing.T) {
	name := func(text string) *string { return &text }
	attrs := value.Object{}
	readRelations(attrs, []api.Relation{
		{RelationUserID: "a", RelationName: name("비서")}, {RelationUserID: "b"}, {RelationUserID: "a", RelationName: name("멘토")}, {RelationUserID: "b", RelationName: name("대리")}, {RelationUserID: "b"},
	})
	want := value.List{value.Object{"member": s("a"), "name": s("비서, 멘토")}, value.Object{"member": s("b"), "name": s("대리")}}
	if !value.Equal(attrs["relation"], want) {
		t.Errorf("%v, want %v", attrs["relation"], want)
	}
}

func TestCustomValuesAreReadByTheirForm(t *testing.T) {
	for raw, want := range map[string]value.Value{
		`"글 "`: s("글"), `""`: nil, `null`: nil, `7`: value.Int(7), `1.5`: s("1.5"), `true`: value.Bool(true), `[]`: nil, `{}`: nil, `[null, 1]`: value.List{value.Int(1)},
		`{"text": null, "link": "https://a.kr"}`: value.Object{"link": s("https://a.kr")},
	} {
		if got := customValue(json.RawMessage(raw)); !value.Equal(got, want) {
			t.Errorf("%s is read as %v, want %v", raw, got, want)
		}
	}
}

// TestUnmanagedCustomValuesStay: a value is written with all others that are there, in
// whatever way the service takes a partial update.
func TestUnmanagedCustomValuesStay(t *testing.T) {
	for _, patch := range []string{"merge", "replace"} {
		b := newBench(t, sandbox.Options{Switches: sandbox.Switches{"custom-properties-patch": patch}}, acme)
		all := b.customSample()
		id := b.create(model.Member, value.Object{"login_id": s("hong"), "last_name": s("홍"), "private_email": s("h@example.com"), "custom": all.one})
		b.do(model.Member, providers.Request{Verb: doPatch, ID: id, Attrs: value.Object{"custom": value.Object{"string": s("셋"), "dates": value.Clear{}}}})
		want := value.Object{}
		for name, v := range all.one.(value.Object) {
			want[name] = v
		}
		want["string"] = s("셋")
		delete(want, "dates")
		if have := b.object(model.Member, id).Attrs["custom"]; !value.Equal(have, want) {
			t.Errorf("%s: %v, want %v", patch, have, want)
		}
	}
}

// refusing answers as a service does that does not offer custom properties.
type refusing struct{ next http.RoundTripper }

func (r refusing) RoundTrip(q *http.Request) (*http.Response, error) {
	if !strings.Contains(q.URL.Path, "/custom-properties") {
		return r.next.RoundTrip(q)
	}
	return &http.Response{
		StatusCode: http.StatusForbidden, Request: q, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"code":"FORBIDDEN","description":"not in this plan"}`)),
	}, nil
}

// TestATenantWithoutCustomProperties can be listed: nil is "not offered", and what the
// state knows of them is left alone.
func TestATenantWithoutCustomProperties(t *testing.T) {
	b := newBench(t, sandbox.Options{}, acme)
	o := b.options
	o.Transport = refusing{http.DefaultTransport}
	o.Lanes = lanes.New(lanes.Budget{PerMinute: 1_000_000})
	client, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	kinds := Kinds(client, b.tenant)
	if objs, err := kinds[model.CustomProperty].List(t.Context(), nil); objs != nil || err != nil {
		t.Errorf("%v, %v", objs, err)
	}
	if objs, err := kinds[model.Member].List(t.Context(), nil); len(objs) == 0 || err != nil {
		t.Errorf("members: %v, %v", objs, err)
	}
	if objs := b.list(model.CustomProperty); objs == nil || slices.Contains(b.sent(), "directory-user-custom-property-create") {
		t.Errorf("a company that has none yet: %v", objs)
	}
}
