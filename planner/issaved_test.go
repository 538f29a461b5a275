package planner_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/isaworks/isa/planner"
)

// TestIsSaved: what Write wrote is a saved plan, also one that this version cannot
// read; no other file is, and no other zip.
func TestIsSaved(t *testing.T) {
	var saved bytes.Buffer
	if err := planner.Write(&saved, &planner.Plan{FormatVersion: "99"}); err != nil {
		t.Fatal(err)
	}
	packed := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			if _, err := z.Create(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name string
		data []byte
		want bool
	}{
		{"a plan of another version", saved.Bytes(), true},
		{"nothing", nil, false},
		{"a configuration", []byte(`org_unit "hq" { name = "본사" }`), false},
		{"half a plan", saved.Bytes()[:saved.Len()/2], false},
		{"a spreadsheet", packed("[Content_Types].xml", "xl/workbook.xml"), false},
		{"a zip that holds a plan and more", packed("plan.json", "plan.json.sha256", "letter.txt"), false},
	} {
		if got := planner.IsSaved(bytes.NewReader(c.data), int64(len(c.data))); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
