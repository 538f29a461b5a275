package planner

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

var update = flag.Bool("update", false, "write the golden plans anew")

// story is one case: what is wanted, what the state knows, what is there.
type story struct {
	Now    time.Time      `json:"now"`
	Allow  map[string]int `json:"allow"`
	Target []addr.Address `json:"target"`
	Omit   []addr.Address `json:"exclude"`
	Guards []Guard        `json:"guards"`
	Tables []Table        `json:"tables"`
	Last   []Table        `json:"last_tables"`

	Wanted []struct {
		Addr      addr.Address     `json:"at"`
		Attrs     value.Object     `json:"attrs"`
		Lifecycle schema.Lifecycle `json:"life"`
		Previous  []string         `json:"previous"`
		Table     bool             `json:"table"`
	} `json:"wanted"`
	State []state.Object `json:"state"`
	Live  []live.Object  `json:"live"`
	Moved []struct {
		From addr.Address `json:"from"`
		To   addr.Address `json:"to"`
	} `json:"moved"`
	Removed []struct {
		From   addr.Address `json:"from"`
		Action string       `json:"action"`
	} `json:"removed"`
	Import []struct {
		To     addr.Address `json:"to"`
		ID     string       `json:"id"`
		ByHand bool         `json:"by_hand"`
	} `json:"import"`
	// Unlisted are kinds that the listing left out.
	Unlisted []string `json:"unlisted"`
	// People adds that many unchanged people, for guards.
	People int `json:"people"`
	// Leavers are that many of them who are not wanted any more.
	Leavers int `json:"leavers"`
}

func (s *story) input() Input {
	kinds := toyKinds()
	byType := map[string]*schema.Kind{}
	for _, k := range kinds {
		byType[k.Type] = k
	}
	in := Input{Tool: "test", Now: s.Now, Allow: s.Allow, Targets: s.Target, Exclude: s.Omit, Guards: s.Guards,
		Tables: s.Tables, Kinds: kinds, State: &state.State{Tables: s.Last}, PerMinute: 240, Calls: toyCalls,
		Tenant: schema.Tenant{Companies: []schema.Company{acme}}, Live: live.Snapshot{Objects: map[string][]live.Object{}}}
	if in.Now.IsZero() {
		in.Now = noon
	}
	for i, w := range s.Wanted {
		in.Wanted = append(in.Wanted, &schema.Instance{Addr: w.Addr, Kind: byType[w.Addr.Type], Company: acme, Attrs: w.Attrs,
			Lifecycle: w.Lifecycle, Previous: w.Previous, Seq: i, Written: !w.Table})
	}
	for _, m := range s.Moved {
		in.Moves = append(in.Moves, schema.Move{From: m.From, To: m.To})
	}
	for _, r := range s.Removed {
		in.Removals = append(in.Removals, schema.Removal{From: r.From, Action: r.Action})
	}
	for _, im := range s.Import {
		in.Imports = append(in.Imports, schema.Import{To: im.To, ID: im.ID, ByHand: im.ByHand})
	}
	for _, o := range s.State {
		if o.Kind = o.Address.Type; o.DomainID == 0 {
			o.DomainID = 1
		}
		if o.Status == "" {
			o.Status = state.Ready
		}
		in.State.Objects = append(in.State.Objects, o)
	}
	for _, k := range kinds {
		if !slices.Contains(s.Unlisted, k.Type) {
			in.Live.Objects[k.Type] = []live.Object{}
		}
	}
	for _, o := range s.Live {
		o.DomainID = 1
		if o.Status == "" {
			o.Status = live.InUse
		}
		in.Live.Objects[o.Kind] = append(in.Live.Objects[o.Kind], o)
	}
	for i := range s.People {
		a, id := addr.Instance("person", "many", fmt.Sprintf("%04d", i)), fmt.Sprint("M", i)
		attrs := value.Object{"login": value.String(fmt.Sprint("many", i))}
		if i >= s.Leavers {
			in.Wanted = append(in.Wanted, &schema.Instance{Addr: a, Kind: byType["person"], Company: acme, Attrs: attrs})
		}
		in.State.Objects = append(in.State.Objects, state.Object{Address: a, Kind: "person", ID: id, DomainID: 1, Status: state.Ready, Attrs: attrs})
		in.Live.Objects["person"] = append(in.Live.Objects["person"], live.Object{Kind: "person", ID: id, DomainID: 1, Attrs: attrs, Status: live.InUse})
	}
	return in
}

