package live

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/value"
)

// TestASnapshotIsData: what listing found can be written down and read back, so
// that a plan can be made anywhere and again.
func TestASnapshotIsData(t *testing.T) {
	snap := Snapshot{
		Identity: "commercial www.worksapis.com 10000001", TakenAt: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Calls: 3,
		Objects: map[string][]Object{"member": {{
			Kind: "member", ID: "u-1", DomainID: 10000001, Status: Suspended, Admin: true,
			Attrs: value.Object{
				"last_name": value.String("홍"), "searchable": value.Bool(true), "aliases": value.List{},
				"belongs_to": value.List{value.Object{"org_unit": value.String("o-1"), "head": value.Bool(true)}},
			},
		}}},
	}
	text, err := json.Marshal(snap)
	if err != nil {
		t.Fatal(err)
	}
	var back Snapshot
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(snap, back) {
		t.Errorf("written %s\nread    %+v", text, back)
	}
}
