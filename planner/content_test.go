package planner

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// contentStory is one case: what is declared, what the state and the ledger know.
type contentStory struct {
	Content DeclaredContent
	Waves   []state.Wave `json:"state"`
	Moved   []schema.Move
	Allow   map[string]int
	Target  []addr.Address
	Omit    []addr.Address
	Guards  []Guard
	// People are members by the label of person.<label>: "new", "pending", "here".
	People map[string]string
}

func (s *contentStory) input() Input {
	one := story{Allow: s.Allow, Target: s.Target, Omit: s.Omit, Guards: s.Guards}
	in := one.input()
	in.State.Waves, in.Content, in.Moves = s.Waves, s.Content, s.Moved
	var person *schema.Kind
	for _, k := range in.Kinds {
		if k.Type == "person" {
			person = k
		}
	}
	for label, how := range s.People {
		a, attrs := addr.New("person", label), value.Object{"login": value.String(label)}
		in.Wanted = append(in.Wanted, &schema.Instance{Addr: a, Kind: person, Company: acme, Attrs: attrs})
		if how == "new" {
			continue
		}
		in.State.Objects = append(in.State.Objects, state.Object{Address: a, Kind: "person", ID: label, DomainID: 1, Status: state.Ready, Attrs: attrs})
		status := live.InUse
		if how == "pending" {
			status = live.Pending
		}
		in.Live.Objects["person"] = append(in.Live.Objects["person"], live.Object{Kind: "person", ID: label, DomainID: 1, Attrs: attrs, Status: status})
	}
	return in
}

func tellContent(t *testing.T, p *Plan) string {
	var b strings.Builder
	for _, w := range p.Waves {
		fmt.Fprintf(&b, "%s %q → %q", w.Address, w.From, w.To)
		if !w.Previous.IsZero() {
			fmt.Fprintf(&b, " was %s", w.Previous)
		}
		b.WriteString("\n")
	}
	for _, c := range p.Content {
		fmt.Fprintf(&b, "%s\n", mustJSON(t, c))
	}
	for _, u := range p.Unserved {
		fmt.Fprintf(&b, "unserved %s: %s\n", u.Address, u.What)
	}
	if p.Cost.Content != nil {
		fmt.Fprintf(&b, "cost %s\n", mustJSON(t, *p.Cost.Content))
	}
	for _, h := range p.Headroom {
		fmt.Fprintf(&b, "headroom %s %d of %d\n", h.Code, h.Count, h.Limit)
	}
	if len(p.Allowed) > 0 {
		fmt.Fprintf(&b, "allowed %v\n", p.Allowed)
	}
	for _, d := range p.Diagnostics {
		fmt.Fprintf(&b, "%s %s %s: %s: %s → %s\n", d.Severity, d.Code, d.Address, d.Summary, d.Detail, d.Fix)
		if d.Fix == "" || d.Summary == "" {
			t.Errorf("%s has no summary or way out", d.Code)
		}
	}
	fmt.Fprintf(&b, "empty %t, %d changes\n", p.Empty(), len(p.Changes))
	return b.String()
}

