package view

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

var update = flag.Bool("update", false, "rewrite the kept texts")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", path, diff)
	}
}

func unit(key string) addr.Address   { return addr.Instance("org_unit", "hr", key) }
func person(key string) addr.Address { return addr.Instance("member", "staff", key) }

func ref(a addr.Address) value.Value { return value.ID(a) }

// reorganisation is a plan with one of everything.
func reorganisation() *planner.Plan {
	hq := addr.New("org_unit", "hq")
	lead := addr.New("position", "lead")
	return &planner.Plan{
		Summary: planner.Summary{Create: 3, Update: 3, Move: 2, Suspend: 1, Restore: 1, Delete: 1, Adopt: 1, Forget: 1},
		Hash:    "5f3c9a1e77aa00bb5f3c9a1e77aa00bb5f3c9a1e77aa00bb5f3c9a1e77aa00bb",
		Cost:    planner.Cost{Requests: map[string]int{"user-create": 3, "orgunit-move": 6}, Seconds: 372},
		Names: map[string]planner.Name{
			"org_unit.hq":           {Title: "본사"},
			`org_unit.hr["S"]`:      {Title: "영업본부", Parent: "org_unit.hq"},
			"0b1c-old":              {Title: "전략본부"},
			"position.lead":         {Title: "팀장"},
			"grade-1":               {Title: "대리"},
			`job_grade.g["과장"]`:     {Title: "과장"},
			`org_unit.hr["S200"]`:   {Title: "영업2팀", Parent: `org_unit.hr["S"]`},
			`member.staff["0001"]`:  {Title: "이무궁 mg.lee"},
			`org_unit.hr["M100\n"]`: {Title: "never"},
		},
		Changes: []planner.Change{
			{Address: unit("S300"), Kind: "org_unit", Action: planner.Create, Title: "영업3팀",
				Managed: value.Object{"name": value.String("영업3팀"), "parent": ref(unit("S"))},
				Steps:   []planner.Step{{Verb: planner.DoCreate, Place: &planner.Place{Parent: ref(unit("S")), After: ref(unit("S210"))}}}},
			{Address: unit("S210"), Kind: "org_unit", Action: planner.Move, Title: "파트너영업팀",
				Before: value.Object{"parent": value.String("0b1c-old")}, After: value.Object{"parent": ref(unit("S"))},
				Managed: value.Object{"name": value.String("파트너영업팀"), "parent": ref(unit("S"))},
				Steps:   []planner.Step{{Verb: planner.DoPlace, Place: &planner.Place{Parent: ref(unit("S")), Last: true}}}},
			{Address: unit("M100"), Kind: "org_unit", Action: planner.Update, Title: "경영지원실",
				Before:  value.Object{"name": value.String("경영지원팀"), "description": value.String("사내 살림을 맡는 부서로서 총무와 인사와 재무를 모두 아우른다")},
				After:   value.Object{"name": value.String("경영지원실"), "description": value.Clear{}},
				Managed: value.Object{"parent": ref(hq)}},
			{Address: unit("X9"), Kind: "org_unit", Action: planner.Delete, Title: "없어질 팀", Reason: "no longer in the configuration",
				Before: value.Object{"parent": ref(hq)}},
			{Address: person("1042"), Kind: "member", Action: planner.Create, Title: "홍길동 gildong.hong",
				Managed: value.Object{"belongs_to": value.List{value.Object{"org_unit": ref(unit("S300")), "position": ref(lead)}}}},
			{Address: person("0877"), Kind: "member", Action: planner.Update, Title: "김한국 hk.kim",
				Before: value.Object{"job_grade": value.String("grade-1"), "names": value.Object{"en_US": value.Object{"last": value.String("Gim")}}},
				After: value.Object{"job_grade": ref(addr.Instance("job_grade", "g", "과장")),
					"names": value.Object{"en_US": value.Object{"last": value.String("Kim")}}},
				Steps: []planner.Step{{Note: "head of 영업2팀 (released by 이무궁 first)"}}},
			{Address: person("0900"), Kind: "member", Action: planner.Update, Title: "이름이아주긴사람남궁 a.very.long.login.name",
				Before: value.Object{"aliases": value.List{value.String("old"), value.String("kept")}, "cell_phone": value.String("010-1234-5678")},
				After: value.Object{"aliases": value.List{value.String("kept"), value.String("new")}, "cell_phone": value.String("010-9999-5678"),
					"password": value.Secret("env:PW")}},
			{Address: person("0711"), Kind: "member", Action: planner.Suspend, Title: "박퇴사 ts.park", Reason: "no longer in hr/staff.xlsx"},
			{Address: person("0712"), Kind: "member", Action: planner.Restore, Title: "최복직 bj.choi", Reason: "is back",
				Previous: addr.Instance("member", "staff", "0012")},
			{Address: addr.New("group", "tf"), Kind: "group", Action: planner.Adopt, Title: "이전 TF", Reason: "found by name",
				Before: value.Object{}, After: value.Object{"members": value.Edit{Add: value.List{ref(person("0001"))}}}},
			{Address: addr.New("group", "old"), Kind: "group", Action: planner.Forget, Title: "\x1b[31m빨강\u202e"},
		},
		Drift: []planner.Drift{
			{Address: unit("M100"), Title: "경영지원실", Attr: "name", Applied: value.String("경영지원팀"), Live: value.String("경영팀"), Reverted: true},
			{Address: hq, Title: "본사", Attr: "description", Live: value.String("서울")},
		},
		Headroom: []planner.GuardUse{{Code: "member.removal", Count: 1, Limit: 10, Of: 298}, {Code: "org_unit.removal", Limit: 10}},
		Diagnostics: diag.List{
			{Severity: diag.Warning, Code: "value.capitals", Summary: "Address has capitals", Detail: "it is written in lower case",
				Address: `member.staff["1017"]`, Attr: "private_email",
				Place: diag.Place{Cell: &diag.Cell{File: "hr/staff.xlsx", Sheet: "직원", Ref: "F17", Heading: "개인메일"}}},
			{Severity: diag.Error, Code: "x.error", Summary: "is not part of the plan text"},
		},
	}
}

