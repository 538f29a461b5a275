package planner

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/isaworks/isa/state"
)

// TableChange counts the rows of a table by what became of them since the last apply of
// a whole plan. It is for people, and no part of the hash.
type TableChange struct {
	File  string `json:"file"`
	Sheet string `json:"sheet,omitempty"`
	Rows  int    `json:"rows"`
	// Before is how many rows there were; absent when the table is read for the first
	// time.
	Before  *int `json:"before,omitempty"`
	Added   int  `json:"added"`
	Removed int  `json:"removed"`
	Changed int  `json:"changed"` // of the same key, with other cells in use
	// Counted tells that rows could be told apart: the same columns are in use as then.
	Counted bool `json:"counted"`
}

// rowBytes are the bytes of one row in state.Table.Digest: half of them of its key.
const rowBytes = 12

// tableChanges compares the tables with those of the last apply.
func (p *planner) tableChanges() {
	type name struct{ file, sheet string }
	last := map[name]*state.Table{}
	for i := range p.in.State.Tables {
		t := &p.in.State.Tables[i]
		last[name{t.File, t.Sheet}] = t
	}
	for i := range p.in.Tables {
		t := &p.in.Tables[i]
		c := TableChange{File: t.File, Sheet: t.Sheet, Rows: t.Rows}
		if was := last[name{t.File, t.Sheet}]; was != nil {
			before := was.Rows
			c.Before = &before
			c.compare(was, t)
		} else {
			c.Added, c.Counted = t.Rows, true
		}
		p.plan.TableChanges = append(p.plan.TableChanges, c)
	}
}

func (c *TableChange) compare(was, now *state.Table) {
	if was.Key != now.Key || !slices.Equal(slices.Sorted(maps.Keys(was.Filled)), slices.Sorted(maps.Keys(now.Filled))) {
		return
	}
	before, ok := digests(was)
	after, known := digests(now)
	if !ok || !known {
		return
	}
	c.Counted = true
	left := map[string][]string{} // cells by key, once for each row
	for _, row := range before {
		left[row[0]] = append(left[row[0]], row[1])
	}
	for _, row := range after {
		have := left[row[0]]
		switch {
		case len(have) == 0:
			c.Added++
			continue
		case have[0] != row[1]:
			c.Changed++
		}
		left[row[0]] = have[1:]
	}
	for _, rest := range left {
		c.Removed += len(rest)
	}
}

// digests are the digests of each row of a table: of its key and of its cells. ok is
// false for a table that has none or not one for each row.
func digests(t *state.Table) (rows [][2]string, ok bool) {
	data, err := base64.RawStdEncoding.DecodeString(t.Digest)
	if err != nil || len(data) != t.Rows*rowBytes {
		return nil, false
	}
	for ; len(data) > 0; data = data[rowBytes:] {
		rows = append(rows, [2]string{string(data[:rowBytes/2]), string(data[rowBytes/2 : rowBytes])})
	}
	return rows, true
}
