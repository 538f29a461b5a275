package view

import (
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/value"
)

// Names that a map or an object does not write are unmanaged and stay: a plan does
// not show them as taken away. What was applied and is gone was taken away by hand.
func TestPartialObjects(t *testing.T) {
	en := func(v value.Value) value.Object { return value.Object{"en_US": v} }
	both := value.Object{"en_US": value.String("Old"), "ja_JP": value.String("旧")}
	deep := value.Object{"en_US": value.Object{"last": value.String("Kim"), "first": value.String("A")}}
	for name, c := range map[string]struct {
		before, after value.Value
		plan, drift   []string
	}{
		"one of two":       {both, en(value.String("New")), []string{"names en_US Old → New"}, []string{"names en_US Old → New", "names ja_JP 旧 → (none)"}},
		"one more":         {en(value.String("Old")), both, []string{"names ja_JP (none) → 旧"}, nil},
		"taken out":        {both, en(value.Clear{}), []string{"names en_US Old → (cleared)"}, nil},
		"was not there":    {nil, en(value.Clear{}), nil, nil},
		"inside an entry":  {deep, en(value.Object{"last": value.String("Gim")}), []string{"names en_US last Kim → Gim"}, []string{"names en_US first A → (none)", "names en_US last Kim → Gim"}},
		"cleared and gone": {en(value.Clear{}), value.Object{"ja_JP": value.String("旧")}, nil, []string{}},
	} {
		lines := func(list []detail) []string {
			out := []string{}
			for _, d := range list {
				out = append(out, d.text())
			}
			return out
		}
		if got := lines(names{}.difference("names", c.before, c.after)); name != "cleared and gone" && !slices.Equal(got, c.plan) {
			t.Errorf("%s: the plan shows %q, want %q", name, got, c.plan)
		}
		if got := lines(names{}.difference("names", c.before, applied(c.before, c.after))); c.drift != nil && !slices.Equal(got, c.drift) {
			t.Errorf("%s: drift shows %q, want %q", name, got, c.drift)
		}
	}
}
