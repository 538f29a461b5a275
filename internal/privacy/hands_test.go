package privacy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
)

// TestHands: what was changed by hand is told without what is personal, at each level.
func TestHands(t *testing.T) {
	kim, hq := addr.Instance("member", "staff", "1042"), addr.New("org_unit", "hq")
	found := &planner.Hands{
		Changes: []planner.Hand{
			{Address: kim, Kind: "member", Title: "김비밀 secret.kim", Attr: "cell_phone", Applied: value.String("010-1111-2222"), Live: value.String("010-3333-4444"), Note: "김비밀"},
			{Address: kim, Kind: "member", Title: "김비밀 secret.kim", Attr: "names.en_US.last", Applied: value.String("Bimil"), Live: value.String("Hidden")},
			{Address: kim, Kind: "member", Title: "김비밀 secret.kim", Attr: "belongs_to.head", Element: value.ID(hq), Applied: value.Bool(true), Live: value.Bool(false)},
			{Address: kim, Kind: "member", Title: "김비밀 secret.kim", Attr: "aliases", Added: value.List{value.String("nickname.of.kim")}},
			{Address: hq, Kind: "org_unit", Title: "본사", Attr: "email", Note: "hq (mail) is held by 이남 other.lee now; 1042", Applied: value.String("hq"), Live: value.Clear{}},
			{Address: hq, Kind: "org_unit", Title: "본사", Attr: "name", Applied: value.String("본사"), Live: value.String("본점")},
		},
		Unseen: []planner.Unseen{{Address: kim, Why: "user-get of secret.kim: denied", Failed: true}},
	}
	titles := map[string]planner.Name{kim.String(): {Title: "김비밀 secret.kim", Kind: "member"}, hq.String(): {Title: "본사", Kind: "org_unit"},
		"0b1c-lee": {Title: "이남 other.lee", Kind: "member"}}
	for _, c := range []struct {
		level       Level
		shows, hide []string
	}{
		{IDs, []string{"1042", "본점", "head", "true", "is held by (hidden) (hidden) now; 1042", "names.en_US.last"}, []string{"김비밀", "secret.kim", "010", "Bimil", "Hidden", "nickname", "이남", "other.lee"}},
		{Names, []string{"김비밀", "Bimil", "본점", "nickname"}, []string{"user-get"}},
		{Full, []string{"김비밀", "010-3333-4444", "user-get"}, nil},
	} {
		h, names := Hands(found, titles, directory.Schemas(), c.level)
		data, err := json.Marshal([]any{h, names})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.shows {
			if !strings.Contains(string(data), text) {
				t.Errorf("%s: %q is missing in %s", c.level, text, data)
			}
		}
		for _, text := range c.hide {
			if strings.Contains(string(data), text) {
				t.Errorf("%s: %q is told in %s", c.level, text, data)
			}
		}
	}
	if found.Changes[0].Title == "" || !value.Equal(found.Changes[0].Live, value.String("010-3333-4444")) {
		t.Errorf("what was given has changed: %+v", found.Changes[0])
	}
}
