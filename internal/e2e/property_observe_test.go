package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/directory"
	works "github.com/isaworks/isa/providers/works/directory"
)

// raw is every object of the slots as the API tells it.
func (r *propertyRun) raw() map[addr.Address]map[string]any {
	r.Helper()
	byID := map[string]map[string]any{}
	for kind, l := range listings() {
		for _, row := range r.api.list(r, l.path, l.key) {
			id, _ := row[l.id].(string)
			byID[kind+id] = row
		}
	}
	for _, row := range r.api.once(r, "/directory/users/custom-properties", "customAttributes") {
		id, _ := row["customPropertyId"].(string)
		byID[directory.CustomProperty+id] = row
	}
	out := map[addr.Address]map[string]any{}
	for _, o := range r.st.Objects {
		out[o.Address] = byID[o.Kind+o.ID]
	}
	for _, s := range r.slots {
		if s.top.Aside {
			_, top := r.wire(s)
			out[s.addr][top] = r.aside(s, out[s.addr])
		}
	}
	return out
}

// aside is what the API tells of an attribute that has calls of its own.
func (r *propertyRun) aside(s *slot, row map[string]any) any {
	r.Helper()
	switch {
	case !s.top.Unreadable:
		return row["leaveOfAbsence"]
	case s.top.Type.Kind == schema.File:
		return r.api.photo(r, "/users/"+r.id(s.addr)+"/photo")
	}
	looker, ok := r.kindsOf()[s.kind.Type].(providers.Looker)
	if !ok {
		r.Fatalf("%s: nobody can look at it", s.name())
	}
	var applied value.Object
	for _, o := range r.st.Objects {
		if o.Address == s.addr {
			applied = o.Attrs
		}
	}
	found, err := looker.Look(r.Context(), live.Object{Kind: s.kind.Type, ID: r.id(s.addr), DomainID: 10000001}, applied, []string{s.top.Name})
	if err != nil {
		r.Fatal(err)
	}
	return fmt.Sprint(found[s.top.Name])
}

// kindsOf are the kinds as another program would make them.
func (r *propertyRun) kindsOf() map[string]providers.Kind {
	return works.Kinds(r.client, schema.Tenant{Companies: []schema.Company{{Domain: "acme.co.kr", DomainID: 10000001}}})
}

// photo is the picture behind a path, "" when there is none.
func (r reader) photo(t testing.TB, path string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		t.Fatal(err)
	case resp.StatusCode == http.StatusNotFound:
		return ""
	case resp.StatusCode != http.StatusOK:
		t.Fatalf("GET %s: %s %s", path, resp.Status, data)
	}
	return string(data)
}

// listing is where objects of a kind are read and written.
type listing struct{ path, key, id string }

func listings() map[string]listing {
	return map[string]listing{
		directory.Member: {"/users", "users", "userId"}, directory.OrgUnit: {"/orgunits", "orgUnits", "orgUnitId"},
		directory.Group: {"/groups", "groups", "groupId"}, directory.JobGrade: {"/directory/levels", "levels", "levelId"},
		directory.Position: {"/directory/positions", "positions", "positionId"}, directory.UserType: {"/directory/user-types", "userTypes", "userTypeId"},
	}
}

// once reads a list that has no pages.
func (r reader) once(t testing.TB, path, key string) []map[string]any {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var page map[string][]map[string]any
	if err := json.Unmarshal(body, &page); err != nil || page[key] == nil {
		t.Fatalf("GET %s: %s %s", path, resp.Status, body)
	}
	return page[key]
}

// wire is the property of a slot, and its name at the top of the object.
func (r *propertyRun) wire(s *slot) (path, top string) {
	name := s.kind.Type + "." + s.path
	path = r.wires[name]
	if path == "" { // of several: the slot of a whole block
		for _, other := range slices.Sorted(maps.Keys(r.wires)) {
			if strings.HasPrefix(other, name+".") {
				if path = r.wires[other]; !strings.HasPrefix(path, "POST ") {
					path, _, _ = strings.Cut(path, ".")
				}
			}
		}
	}
	if words := strings.Fields(path); len(words) > 1 && words[1] != "move" { // a call of its own
		return words[1], words[1]
	}
	top, _, _ = strings.Cut(strings.TrimPrefix(path, "POST move "), ".")
	return path, top
}

// pick is what stands at a path, through lists.
func pick(v any, path []string) any {
	switch w := v.(type) {
	case []any:
		out := make([]any, len(w))
		for i, e := range w {
			out[i] = pick(e, path)
		}
		return out
	case map[string]any:
		if len(path) > 0 {
			return pick(w[path[0]], path[1:])
		}
	}
	return v
}
