package planner

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/schema"
)

// effectsOf plans a story with kinds whose login signs out and whose groups have
// administrators.
func effectsOf(t *testing.T, text string) *Plan {
	t.Helper()
	var s story
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		t.Fatal(err)
	}
	in := s.input()
	for _, k := range in.Kinds {
		for i := range k.Attrs {
			k.Attrs[i].SignsOut = k.Type == "person" && k.Attrs[i].Name == "login"
		}
		if k.Type == "group" {
			k.Attrs = append(k.Attrs, schema.Attr{Name: administrators, Type: schema.ListOf(schema.RefTo("person")), Set: true})
		}
	}
	for _, w := range in.Wanted {
		for _, k := range in.Kinds {
			if k.Type == w.Kind.Type {
				w.Kind = k
			}
		}
	}
	in.Tenant.Features.Licences = 5
	return Build(in)
}

func TestEffects(t *testing.T) {
	p := effectsOf(t, `{
		"allow": {"person.removal": 2, "unit.removal": 1, "person.login": 1, "person.posts.removal": 9, "person.aliases.removal": 1, "person.cleared": 9},
		"wanted": [
			{"at": "unit.a", "attrs": {"name": "A"}},
			{"at": "unit.b", "attrs": {"name": "B"}},
			{"at": "person.boss", "attrs": {"login": "boss", "posts": [{"unit": {"$ref": "unit.a", "attr": "id"}, "head": true}]}},
			{"at": "person.moved", "attrs": {"login": "new.login", "phone": "1", "aliases": [], "posts": [{"unit": {"$ref": "unit.b", "attr": "id"}, "head": false}]}},
			{"at": "person.fresh", "attrs": {"login": "fresh", "password": {"mode": "mail"}}},
			{"at": "group.g", "attrs": {"name": "G", "administrators": [{"$ref": "person.boss", "attr": "id"}]}}
		],
		"state": [
			{"address": "unit.a", "id": "U1", "attrs": {"name": "A"}}, {"address": "unit.b", "id": "U2", "attrs": {"name": "B"}},
			{"address": "unit.gone", "id": "U3", "attrs": {"name": "Gone"}, "lifecycle": {"on_remove": "delete"}},
			{"address": "person.boss", "id": "P1", "attrs": {"login": "boss"}},
			{"address": "person.moved", "id": "P2", "attrs": {"login": "old.login"}},
			{"address": "person.leaver", "id": "P3", "attrs": {"login": "leaver"}, "lifecycle": {"on_remove": "suspend"}},
			{"address": "person.deleted", "id": "P4", "attrs": {"login": "deleted"}, "lifecycle": {"on_remove": "delete"}},
			{"address": "group.g", "id": "G1", "attrs": {"name": "G"}}
		],
		"live": [
			{"kind": "unit", "id": "U1", "attrs": {"name": "A"}}, {"kind": "unit", "id": "U2", "attrs": {"name": "B"}}, {"kind": "unit", "id": "U3", "attrs": {"name": "Gone"}},
			{"kind": "person", "id": "P1", "attrs": {"login": "boss", "posts": []}},
			{"kind": "person", "id": "P2", "attrs": {"login": "old.login", "aliases": ["al"], "posts": [{"unit": "U2", "head": true}]}},
			{"kind": "person", "id": "P3", "attrs": {"login": "leaver", "posts": [{"unit": "U1", "head": true}]}},
			{"kind": "person", "id": "P4", "attrs": {"login": "deleted", "posts": [{"unit": "U3", "head": true}]}},
			{"kind": "person", "id": "P9", "attrs": {"login": "other"}},
			{"kind": "group", "id": "G1", "attrs": {"name": "G", "administrators": ["P2"]}}
		]
	}`)
	if p.Diagnostics.HasErrors() {
		t.Fatal(p.Diagnostics)
	}
	var got []string
	for _, e := range p.Effects {
		got = append(got, strings.TrimRight(fmt.Sprintf("%s %s %s %s %s %s", e.Sort, e.Address, e.Attr, e.Of, e.To, e.Text), " "))
	}
	want := []string{
		"leaves person.deleted", "leaves person.leaver",
		"renames person.moved aliases", "renames person.moved login",
		"loses_head person.leaver  unit.a person.boss", "loses_head person.moved  unit.b",
		"deletes_unit unit.gone",
		"administrators group.g administrators",
		"invites person.fresh",
		"signs_out person.deleted", "signs_out person.leaver", "signs_out person.moved login",
		"loses unit.gone", "loses person.deleted    the mailbox",
	}
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i]), " ")
	}
	for i := range want {
		want[i] = strings.Join(strings.Fields(want[i]), " ")
	}
	if diff := cmp.Diff(sortedWithin(want), sortedWithin(got)); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if s := p.Seats; s == nil || *s != (Seats{Now: 5, Then: 5, Licences: 5}) {
		t.Errorf("seats are %+v: one comes, one is deleted, the suspended one keeps theirs", s)
	}
	without := *p
	without.Effects, without.Seats, without.TableChanges = nil, nil, nil
	if Hash(&without) != p.Hash {
		t.Error("what is for people is in the hash")
	}
}

// sortedWithin keeps the order of sorts and forgets that within one.
func sortedWithin(list []string) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for i, e := range list {
		sort, rest, _ := strings.Cut(e, " ")
		key := fmt.Sprintf("%02d %s", effectRank(EffectSort(sort)), sort)
		if i > 0 {
			before, _, _ := strings.Cut(list[i-1], " ")
			if effectRank(EffectSort(before)) > effectRank(EffectSort(sort)) {
				key += " out of order"
			}
		}
		if out[key] == nil {
			out[key] = map[string]bool{}
		}
		out[key][rest] = true
	}
	return out
}

func TestNothingTouchesPeopleWhereNothingChanges(t *testing.T) {
	p := effectsOf(t, `{"wanted": [{"at": "person.a", "attrs": {"login": "a"}}],
		"state": [{"address": "person.a", "id": "P1", "attrs": {"login": "a"}}],
		"live": [{"kind": "person", "id": "P1", "attrs": {"login": "a", "posts": [{"unit": "U1", "head": true}]}}]}`)
	if len(p.Effects) > 0 {
		t.Errorf("effects of nothing: %+v", p.Effects)
	}
}