func TestContent(t *testing.T) {
	files, err := filepath.Glob("testdata/content/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories:", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out := &txtar.Archive{Comment: archive.Comment}
		wants := map[string]string{}
		for _, f := range archive.Files {
			wants[f.Name] = string(f.Data)
		}
		for _, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, ".json")
			if !ok {
				continue
			}
			t.Run(name, func(t *testing.T) {
				var s contentStory
				dec := json.NewDecoder(strings.NewReader(string(f.Data)))
				dec.DisallowUnknownFields()
				if err := dec.Decode(&s); err != nil {
					t.Fatal(err)
				}
				got := tellContent(t, Build(s.input()))
				out.Files = append(out.Files, f, txtar.File{Name: name + ".plan", Data: []byte(got)})
				if diff := cmp.Diff(wants[name+".plan"], got); diff != "" && !*update {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func mailbox(label, wave, phase string) Stream {
	return Stream{Address: addr.New("mail_migration", label), Title: label, Route: "append", Phase: phase, Filters: []string{"since 2021-01-01"}, Wave: addr.New("wave", wave),
		Counts: &Counts{Items: 10, Bytes: 1000, NewItems: 3, NewBytes: 300, Surveyed: noon}}
}

// TestContentInTheHash: what a reviewer approves is address, route, phase and
// filters; counts, ages, titles and what is only forgotten are not.
func TestContentInTheHash(t *testing.T) {
	hash := func(change func(*Input)) string {
		in := (&story{}).input()
		in.Content.Waves = []DeclaredWave{{Address: addr.New("wave", "one"), Phase: "presync", Coexistence: "routing"}}
		in.Content.Streams = []Stream{mailbox("a", "one", "presync"), mailbox("b", "one", "presync")}
		change(&in)
		return Build(in).Hash
	}
	first := hash(func(*Input) {})
	for name, same := range map[string]func(*Input){
		"counts":    func(in *Input) { in.Content.Streams[0].Counts = &Counts{NewItems: 7, Surveyed: noon.Add(time.Hour)} },
		"no survey": func(in *Input) { in.Content.Streams[0].Counts = nil },
		"passed":    func(in *Input) { in.Content.Streams[0].Passed, in.Content.Streams[0].Moved = noon, true },
		"title":     func(in *Input) { in.Content.Streams[0].Title = "other" },
		"order":     func(in *Input) { slices.Reverse(in.Content.Streams) },
		"forgotten": func(in *Input) { in.Content.Forgotten = []Stream{mailbox("c", "one", "presync")} },
		"unserved":  func(in *Input) { in.Content.Unserved = []Unserved{{addr.New("mail_source", "old"), "archives"}} },
		"the wave of the state": func(in *Input) {
			in.State.Waves = []state.Wave{{Address: addr.New("wave", "one"), Phase: "presync"}}
		},
		"coexistence": func(in *Input) { in.Content.Waves[0].Coexistence = "none" },
	} {
		if hash(same) != first {
			t.Errorf("%s changes the hash", name)
		}
	}
	for name, other := range map[string]func(*Input){
		"phase":     func(in *Input) { in.Content.Streams[0].Phase = "cutover" },
		"route":     func(in *Input) { in.Content.Streams[0].Route = "gateway" },
		"filters":   func(in *Input) { in.Content.Streams[0].Filters = nil },
		"a mailbox": func(in *Input) { in.Content.Streams = in.Content.Streams[:1] },
		"address":   func(in *Input) { in.Content.Streams[0].Address = addr.New("mail_migration", "z") },
	} {
		if hash(other) == first {
			t.Errorf("%s is not in the hash", name)
		}
	}
}

// TestBlocksOfContentAreNoObjects: they are neither created nor looked for.
func TestBlocksOfContentAreNoObjects(t *testing.T) {
	in := (&story{}).input()
	wave := &schema.Kind{Type: "wave", Content: true}
	in.Wanted = []*schema.Instance{{Addr: addr.New("wave", "one"), Kind: wave, Company: acme, Attrs: value.Object{}}}
	p := Build(in)
	if !p.Empty() || len(p.Diagnostics) > 0 || len(in.Wanted) != 1 {
		t.Errorf("%+v %v", p.Changes, p.Diagnostics)
	}
}

func TestContentOfAPlanSavedAndReadIsTheSame(t *testing.T) {
	in := (&story{}).input()
	in.Content.Streams = []Stream{mailbox("a", "one", "presync"), {Address: addr.New("mail_migration", "n"), Route: "append", Phase: "presync"}}
	p := Build(in)
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if Hash(&back) != p.Hash || back.Empty() != p.Empty() {
		t.Errorf("the hash was %s, is %s", p.Hash, Hash(&back))
	}
}
