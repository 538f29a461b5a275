package planner_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// TestASavedPlanIsData: steps, references, secrets, places and lines of content
// come back from a file as they were, and no secret but its handle was in it.
func TestASavedPlanIsData(t *testing.T) {
	hq, kim := addr.New("org_unit", "hq"), addr.Instance("member", "staff", "1042")
	p := &planner.Plan{
		FormatVersion: planner.FormatVersion, Created: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
		Summary: planner.Summary{Create: 2},
		Changes: []planner.Change{
			{Address: hq, Kind: "org_unit", Action: planner.Create, Steps: []planner.Step{{
				ID: "org_unit.hq#1", Verb: planner.DoCreate, Attrs: value.Object{"name": value.String("본사")},
				Place: &planner.Place{After: value.String("o-7")}, Calls: []lanes.Call{{Op: "orgunit-create", Writer: "orgunits 1"}},
			}}},
			{Address: kim, Kind: "member", Action: planner.Create, Steps: []planner.Step{{
				ID: kim.String() + "#1", Verb: planner.DoCreate, Needs: []string{"org_unit.hq#1"},
				Attrs: value.Object{
					"belongs_to": value.List{value.Object{"org_unit": value.ID(hq)}},
					"password":   value.Object{"mode": value.String("admin"), "value": value.Secret("env:PW")},
				},
			}}},
		},
		Content: []planner.Content{{
			Address: addr.New("mail_migration", "staff"), Route: "append", Phase: "presync", Items: 182340, Bytes: 44 << 30, NewItems: 12,
		}},
	}
	p.Hash = planner.Hash(p)
	var file bytes.Buffer
	if err := planner.Write(&file, p); err != nil {
		t.Fatal(err)
	}
	back, err := planner.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	was, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	is, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(was, is) {
		t.Errorf("saved\n%s\nread\n%s", was, is)
	}
	for _, part := range []string{`{"$ref":"org_unit.hq","attr":"id"}`, `{"$secret":"env:PW"}`} {
		if !strings.Contains(string(is), part) {
			t.Errorf("%s is not in %s", part, is)
		}
	}
	if back.Empty() {
		t.Error("a plan with changes and new content is called empty")
	}
	counts := *p
	counts.Content = []planner.Content{p.Content[0]}
	counts.Content[0].Items, counts.Content[0].Bytes, counts.Content[0].NewItems = 1, 1, 1
	if planner.Hash(&counts) != p.Hash {
		t.Error("counts of content are part of the hash")
	}
	counts.Content[0].Route = "gateway"
	if planner.Hash(&counts) == p.Hash {
		t.Error("the route of content is no part of the hash")
	}
}
