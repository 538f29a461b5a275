package imapgate

import (
	"maps"
	"strings"
	"testing"
)

// TestFormsOfFetching: the log tells how whole messages were asked for, once a command,
// and nothing of other parts.
func TestFormsOfFetching(t *testing.T) {
	g := start(t, small(t))
	k := g.converse(t)
	k.Command("LOGIN " + testUser + " " + testPassword)
	k.Command("SELECT INBOX")
	for _, items := range []string{"BODY.PEEK[]", "(UID BODY.PEEK[])", "BODY[]", "RFC822", "BODY.PEEK[]<0.10>", "BODY[HEADER]", "(FLAGS BODY.PEEK[TEXT])", "RFC822.HEADER", "BODY", "ALL"} {
		k.Command("FETCH 1 " + items)
	}
	k.Command("LOGOUT")
	e := g.told(t, func(e Event) bool { return e.Kind == Closed })
	forms := map[string]int{}
	for name, n := range e.Commands {
		if form, ok := strings.CutPrefix(name, "FETCH "); ok {
			forms[form] = n
		}
	}
	if want := map[string]int{"BODY.PEEK[]": 2, "BODY[]": 1, "RFC822": 1, "BODY.PEEK[]<>": 1}; !maps.Equal(forms, want) {
		t.Errorf("asked for by %v, want %v", forms, want)
	}
}
