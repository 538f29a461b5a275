package mail

import (
	"slices"
	"strings"
	"testing"
)

func TestOnwards(t *testing.T) {
	m := func(user, to, mode string) *Migration {
		return &Migration{Title: user, Mail: to, Login: Login{User: user}, Coexistence: Coexistence{Mode: mode}}
	}
	for _, c := range []struct {
		name   string
		of     []*Migration
		domain string
		want   []string
		left   int
		ring   string
	}{
		{"addresses", []*Migration{m("A@Old.kr", "a@new.kr", CoexistForwarding), m("b@old.kr", "B@new.kr", CoexistNone)}, "", []string{"a@old.kr a@new.kr", "b@old.kr b@new.kr"}, 0, ""},
		{"names and their domain", []*Migration{m("a", "a@new.kr", CoexistForwarding)}, "Old.kr", []string{"a@old.kr a@new.kr"}, 0, ""},
		{"names alone", []*Migration{m("a", "a@new.kr", CoexistForwarding), m("", "b@new.kr", CoexistForwarding)}, "", nil, 2, ""},
		{"twice", []*Migration{m("a@old.kr", "a@new.kr", CoexistForwarding), m("A@old.kr", "a@new.kr", CoexistForwarding)}, "", []string{"a@old.kr a@new.kr"}, 0, ""},
		{"one to two", []*Migration{m("info@old.kr", "a@new.kr", CoexistForwarding), m("info@old.kr", "b@new.kr", CoexistForwarding)}, "", []string{"info@old.kr a@new.kr", "info@old.kr b@new.kr"}, 0, ""},
		{"to itself", []*Migration{m("a@acme.kr", "a@acme.kr", CoexistForwarding)}, "", nil, 0, "a@acme.kr → a@acme.kr"},
		{"to itself by routing", []*Migration{m("a@acme.kr", "a@acme.kr", CoexistRouting)}, "", []string{"a@acme.kr a@acme.kr"}, 0, ""},
		{"to itself by nothing", []*Migration{m("a@acme.kr", "a@acme.kr", CoexistNone)}, "", []string{"a@acme.kr a@acme.kr"}, 0, ""},
		{"in no ring of three", []*Migration{m("a@x.kr", "b@x.kr", CoexistForwarding), m("b@x.kr", "c@x.kr", CoexistNone), m("c@x.kr", "a@x.kr", CoexistForwarding)}, "", []string{"a@x.kr b@x.kr", "b@x.kr c@x.kr", "c@x.kr a@x.kr"}, 0, ""},
		{"twice, once forwarded to itself", []*Migration{m("a@x.kr", "a@x.kr", CoexistNone), m("a@x.kr", "a@x.kr", CoexistForwarding)}, "", nil, 0, "a@x.kr → a@x.kr"},
		{"in a ring of three", []*Migration{m("a@x.kr", "b@x.kr", CoexistForwarding), m("b@x.kr", "c@x.kr", CoexistForwarding), m("c@x.kr", "a@x.kr", CoexistForwarding)}, "", nil, 0, "a@x.kr → b@x.kr → c@x.kr → a@x.kr"},
		{"in a chain", []*Migration{m("a@x.kr", "b@x.kr", CoexistForwarding), m("b@x.kr", "c@x.kr", CoexistForwarding)}, "", []string{"a@x.kr b@x.kr", "b@x.kr c@x.kr"}, 0, ""},
	} {
		list, left, err := Onwards(c.of, c.domain)
		var got []string
		for _, o := range list {
			got = append(got, o.Old+" "+o.New)
		}
		if c.ring != "" {
			if err == nil || !strings.Contains(err.Error(), c.ring) {
				t.Errorf("%s: %v, want the ring %s", c.name, err, c.ring)
			}
			continue
		}
		if err != nil || !slices.Equal(got, c.want) || len(left) != c.left {
			t.Errorf("%s: %v, %d left, %v", c.name, got, len(left), err)
		}
	}
}
