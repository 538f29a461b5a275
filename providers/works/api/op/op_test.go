package op

import (
	"strings"
	"testing"
)

// TestTheTable: every operation can be told from the others, needs a scope and a
// kind of token, and writes of org units wait for their writer.
func TestTheTable(t *testing.T) {
	names, routes := map[string]bool{}, map[string]bool{}
	for _, o := range Table() {
		route := o.Method + " " + o.Path
		if names[o.Name] || routes[route] {
			t.Errorf("%s (%s) is there twice", o.Name, route)
		}
		names[o.Name], routes[route] = true, true
		download := o.Method == "GET" && o.Success == 302 // reference/api/00, section 11
		if len(o.Scopes) == 0 || o.Tokens&Both == 0 || o.Success/100 != 2 && !download {
			t.Errorf("%s lacks a scope, a kind of token or a status: %+v", o.Name, o)
		}
		read := o.Method == "GET"
		if read && (!o.Repeatable || o.Writer != "") {
			t.Errorf("%s reads: it is repeatable and has no writer", o.Name)
		}
		if unit := strings.HasPrefix(o.Path, "/orgunits"); !read && unit != (o.Writer == "orgunits") {
			t.Errorf("%s has the writer %q", o.Name, o.Writer)
		}
		if strings.HasSuffix(o.Name, "-create") && o.Method == "POST" && !strings.Contains(o.Name, "external-key") &&
			!strings.Contains(o.Path, "{") && o.Repeatable {
			t.Errorf("%s creates: repeating it after a lost answer makes a second one", o.Name)
		}
	}
}

// TestServiceAccountsMayCallTheDirectory: the kind of token that isa uses opens
// everything in the table (reference/api/00-auth-and-common.md, section 2.7); the
// caller may change what Table returns.
func TestServiceAccountsMayCallTheDirectory(t *testing.T) {
	table := Table()
	for i, o := range table {
		if o.Tokens&ServiceAccount == 0 {
			t.Errorf("%s is closed to service accounts", o.Name)
		}
		table[i].Tokens, table[i].Scopes = UserAccount, nil
	}
	if again := Table(); again[0].Tokens != Both || len(again[0].Scopes) == 0 {
		t.Error("a caller changed the table of others")
	}
}
