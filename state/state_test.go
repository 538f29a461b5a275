package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

func unit(label, id string) Object {
	return Object{Address: addr.New("org_unit", label), Kind: "org_unit", Schema: 1, ID: id, Status: Ready,
		Attrs: value.Object{"name": value.String("영업 <1>"), "parent": value.ID(addr.New("org_unit", "hq"))}}
}

func sample() *State {
	return &State{Format: Format, Lineage: "l", Serial: 3, Tool: "1", Tenant: "acme", Objects: []Object{unit("b", "2"), unit("a", "1")},
		Waves:  []Wave{{Address: addr.New("wave", "one"), Phase: "presync", Since: time.Unix(5, 0).UTC(), Who: "kim@build"}},
		Ledger: &Ledger{ID: "led", HighWater: 7},
		Tables: []Table{{File: "hr.xlsx", Rows: 3}}}
}

const golden = `{
  "format": 1,
  "lineage": "l",
  "serial": 4,
  "tool_version": "1",
  "ledger": {
    "id": "led",
    "high_water": 7
  },
  "objects": [
    {
      "address": "member.staff[\"1042\"]",
      "kind": "member",
      "schema_version": 2,
      "id": "u1",
      "domain_id": 10000001,
      "status": "ready",
      "attrs": {
        "name": "영업 <1>",
        "unit": {
          "$ref": "org_unit.hq",
          "attr": "id"
        }
      },
      "needs": [
        "org_unit.hq"
      ],
      "lifecycle": {
        "protect": true
      },
      "applied": "2026-03-02T00:00:00Z"
    }
  ],
  "waves": [
    {
      "address": "wave.one",
      "phase": "cutover",
      "since": "2026-03-02T00:00:00Z",
      "who": "kim@build"
    },
    {
      "address": "wave.two",
      "phase": "presync",
      "since": "2026-03-02T00:00:00Z"
    }
  ]
}
`

