package mail

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// TestUnpromised: a gateway that mail goes by is warned of, once a fact that is otherwise
// than the route relies on; one that nobody uses is not.
func TestUnpromised(t *testing.T) {
	used, idle := &Gateway{declared: &schema.Instance{}}, &Gateway{declared: &schema.Instance{}}
	for _, g := range []*Gateway{used, idle} {
		g.declared.Where = func(value.Path) diag.Place { return diag.Place{} }
	}
	p := Plan{Gateways: []*Gateway{used, idle}, Migrations: []*Migration{{Gateway: used}, {Gateway: used}, {}}}
	if list := p.Unpromised(nil); len(list) > 0 {
		t.Errorf("of nothing: %v", list)
	}
	if list := p.Unpromised(map[string]string{"migration-flags": "kept", "migration-fetch": "RFC822"}); len(list) > 0 {
		t.Errorf("of what is as supposed, or does not matter: %v", list)
	}
	list := p.Unpromised(map[string]string{"migration-flags": "dropped", "migration-again": "new-folders"})
	if len(list) != 2 || list.HasErrors() || list[0].Code != ruleUnpromised.code || !strings.Contains(list[0].Detail, "migration-again") || !strings.Contains(list[1].Detail, "unread") {
		t.Errorf("of two: %v", list)
	}
}

// TestUnpromisedAsSeenLast: who finds something else at a later probe is not told of the
// earlier one.
func TestUnpromisedAsSeenLast(t *testing.T) {
	for name, c := range map[string]struct {
		facts map[string]string
		want  string // part of the only sentence; "" none
	}{
		"the date of the run":  {map[string]string{"migration-dates": "arrival", "migration-date-shown": "today"}, "date of their run;"},
		"seen by an older isa": {map[string]string{"migration-dates": "arrival"}, "date of their run;"},
		"as written, later":    {map[string]string{"migration-dates": "arrival", "migration-date-shown": "written"}, "was written"},
		"another one, later":   {map[string]string{"migration-dates": "kept", "migration-date-shown": "other"}, "another date"},
		"as it should be":      {map[string]string{"migration-dates": "kept", "migration-date-shown": "received", "migration-special-folders": "names", "migration-sent-mail": "sent"}, ""},
		"a folder called Sent": {map[string]string{"migration-special-folders": "none", "migration-sent-mail": "own"}, "of those names"},
		"elsewhere, later":     {map[string]string{"migration-special-folders": "none", "migration-sent-mail": "other"}, "neither"},
	} {
		list := Unpromised(c.facts)
		if c.want == "" && len(list) > 0 || c.want != "" && (len(list) != 1 || !strings.Contains(list[0], c.want)) {
			t.Errorf("%s: %v", name, list)
		}
	}
}