// tell writes a plan in short lines, so that a golden file reads like a story.
func tell(t *testing.T, p *Plan) string {
	var b strings.Builder
	for i, c := range p.Changes {
		if i == 12 {
			fmt.Fprintf(&b, "… %d more\n", len(p.Changes)-i)
			break
		}
		fmt.Fprintf(&b, "%s %s", c.Action, c.Address)
		if !c.Previous.IsZero() {
			fmt.Fprintf(&b, " was %s", c.Previous)
		}
		fmt.Fprintf(&b, " id=%s (%s)\n", c.ID, c.Reason)
		if len(c.Before)+len(c.After) > 0 && c.Action != Create {
			fmt.Fprintf(&b, "  %s → %s\n", mustJSON(t, c.Before), mustJSON(t, c.After))
		}
		for _, s := range c.Steps {
			fmt.Fprintf(&b, "  %s %s", s.ID[strings.LastIndex(s.ID, "#"):], s.Verb)
			if len(s.Attrs) > 0 {
				b.WriteString(" " + mustJSON(t, s.Attrs))
			}
			if s.Place != nil {
				b.WriteString(" at " + mustJSON(t, s.Place))
			}
			if len(s.Needs) > 0 {
				b.WriteString(" after " + strings.Join(s.Needs, " "))
			}
			if s.Note != "" {
				b.WriteString(" (" + s.Note + ")")
			}
			b.WriteString("\n")
		}
	}
	for _, d := range p.Drift {
		fmt.Fprintf(&b, "drift %s %s: %s → %s reverted=%v\n", d.Address, d.Attr, mustJSON(t, d.Applied), mustJSON(t, d.Live), d.Reverted)
	}
	for _, a := range p.Unconfirmed {
		fmt.Fprintf(&b, "unconfirmed %s\n", a)
	}
	for _, h := range p.Headroom {
		fmt.Fprintf(&b, "headroom %s %d of %d (of %d)\n", h.Code, h.Count, h.Limit, h.Of)
	}
	if len(p.Allowed) > 0 {
		fmt.Fprintf(&b, "allowed %v\n", p.Allowed)
	}
	for _, d := range p.Diagnostics {
		fmt.Fprintf(&b, "%s %s %s %s: %s → %s\n", d.Severity, d.Code, d.Address, d.Attr, d.Detail, d.Fix)
		for line := range strings.Lines(d.Paste) {
			fmt.Fprintf(&b, "  | %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	if b.Len() == 0 {
		return "no changes\n"
	}
	return strings.ReplaceAll(b.String(), `,"attr":"id"`, "")
}

func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories:", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i++ {
			f := archive.Files[i]
			name, ok := strings.CutSuffix(f.Name, ".json")
			if !ok {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				var s story
				dec := json.NewDecoder(strings.NewReader(string(f.Data)))
				dec.DisallowUnknownFields()
				if err := dec.Decode(&s); err != nil {
					t.Fatal(err)
				}
				p := Build(s.input())
				if p.Diagnostics.HasErrors() {
					for _, c := range p.Changes {
						if len(c.Steps) > 0 {
							t.Error("a plan with errors has steps")
						}
					}
				}
				got := tell(t, p)
				want := ""
				if i+1 < len(archive.Files) && archive.Files[i+1].Name == name+".plan" {
					want = string(archive.Files[i+1].Data)
				}
				if got == want {
					return
				}
				if !*update {
					t.Errorf("plan:\n%s\nwant:\n%s", got, want)
					return
				}
				if want != "" {
					archive.Files[i+1].Data = []byte(got)
				} else {
					archive.Files = append(archive.Files[:i+1], append([]txtar.File{{Name: name + ".plan", Data: []byte(got)}}, archive.Files[i+1:]...)...)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