func TestEncodeIsReadableAndComesBack(t *testing.T) {
	hq := addr.New("org_unit", "hq")
	s := &State{Format: Format, Lineage: "l", Serial: 4, Tool: "1", Objects: []Object{{
		Address: addr.Instance("member", "staff", "1042"), Kind: "member", Schema: 2, ID: "u1", DomainID: 10000001, Status: Ready,
		Attrs: value.Object{"name": value.String("영업 <1>"), "unit": value.ID(hq)}, Needs: []addr.Address{hq},
		Lifecycle: schema.Lifecycle{Protect: true}, Applied: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}},
		Waves: []Wave{{Address: addr.New("wave", "one"), Phase: "cutover", Since: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Who: "kim@build"},
			{Address: addr.New("wave", "two"), Phase: "presync", Since: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}},
		Ledger: &Ledger{ID: "led", HighWater: 7}}
	data, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(golden, string(data)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	back, err := Decode("isa.state.json", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("-written +read\n%s", diff)
	}
}

func TestEncodeSortsObjectsAndLeavesItsInput(t *testing.T) {
	s := sample()
	data, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Index(data, []byte("org_unit.a")) > bytes.Index(data, []byte("org_unit.b")) {
		t.Error("objects are not sorted")
	}
	if s.Objects[0].ID != "2" {
		t.Error("Encode sorted its input")
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"format": 1`, `"format": 2`, "format 2 is not known; this isa reads format 1, a newer isa may have written it; use the isa that wrote it"},
		{`"format": 1,`, ``, "it has no format"},
		{`org_unit.b`, `org_unit.a`, "org_unit.a occurs twice"},
		{`"serial": 3`, `"serial": -1`, "below zero"},
		{`"lineage": "l"`, `"lineage": ""`, "without lineage"},
		{`"id": "1",`, ``, `no ID although its status is "ready"`},
		{`"status": "ready"`, `"status": "fine"`, `status "fine" is not known`},
		{`"kind": "org_unit"`, `"kind": ""`, "no kind"},
		{`"kind": "org_unit"`, `"kind": "robot"`, `kind "robot"`},
		{`"serial": 3`, `"serial": 3, "serial": 3`, "/serial stands there twice"},
		{`"org_unit.a"`, `"org_unit"`, "is not an address"},
		{`"tool_version"`, `"colour"`, `at line 5: unknown object member name "/colour"; use the isa that wrote it`},
		{`"serial": 3,`, `"serial": 3`, "damaged at line 5"},
		{`"rows": 3`, `"rows": "x"`, "damaged at line"},
		{`"phase": "presync"`, `"phase": ""`, "wave 1, wave.one: no phase"},
		{`"address": "wave.one",`, ``, "no address"},
		{`"id": "led"`, `"id": ""`, "high-water mark 7"},
		{`"high_water": 7`, `"high_water": -7`, "high-water mark -7"},
		{"\n}\n", "\n}\n{}", "after top-level value"},
	} {
		data := []byte(strings.Replace(string(good), c.old, c.new, 1))
		_, err := Decode("x.json", data)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.json.backup") {
			t.Errorf("%s → %s: error %v, want %q and the way out", c.old, c.new, err, c.want)
		}
		if diag.ClassOf(err) != diag.Invalid {
			t.Errorf("class %s", diag.ClassOf(err))
		}
	}
	for i := range good[:len(good)-2] {
		if _, err := Decode("x.json", good[:i]); err == nil {
			t.Fatalf("a state cut off after %d of %d bytes was read", i, len(good))
		}
	}
}

// randomEntries makes a journal over few addresses, so that entries meet.
func randomEntries(r *rand.Rand, lineage string, serial, n int) []Entry {
	entries := []Entry{{Begin: &Begin{Lineage: lineage, Serial: serial, Tenant: "acme", Time: time.Unix(1, 0).UTC()}}}
	for i := range n {
		o := unit(fmt.Sprint("u", r.IntN(6)), fmt.Sprint(r.IntN(9)))
		o.Attrs = value.Object{"n": value.Int(i), "text": value.String("줄\n바꿈")}
		switch r.IntN(10) {
		case 0:
			o.ID, o.Status, o.Known = "", Pending, []string{"9"}
			entries = append(entries, Entry{Intent: &Intent{Step: fmt.Sprint(i), Verb: "create", Object: &o}})
		case 1:
			entries = append(entries, Entry{Intent: &Intent{Step: fmt.Sprint(i), Verb: "patch"}})
		case 2:
			entries = append(entries, Entry{Drop: &Drop{Address: o.Address}})
		case 3:
			entries = append(entries, Entry{Audit: &Audit{Act: "allow", Code: "x", Count: i}})
		case 4:
			entries = append(entries, Entry{Tables: []Table{{File: "a", Rows: i}}})
		case 6:
			entries = append(entries, Entry{Wave: &Wave{Address: addr.New("wave", string(rune('a'+r.IntN(3)))), Phase: fmt.Sprint("p", i), Since: time.Unix(int64(i), 0).UTC()}})
		case 7:
			entries = append(entries, Entry{Ledger: &Ledger{ID: "led", HighWater: int64(i)}})
		default:
			entries = append(entries, Entry{Put: &Put{Step: fmt.Sprint(i), Object: o}})
		}
	}
	return entries
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		entries := randomEntries(r, "l", 3, 30)
		before := sample()
		once := Fold(before, entries)
		if diff := cmp.Diff(once, Fold(once, entries)); diff != "" {
			t.Fatalf("seed %d: -once +twice\n%s", seed, diff)
		}
		var twice []Entry
		for _, e := range entries {
			twice = append(twice, e, e)
		}
		if diff := cmp.Diff(once, Fold(before, twice)); diff != "" {
			t.Fatalf("seed %d: each line twice: -once +twice\n%s", seed, diff)
		}
		if diff := cmp.Diff(sample(), before); diff != "" {
			t.Fatalf("seed %d: Fold changed its input\n%s", seed, diff)
		}
	}
}

func TestFoldMovesObjectsToNewAddresses(t *testing.T) {
	a, b := unit("a", "1"), unit("b", "2")
	swapped := []Entry{
		{Put: &Put{Object: unit("a", "2"), Previous: b.Address}},
		{Put: &Put{Object: unit("b", "1"), Previous: a.Address}},
	}
	s := Fold(sample(), swapped)
	s = Fold(s, swapped)
	for label, id := range map[string]string{"a": "2", "b": "1"} {
		if o, ok := s.Find(addr.New("org_unit", label)); !ok || o.ID != id {
			t.Errorf("%s has ID %q, want %q", label, o.ID, id)
		}
	}
	s = Fold(sample(), []Entry{{Put: &Put{Object: unit("c", "1"), Previous: a.Address}}})
	if _, ok := s.Find(a.Address); ok || len(s.Objects) != 2 {
		t.Errorf("the object is still at its old address: %v", s.Objects)
	}
}

func TestAJournalCutOffAnywhereIsAPrefix(t *testing.T) {
	entries := randomEntries(rand.New(rand.NewPCG(7, 7)), "l", 3, 10)
	data, ends := journal(t, entries)
	for cut := range len(data) + 1 {
		got, err := ReadJournal(data[:cut])
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := 0
		for want < len(ends) && ends[want] <= cut {
			want++
		}
		if diff := cmp.Diff(entries[:want], got, equateEmpty()); diff != "" {
			t.Fatalf("cut at %d: -want +got\n%s", cut, diff)
		}
	}
}

func equateEmpty() cmp.Option {
	return cmp.FilterValues(func(a, b []Entry) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())
}

func journal(t *testing.T, entries []Entry) (data []byte, ends []int) {
	t.Helper()
	for _, e := range entries {
		var err error
		if data, err = AppendLine(data, e); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(data))
	}
	return data, ends
}

func TestDamageInTheMiddleIsRefused(t *testing.T) {
	data, ends := journal(t, randomEntries(rand.New(rand.NewPCG(7, 7)), "l", 3, 8))
	for i := range ends[len(ends)-2] - 1 { // without its last line break the line before would be the torn end

		bad := bytes.Clone(data)
		bad[i] ^= 0x04
		if got, err := ReadJournal(bad); err == nil {
			t.Fatalf("byte %d of %d flipped: %d entries were read, no error", i, len(data), len(got))
		} else if !strings.Contains(err.Error(), "damaged at line") {
			t.Fatal(err)
		}
	}
}

// TestAWholeLineThatIsNotKnownIsNoTornEnd: what a newer isa wrote last was written.
func TestAWholeLineThatIsNotKnownIsNoTornEnd(t *testing.T) {
	data, _ := journal(t, randomEntries(rand.New(rand.NewPCG(7, 7)), "l", 3, 4))
	for _, entry := range []string{`{"colour": "red"}`, `{}`, `{"put": {"step": "s", "object": {"address": "org_unit.a", "kind": "robot"}}}`} {
		whole := slices.Concat(data, []byte(checksum([]byte(entry))+" "+entry+"\n"))
		if got, err := ReadJournal(whole); err == nil || !strings.Contains(err.Error(), "is not what this isa writes") {
			t.Errorf("%s: %d entries, %v", entry, len(got), err)
		}
		if _, err := ReadJournal(whole[:len(whole)-1]); err != nil {
			t.Errorf("%s without its end: %v", entry, err)
		}
	}
}

func TestContinueRefusesForeignJournals(t *testing.T) {
	begin := func(lineage string, serial int) []Entry {
		return []Entry{{Begin: &Begin{Lineage: lineage, Serial: serial}}, {Put: &Put{Object: unit("x", "9")}}}
	}
	for _, c := range []struct {
		name    string
		state   *State
		journal []Entry
		want    string
		added   bool
	}{
		{"same serial", sample(), begin("l", 3), "", true},
		{"folded already", sample(), begin("l", 2), "", false},
		{"first apply", Empty(), begin("new", 0), "", true},
		{"nothing", sample(), nil, "", false},
		{"another lineage", sample(), begin("k", 3), "belongs to lineage k", false},
		{"older state", sample(), begin("l", 4), "older serial 3", false},
		{"state is gone", Empty(), begin("l", 4), "there is no such state", false},
		{"no begin", sample(), begin("l", 3)[1:], "does not begin", false},
		{"two begins", sample(), append(begin("l", 3), begin("l", 4)...), "two states", false},
	} {
		after, added, err := Continue(c.state, c.journal)
		if added != c.added || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: added %v, error %v", c.name, added, err)
		}
		if err != nil && diag.ClassOf(err) != diag.Conflict {
			t.Errorf("%s: class %s", c.name, diag.ClassOf(err))
		}
		if _, ok := stateOr(after).Find(addr.New("org_unit", "x")); ok != c.added {
			t.Errorf("%s: object folded: %v", c.name, ok)
		}
	}
}

func stateOr(s *State) *State {
	if s == nil {
		return Empty()
	}
	return s
}

func TestAppendLineRefusesWhatCannotBeRead(t *testing.T) {
	for _, e := range []Entry{{}, {Drop: &Drop{}, Audit: &Audit{}}, {Put: &Put{}}} {
		if _, err := AppendLine(nil, e); err == nil {
			t.Errorf("%+v was written", e)
		}
	}
}

func TestLineagesDiffer(t *testing.T) {
	if a, b := NewLineage(), NewLineage(); a == b || len(a) != 32 {
		t.Errorf("%q and %q", a, b)
	}
}

func FuzzDecode(f *testing.F) {
	good, err := Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":1,"objects":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode("f", data)
		if err != nil {
			return
		}
		out, err := Encode(s)
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		back, err := Decode("f", out)
		if err != nil {
			t.Fatalf("written but not read: %v", err)
		}
		again, err := Encode(back)
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("%v\n%s\n%s", err, out, again)
		}
	})
}

func FuzzJournal(f *testing.F) {
	var data []byte
	for _, e := range randomEntries(rand.New(rand.NewPCG(1, 1)), "l", 3, 5) {
		data, _ = AppendLine(data, e)
	}
	f.Add(data)
	f.Add(append(data[:len(data):len(data)], "00000000 {}\n"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ReadJournal(data)
		if err != nil {
			return
		}
		if after, _, err := Continue(sample(), entries); err == nil {
			if _, err := Encode(after); err != nil {
				t.Fatalf("a journal that is read gives a state that cannot be written: %v", err)
			}
		}
	})
}

func TestFoldKeepsTheLastWordOfAWaveAndOfTheLedger(t *testing.T) {
	one, two := addr.New("wave", "one"), addr.New("wave", "two")
	s := Fold(sample(), []Entry{
		{Wave: &Wave{Address: two, Phase: "presync", Since: time.Unix(6, 0).UTC()}},
		{Wave: &Wave{Address: one, Phase: "cutover", Since: time.Unix(7, 0).UTC(), Who: "lee@build"}},
		{Ledger: &Ledger{ID: "led", HighWater: 9}},
		{Ledger: &Ledger{ID: "led", HighWater: 12}},
		{Stream: &Stream{Name: "m.two", Origin: "o", Target: "t", Passed: time.Unix(1, 0).UTC()}},
		{Stream: &Stream{Name: "m.one", Origin: "o", Target: "t", Passed: time.Unix(2, 0).UTC()}},
		{Stream: &Stream{Name: "m.two", Origin: "o", Target: "t", Passed: time.Unix(3, 0).UTC(), Closed: time.Unix(4, 0).UTC()}},
	})
	want := []Stream{{Name: "m.one", Origin: "o", Target: "t", Passed: time.Unix(2, 0).UTC()},
		{Name: "m.two", Origin: "o", Target: "t", Passed: time.Unix(3, 0).UTC(), Closed: time.Unix(4, 0).UTC()}}
	if !slices.Equal(s.Streams, want) {
		t.Errorf("streams are %+v", s.Streams)
	}
	data, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Decode("state", data); err != nil || !slices.Equal(back.Streams, want) {
		t.Errorf("they come back as %+v, %v", back, err)
	}
	if w, ok := s.Wave(one); !ok || w.Phase != "cutover" || w.Who != "lee@build" {
		t.Errorf("wave.one is %+v", w)
	}
	if w, ok := s.Wave(two); !ok || w.Phase != "presync" || len(s.Waves) != 2 {
		t.Errorf("waves are %+v", s.Waves)
	}
	if _, ok := s.Wave(addr.New("wave", "three")); ok {
		t.Error("a wave that was never there is known")
	}
	if s.Ledger.HighWater != 12 {
		t.Errorf("the ledger is at %d", s.Ledger.HighWater)
	}
}

func TestAppendLineRefusesAWaveWithoutAPhase(t *testing.T) {
	for _, e := range []Entry{{Wave: &Wave{Address: addr.New("wave", "one")}}, {Ledger: &Ledger{HighWater: 1}}} {
		if _, err := AppendLine(nil, e); diag.ClassOf(err) != diag.Internal {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
