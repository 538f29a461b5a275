package planner

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/isaworks/isa/state"
)

// table has a row for each text: "key=cells".
func table(key string, rows ...string) state.Table {
	t := state.Table{File: "t.csv", Rows: len(rows), Key: key, Filled: map[string]int{"a": len(rows)}}
	var b []byte
	for _, r := range rows {
		b = append(b, fmt.Sprintf("%-6.6s%-6.6s", r[:1], r)...)
	}
	t.Digest = base64.RawStdEncoding.EncodeToString(b)
	return t
}

func TestTableChanges(t *testing.T) {
	other := table("k", "1=a")
	other.Filled = map[string]int{"b": 1}
	torn := table("k", "1=a", "2=b")
	torn.Digest = torn.Digest[:10]
	for name, c := range map[string]struct {
		last []state.Table
		now  state.Table
		want TableChange
	}{
		"first":             {nil, table("k", "1=a", "2=b"), TableChange{Rows: 2, Added: 2, Counted: true}},
		"same":              {[]state.Table{table("k", "1=a", "2=b")}, table("k", "2=b", "1=a"), TableChange{Rows: 2, Before: ptr(2), Counted: true}},
		"all three":         {[]state.Table{table("k", "1=a", "2=b")}, table("k", "2=c", "3=a"), TableChange{Rows: 2, Before: ptr(2), Added: 1, Removed: 1, Changed: 1, Counted: true}},
		"twice the same":    {[]state.Table{table("", "1=a", "1=a")}, table("", "1=a"), TableChange{Rows: 1, Before: ptr(2), Removed: 1, Counted: true}},
		"other columns":     {[]state.Table{other}, table("k", "1=a"), TableChange{Rows: 1, Before: ptr(1)}},
		"another key":       {[]state.Table{table("x", "1=a")}, table("k", "1=a"), TableChange{Rows: 1, Before: ptr(1)}},
		"an older state":    {[]state.Table{{File: "t.csv", Rows: 2, Filled: map[string]int{"a": 2}}}, table("", "1=a"), TableChange{Rows: 1, Before: ptr(2)}},
		"a damaged digest":  {[]state.Table{torn}, table("k", "1=a"), TableChange{Rows: 1, Before: ptr(2)}},
		"of another table":  {[]state.Table{{File: "u.csv"}}, table("k", "1=a"), TableChange{Rows: 1, Added: 1, Counted: true}},
		"empty before":      {[]state.Table{{File: "t.csv", Key: "k", Filled: map[string]int{"a": 0}}}, table("k", "1=a"), TableChange{Rows: 1, Before: ptr(0), Added: 1, Counted: true}},
		"without any table": {},
	} {
		in := Input{State: &state.State{Tables: c.last}}
		if c.now.File != "" {
			in.Tables = []state.Table{c.now}
		}
		got := Build(in).TableChanges
		if c.now.File == "" {
			if len(got) > 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		c.want.File = "t.csv"
		if len(got) != 1 || mustJSON(t, got[0]) != mustJSON(t, c.want) {
			t.Errorf("%s: have %s, want %s", name, mustJSON(t, got), mustJSON(t, c.want))
		}
	}
}

func ptr(n int) *int { return &n }