func TestPlan(t *testing.T) {
	var b bytes.Buffer
	if err := Plan(&b, reorganisation(), Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "reorganisation.txt", b.String())
}

func TestPlanKeepsToTheWidthAndNeverCutsAddresses(t *testing.T) {
	p := reorganisation()
	for _, width := range []int{70, 80, 100, 132} {
		var b bytes.Buffer
		if err := Plan(&b, p, Style{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if w := Width(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("width %d: a line takes %d columns: %s", width, w, line)
			}
		}
		for _, c := range p.Changes {
			if !strings.Contains(b.String(), c.Address.String()) {
				t.Errorf("width %d: %s is not shown whole", width, c.Address)
			}
		}
	}
}

func TestPlanHasNoControlCharactersWithoutColour(t *testing.T) {
	var b bytes.Buffer
	if err := Plan(&b, reorganisation(), Style{}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Error("characters that steer a terminal come through")
	}
	b.Reset()
	if err := Plan(&b, reorganisation(), Style{Colour: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\x1b[31m빨강") || !strings.Contains(b.String(), "\x1b[32m+\x1b[0m") {
		t.Error("colours are not isa's own")
	}
}

func TestEmptyPlan(t *testing.T) {
	var b bytes.Buffer
	if err := Plan(&b, &planner.Plan{}, Style{}); err != nil {
		t.Fatal(err)
	}
	if want := "No changes. The tenant is as the configuration says.\n"; b.String() != want {
		t.Errorf("have %q, want %q", b.String(), want)
	}
}

func TestSiblingsStandAsTheyWillStand(t *testing.T) {
	root := addr.New("org_unit", "root")
	create := func(label string, after value.Value) planner.Change {
		a := addr.New("org_unit", label)
		return planner.Change{Address: a, Kind: "org_unit", Action: planner.Create, Title: label,
			Managed: value.Object{"parent": ref(root)},
			Steps:   []planner.Step{{Verb: planner.DoCreate, Place: &planner.Place{Parent: ref(root), After: after}}}}
	}
	p := &planner.Plan{Changes: []planner.Change{
		create("a", ref(addr.New("org_unit", "b"))), create("b", ref(addr.New("org_unit", "c"))), create("c", nil),
		{Address: root, Kind: "org_unit", Action: planner.Create, Title: "root", Steps: []planner.Step{{Place: &planner.Place{}}}},
	}}
	var b bytes.Buffer
	if err := Plan(&b, p, Style{}); err != nil {
		t.Fatal(err)
	}
	want := "Org units\n  + root  org_unit.root\n  ├─ + c  org_unit.c\n  ├─ + b  org_unit.b\n  └─ + a  org_unit.a\n"
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("have\n%s", b.String())
	}
}

func TestARingOfPlacesAndParentsEnds(t *testing.T) {
	a, b := addr.New("org_unit", "a"), addr.New("org_unit", "b")
	ring := func(self, other addr.Address) planner.Change {
		return planner.Change{Address: self, Kind: "org_unit", Action: planner.Move, Title: self.Label,
			Steps: []planner.Step{{Verb: planner.DoPlace, Place: &planner.Place{After: ref(other)}}}}
	}
	var out bytes.Buffer
	if err := Plan(&out, &planner.Plan{Changes: []planner.Change{ring(a, b), ring(b, a)}}, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"org_unit.a", "org_unit.b"} {
		if strings.Count(out.String(), label) != 1 {
			t.Errorf("%s is not shown once:\n%s", label, out.String())
		}
	}
}

func TestDiagnostics(t *testing.T) {
	src := "member \"staff\" {\n\tlast_name = \"홍\", login_idd = each.value[\"아이디\"]\n}\n" +
		"# " + strings.Repeat("긴", 60) + "\n" + strings.Repeat("x ", 60) + "here\n"
	at := func(text string) *diag.Range {
		begin := strings.Index(src, text)
		line := strings.Count(src[:begin], "\n") + 1
		return &diag.Range{File: "main.hcl", Start: diag.Pos{Line: line, Column: 20, Byte: begin},
			End: diag.Pos{Line: line, Column: 29, Byte: begin + len(text)}}
	}
	list := diag.List{
		{Code: "config.attribute", Summary: "Unknown attribute", Detail: "member has no login_idd.", Fix: "write login_id",
			Address: `member.staff["1042"]`, Attr: "login_idd", Place: diag.Place{Range: at("login_idd")}},
		{Code: "value.phone", Summary: "Not a phone number", Detail: "\"1234\x1b[2J\" has too few digits. Accepted are numbers such as 010-1234-5678, +82 10 1234 5678 and extensions.",
			Place: diag.Place{Range: at(`each.value["아이디"]`), Cell: &diag.Cell{File: "hr/staff.xlsx", Sheet: "직원", Ref: "F17", Heading: "휴대폰"}}},
		{Severity: diag.Warning, Code: "w.far", Summary: "Far to the right", Place: diag.Place{Range: at("here")}},
		{Severity: diag.Warning, Code: "w.whole", Summary: "A line too long", Place: diag.Place{Range: at("# " + strings.Repeat("긴", 60))}},
		{Code: "guard.member.removal", Summary: "Too many members would leave", Detail: "11 of 298; 10 are allowed:\n  member.staff[\"1\"]\n  member.staff[\"2\"]",
			Fix: "check the table, or lift the guard for this plan with --allow member.removal=11"},
		{Code: "x", Summary: "A range that is not in the text", Place: diag.Place{Range: &diag.Range{File: "main.hcl", Start: diag.Pos{Line: 99, Byte: 99999}}}},
	}
	var b bytes.Buffer
	if err := Diagnostics(&b, list, map[string][]byte{"main.hcl": []byte(src)}, Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "diagnostics.txt", b.String())
	for line := range strings.Lines(b.String()) {
		if Width(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

func TestDifferenceOfTwoPlans(t *testing.T) {
	approved, now := reorganisation(), reorganisation()
	now.Changes = now.Changes[1:]
	now.Changes[1].After = value.Object{"name": value.String("지원실"), "description": value.Clear{}}
	now.Changes = append(now.Changes, planner.Change{Address: person("9"), Kind: "member", Action: planner.Create, Title: "새사람 new"})
	var b bytes.Buffer
	if err := Difference(&b, approved, now, Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "difference.txt", b.String())
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 400 * time.Millisecond: "0.4 s", 12 * time.Second: "12 s", 9990 * time.Millisecond: "10 s",
		59600 * time.Millisecond: "1 min", 390 * time.Second: "6 min 30 s", 5*time.Hour + 40*time.Minute: "5 h 40 min",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{999: "999 B", 41_200_000_000: "41.2 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func FuzzLineIsSafe(f *testing.F) {
	f.Add("홍길동\x1b]0;x\a", 10)
	f.Add("a\u202eb\xff", 3)
	f.Fuzz(func(t *testing.T, text string, width int) {
		line := Line(text)
		if strings.ContainsAny(line, "\x00\x1b\n\r\t\u202e\u2028\u009b") {
			t.Fatalf("Line(%q) = %q", text, line)
		}
		if got := Width(Cut(line, width%200)); got > max(width%200, 0) {
			t.Fatalf("Cut(%q, %d) takes %d columns", line, width%200, got)
		}
	})
}

func TestManyAlikeAreCounted(t *testing.T) {
	at := func(line int) diag.Place {
		return diag.Place{Range: &diag.Range{File: "main.hcl", Start: diag.Pos{Line: line, Byte: line * 10}}}
	}
	var list diag.List
	for i := range 4000 {
		d := diag.Diagnostic{Code: "value.date", Summary: "Not a date", Place: at(7)}
		d.Cell = &diag.Cell{File: "hr/staff.xlsx", Sheet: "직원", Ref: fmt.Sprintf("J%d", i+5)}
		list = append(list, d)
	}
	list = append(list, diag.Diagnostic{Code: "value.date", Summary: "Not a date, elsewhere", Place: at(9)},
		diag.Diagnostic{Code: "value.name_unsure", Severity: diag.Warning, Summary: "A warning"})
	var b bytes.Buffer
	if err := Diagnostics(&b, list, nil, Style{}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if n := strings.Count(out, "Not a date [value.date]"); n != 10 {
		t.Errorf("%d of 4000 alike are written out, want 10", n)
	}
	for _, want := range []string{"… and 3,990 more [value.date]: J15, J16,", "--format json", "Not a date, elsewhere"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if !strings.HasPrefix(out, "Warning: A warning") {
		t.Errorf("errors stand before warnings:\n%s", out)
	}
}

func TestAPlanWithErrorsIsNotEmpty(t *testing.T) {
	p := &planner.Plan{Diagnostics: diag.List{{Code: "removal.pending", Summary: "x"}}}
	var b bytes.Buffer
	if err := Plan(&b, p, Style{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "No changes") {
		t.Errorf("a plan with errors says\n%s", b.String())
	}
}

func TestGradesStandInTheirOrder(t *testing.T) {
	grade := func(label string, order int64) planner.Change {
		c := planner.Change{Address: addr.New("job_grade", label), Kind: "job_grade", Action: planner.Create, Title: label, Managed: value.Object{}}
		if order > 0 {
			c.Managed["order"] = value.Int(order)
		}
		return c
	}
	var b bytes.Buffer
	p := &planner.Plan{Changes: []planner.Change{grade("a", 30), grade("b", 0), grade("c", 10), grade("d", 20)}}
	if err := Plan(&b, p, Style{}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, pair := range []string{"cd", "da", "ab"} {
		if strings.Index(out, "+ "+pair[:1]) > strings.Index(out, "+ "+pair[1:]) {
			t.Errorf("%s and %s stand in the wrong order:\n%s", pair[:1], pair[1:], out)
		}
	}
}

func TestLongListsAndValuesAreFolded(t *testing.T) {
	var members value.List
	names := map[string]planner.Name{}
	for i := range 300 {
		a := person(fmt.Sprint(i))
		members = append(members, ref(a))
		names[a.String()] = planner.Name{Title: fmt.Sprintf("사람%d", i)}
	}
	p := &planner.Plan{Names: names, Changes: []planner.Change{
		{Address: addr.New("group", "all"), Kind: "group", Action: planner.Create, Title: "모두", Managed: value.Object{"members": members}},
		{Address: addr.New("group", "x"), Kind: "group", Action: planner.Update, Title: "모임",
			Before: value.Object{"description": value.String(strings.Repeat("가나다 ", 10))}, After: value.Object{"description": value.String(strings.Repeat("하", 400))}},
	}}
	var b bytes.Buffer
	if err := Plan(&b, p, Style{}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if !strings.Contains(out, " more\n") || !strings.Contains(out, "→ 하하") {
		t.Errorf("lists or values are not folded:\n%s", out)
	}
	if n := strings.Count(out, "\n"); n > 25 {
		t.Errorf("the plan takes %d lines:\n%s", n, out)
	}
}

func TestUnitsOfAMemberAreComparedOneByOne(t *testing.T) {
	names := map[string]planner.Name{"u-1": {Title: "영업팀"}, "u-2": {Title: "개발팀"}, "p-1": {Title: "팀장"},
		unit("S").String(): {Title: "영업팀"}, unit("N").String(): {Title: "신사업팀"}}
	p := &planner.Plan{Names: names, Changes: []planner.Change{{Address: person("1"), Kind: "member", Action: planner.Update, Title: "김한국 hk.kim",
		Before: value.Object{"belongs_to": value.List{
			value.Object{"org_unit": value.String("u-1"), "position": value.String("p-1"), "head": value.Bool(true), "visible": value.Bool(true)},
			value.Object{"org_unit": value.String("u-2"), "head": value.Bool(false), "visible": value.Bool(true)}}},
		After: value.Object{"belongs_to": value.List{
			value.Object{"org_unit": ref(unit("S")), "head": value.Bool(false)},
			value.Object{"org_unit": ref(unit("N")), "head": value.Bool(true), "primary": value.Bool(true)}}}}}}
	var b bytes.Buffer
	if err := Plan(&b, p, Style{Width: 160}); err != nil {
		t.Fatal(err)
	}
	if want := "belongs to 영업팀: head true → false, +신사업팀 head primary, -개발팀  member"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing in\n%s", want, b.String())
	}
}
