package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// reviewed is a plan with one of everything that a reviewer looks at.
func reviewed() *planner.Plan {
	p := reorganisation()
	p.Created = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p.Tool, p.AsOf = "0.1.0", "2026-03-01"
	for i := range p.Changes {
		p.Changes[i].Company = schema.Company{Domain: "acme.co.kr", DomainID: 1}
	}
	renamed := person("0311")
	p.Changes = append(p.Changes,
		planner.Change{Address: renamed, Kind: "member", Action: planner.Update, Title: "최새봄 saebom.choi",
			Before: value.Object{"login_id": value.String("sb.choi"), "aliases": value.List{value.String("spring")}},
			After:  value.Object{"login_id": value.String("saebom.choi"), "aliases": value.List{value.String("sb.choi"), value.String("spring")}}},
		planner.Change{Address: addr.New("group", "tf"), Kind: "group", Action: planner.Update, Title: "이전 TF",
			Before: value.Object{"administrators": value.List{ref(person("0001"))}},
			After:  value.Object{"administrators": value.Edit{Add: value.List{ref(person("0877"))}, Remove: value.List{ref(person("0001"))}}}})
	kinds := []string{"org_unit", "member", "group"}
	slices.SortStableFunc(p.Changes, func(a, b planner.Change) int {
		return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
	})
	p.Drift = append(p.Drift, planner.Drift{Address: unit("X9"), Title: "해외영업팀", Attr: "order", Applied: value.ID(unit("S200")), Live: nil, Reverted: true})
	leaver := person("0555")
	for _, c := range p.Changes {
		if c.Action == planner.Suspend {
			leaver = c.Address
		}
	}
	p.Effects = []planner.Effect{
		{Sort: planner.Leaves, Address: leaver},
		{Sort: planner.Renames, Address: renamed, Attr: "login_id"},
		{Sort: planner.LosesHead, Address: person("0877"), Of: `org_unit.hr["S200"]`, To: person("0001")},
		{Sort: planner.LosesHead, Address: leaver, Of: "0b1c-old"},
		{Sort: planner.DeletesUnit, Address: unit("X9")},
		{Sort: planner.Administrators, Address: addr.New("group", "tf"), Attr: "administrators"},
		{Sort: planner.Invites, Address: person("1042")},
		{Sort: planner.SignsOut, Address: renamed, Attr: "login_id"},
		{Sort: planner.SignsOut, Address: leaver},
		{Sort: planner.Loses, Address: unit("X9")},
	}
	before := 300
	p.Seats = &planner.Seats{Now: 298, Then: 301, Licences: 320}
	p.TableChanges = []planner.TableChange{
		{File: "hr/staff.xlsx", Sheet: "직원", Rows: 312, Before: &before, Added: 14, Removed: 2, Changed: 7, Counted: true},
		{File: "hr/units.csv", Rows: 41},
	}
	p.Waves = []planner.WaveChange{{Address: addr.New("wave", "one"), From: "presync", To: "cutover"}}
	p.Content = []planner.Content{{Address: addr.Instance("mail_migration", "staff", "0001"), Title: "이무궁 mg.lee", Wave: addr.New("wave", "one"),
		Phase: "cutover", Items: 18_234, Bytes: 4_120_000_000, NewItems: 1204, NewBytes: 312_000_000, Surveyed: p.Created}}
	p.Unserved = []planner.Unserved{{Address: addr.New("mail_source", "old"), What: "calendars and contacts of the old server"}}
	p.Diagnostics = p.Diagnostics[:1]
	return p
}

// hostile is what somebody may have written into a name.
const hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> @everyone #12 GH-3 a|b `c` *d* [e](http://evil.example/f) https://evil.example/g www.evil.example &lt; \u202e\x1b[31m\r\n## h\n- i"

// spiteful is a plan with hostile texts wherever texts come from outside.
func spiteful() *planner.Plan {
	p := reviewed()
	for i := range p.Changes {
		c := &p.Changes[i]
		c.Title, c.Reason = hostile, hostile
		for name, v := range c.After {
			if _, text := v.(value.String); text {
				c.After[name] = value.String(hostile)
			}
		}
		c.Steps = append(c.Steps, planner.Step{Note: hostile})
	}
	for i := range p.Drift {
		p.Drift[i].Title, p.Drift[i].Live = hostile, value.String(hostile)
	}
	for i := range p.TableChanges {
		p.TableChanges[i].File, p.TableChanges[i].Sheet = hostile, hostile
	}
	p.Content[0].Title, p.Content[0].Waits = hostile, hostile
	p.Unserved[0].What = hostile
	p.Diagnostics = diag.List{{Severity: diag.Warning, Code: hostile, Summary: hostile, Detail: hostile, Fix: hostile, Paste: hostile, Address: hostile,
		Place: diag.Place{Cell: &diag.Cell{File: hostile, Sheet: hostile, Heading: hostile}}}}
	p.Names = map[string]planner.Name{"org_unit.hq": {Title: hostile}, `org_unit.hr["S"]`: {Title: hostile, Parent: "org_unit.hq"}}
	return p
}

// company is a plan of n changes: a third each of people who come, change and leave.
func company(n int) *planner.Plan {
	p := &planner.Plan{Hash: strings.Repeat("0123456789abcdef", 4), Cost: planner.Cost{Requests: map[string]int{"user-create": n}}}
	hq := addr.New("org_unit", "hq")
	p.Names = map[string]planner.Name{hq.String(): {Title: "본사", Kind: "org_unit"}}
	for i := range n / 30 {
		a := unit(fmt.Sprintf("T%03d", i))
		p.Changes = append(p.Changes, planner.Change{Address: a, Kind: "org_unit", Action: planner.Create, Title: fmt.Sprintf("영업%d팀", i),
			After: value.Object{"name": value.String(fmt.Sprintf("영업%d팀", i)), "parent": ref(hq)}, Managed: value.Object{"parent": ref(hq)}})
		p.Summary.Create++
	}
	for i := len(p.Changes); i < n; i++ {
		a := person(fmt.Sprintf("%05d", i))
		team := ref(unit(fmt.Sprintf("T%03d", i%(n/30))))
		c := planner.Change{Address: a, Kind: "member", Title: fmt.Sprintf("김사람%d person.%d", i, i)}
		switch i % 3 {
		case 0:
			c.Action = planner.Create
			p.Summary.Create++
			c.After = value.Object{"login_id": value.String(fmt.Sprintf("person.%d", i)), "last_name": value.String("김"), "first_name": value.String(fmt.Sprintf("사람%d", i)),
				"cell_phone": value.String("010-1234-5678"), "belongs_to": value.List{value.Object{"org_unit": team}}}
			c.Managed = c.After
			p.Effects = append(p.Effects, planner.Effect{Sort: planner.Invites, Address: a})
		case 1:
			c.Action = planner.Update
			p.Summary.Update++
			c.Before, c.After = value.Object{"task": value.String("영업")}, value.Object{"task": value.String("마케팅")}
		default:
			c.Action, c.Reason = planner.Suspend, "no longer declared"
			p.Summary.Suspend++
			p.Effects = append(p.Effects, planner.Effect{Sort: planner.Leaves, Address: a})
		}
		p.Changes = append(p.Changes, c)
	}
	return p
}
