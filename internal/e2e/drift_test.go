package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// edit is what an administrator does by hand, and what isa drift must say of it: sort,
// address, attribute and the key of the element, where there is one. none: it is nothing
// that isa manages.
type edit struct {
	do   string
	want []string
}

// edits are changes by hand of all sorts. No two are about one attribute of one object.
func edits() []edit {
	const sales, plan = `{"orgUnitId":"externalKey:SALES","primary":true,"positionId":"externalKey:P2","isManager":%t}`, `{"orgUnitId":"externalKey:PLAN","primary":false}`
	posts := func(key, units string) string {
		return "PATCH /users/externalKey:" + key + ` {"organizations":[{"domainId":10000001,"primary":true,"levelId":"externalKey:G1","orgUnits":[` + units + `]}]}`
	}
	staff, head := fmt.Sprintf(sales, false), fmt.Sprintf(sales, true)
	user := func(key, body string) string { return "PATCH /users/externalKey:" + key + " " + body }
	unit := func(key, body string) string { return "PATCH /orgunits/externalKey:" + key + " " + body }
	group := func(key, body string) string { return "PATCH /groups/externalKey:" + key + " " + body }
	changed := func(what ...string) []string {
		for i := range what {
			what[i] = "changed " + what[i]
		}
		return what
	}
	return []edit{
		{"PATCH /directory/levels/externalKey:G1 " + `{"levelName":"대리님"}`, changed(`job_grade.g["G1"] name`)},
		{"PATCH /directory/levels/externalKey:G2 " + `{"displayOrder":40}`, changed(`job_grade.g["G2"] order`)},
		{"DELETE /directory/levels/externalKey:G4", []string{`deleted job_grade.g["G4"] status`}},
		{"PATCH /directory/positions/externalKey:P1 " + `{"positionName":"팀장님"}`, changed(`position.lead name`)},
		{"PATCH /directory/user-types/externalKey:T1 " + `{"userTypeCode":"OTHER"}`, changed(`user_type.regular code`)},
		{"PATCH /directory/user-types/externalKey:T2 " + `{"userTypeExternalKey":"T9"}`, changed(`user_type.contract external_key`)},

		{unit("HQ", `{"orgUnitName":"본점"}`), changed(`org_unit.hq name`)},
		{unit("HQ", `{"i18nNames":[{"language":"en_US","name":"Head office"},{"language":"ja_JP","name":"本社"},{"language":"zh_CN","name":"总部"}]}`), changed(`org_unit.hq names.en_US`)},
		{unit("HQ", `{"description":null}`), changed(`org_unit.hq description`)},
		{unit("PLAN", `{"description":"손댄 설명"}`), changed(`org_unit.plan description ignored`)},
		{unit("SALES", `{"email":"sales.new@acme.co.kr"}`), changed(`org_unit.sales email`)},
		{unit("SALES", `{"aliasEmails":["sell@acme.co.kr","extra@acme.co.kr"]}`), changed(`org_unit.sales aliases +extra -markets`)},
		{unit("SALES", `{"canReceiveExternalMail":true}`), changed(`org_unit.sales receives_external_mail`)},
		{unit("S1", `{"description":"isa가 관리하지 않음"}`), nil},
		{"POST /orgunits/externalKey:MOVING/move " + `{"parentOrgUnitId":"externalKey:PLAN","displayOrder":1}`, []string{`moved org_unit.moving parent`}},
		{"POST /orgunits/externalKey:S3/move " + `{"parentOrgUnitId":"externalKey:SALES","displayOrder":1}`, []string{`reordered org_unit.sales_3 order`}},
		{"DELETE /orgunits/externalKey:EMPTY", []string{`deleted org_unit.empty status`}},
		{"POST /orgunits " + `{"domainId":10000001,"orgUnitName":"손으로 만든","displayOrder":1,"parentOrgUnitId":"externalKey:SALES"}`, nil},

		// 02 becomes head of the unit, so that 01 is it no more (10 §9.6); both are isa's.
		{posts("02", head+","+plan), changed(`member.m["01"] belongs_to.head of org_unit.sales`, `member.m["02"] belongs_to.head of org_unit.sales`)},
		{user("01", `{"userName":{"lastName":"강","firstName":"새이름"}}`), changed(`member.m["01"] first_name`)},
		{user("01", `{"nickName":"제 별명"}`), nil},
		{user("02", `{"i18nNames":[]}`), changed(`member.m["02"] names`)},
		{user("03", `{"cellPhone":"+82-10-9999-0000"}`), changed(`member.m["03"] cell_phone`)},
		{user("03", `{"telephone":null}`), changed(`member.m["03"] telephone`)},
		{user("03", `{"location":"부산","task":"기획"}`), changed(`member.m["03"] location`, `member.m["03"] task`)},
		{user("02", `{"cellPhone":"+821011112202"}`), nil}, // the same, written otherwise
		{user("04", `{"privateEmail":"other@example.com"}`), changed(`member.m["04"] private_email`)},
		{user("04", `{"employeeNumber":"X-1"}`), changed(`member.m["04"] employee_number`)},
		{user("04", `{"hiredDate":"2021-04-03"}`), changed(`member.m["04"] hired_on`)},
		{user("04", `{"searchable":false}`), changed(`member.m["04"] searchable`)},
		{user("05", `{"locale":"en_US"}`), changed(`member.m["05"] locale`)},
		{user("05", `{"timeZone":"Asia/Tokyo"}`), changed(`member.m["05"] time_zone`)},
		{user("05", `{"userTypeId":null}`), changed(`member.m["05"] user_type`)},
		{"POST /users/externalKey:05/alias-emails/byhand@acme.co.kr ", changed(`member.m["05"] aliases +byhand`)},
		{user("06", `{"aliasEmails":[]}`), changed(`member.m["06"] aliases -alias06`)},
		{user("06", `{"email":"other.login@acme.co.kr"}`), changed(`member.m["06"] login_id`)},
		{posts("07", staff+","+plan+`,{"orgUnitId":"externalKey:S1","primary":false}`), changed(`member.m["07"] belongs_to +org_unit.sales_1`)},
		{posts("08", staff), changed(`member.m["08"] belongs_to -org_unit.plan`)},
		{posts("09", strings.Replace(staff, "P2", "P1", 1)+","+plan), changed(`member.m["09"] belongs_to.position of org_unit.sales`)},
		{strings.Replace(posts("10", staff+","+plan), "G1", "G3", 1), changed(`member.m["10"] job_grade`)},
		{user("10", `{"userExternalKey":"10X"}`), changed(`member.m["10"] external_key`)},
		{"POST /users/externalKey:11/suspend", []string{`suspended member.m["11"] status`}},
		{"DELETE /users/externalKey:12", []string{`deleted member.m["12"] status`}},

		{group("EX", `{"groupName":"새 모임"}`), changed(`group.exact name`)},
		{group("EX", `{"description":"손댔다"}`), changed(`group.exact description`)},
		{"POST /groups/externalKey:EX/members " + `{"id":"externalKey:07","type":"USER"}`, changed(`group.exact members +member.m["07"]`)},
		{"POST /groups/externalKey:LI/members " + `{"id":"externalKey:08","type":"USER"}`, nil}, // of which isa owns a part
		{"DELETE /groups/externalKey:LI/administrators/externalKey:02", changed(`group.listed administrators -member.m["02"]`)},
		{"DELETE /groups/externalKey:LI/members/externalKey:03?type=USER", changed(`group.listed members -member.m["03"]`)},
		{"DELETE /groups/externalKey:GO", []string{`deleted group.gone status`}},
	}
}

// drifted runs isa drift and returns what it found, as edits say it.
func (s stage) drifted(code int, args ...string) []string {
	s.Helper()
	var doc struct {
		Drifted, Complete bool
		Drift             []struct {
			Address, Sort, Attr string
			Element             any
			Applied, Live       any
			Added, Removed      []any
			Ignored             bool
		}
	}
	r := s.must(s.T, code, s.dir, append([]string{"drift", "--format", "json"}, args...)...)
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		s.Fatalf("%v in %s", err, r)
	}
	out := []string{}
	for _, d := range doc.Drift {
		line := d.Sort + " " + d.Address + " " + d.Attr
		if d.Element != nil {
			line += " of " + spoken(d.Element)
		}
		for _, e := range d.Added {
			line += " +" + spoken(e)
		}
		for _, e := range d.Removed {
			line += " -" + spoken(e)
		}
		if d.Ignored {
			line += " ignored"
		}
		if len(d.Added)+len(d.Removed) == 0 && fmt.Sprint(d.Applied) == fmt.Sprint(d.Live) {
			s.Errorf("%s: applied and live are both %v", line, d.Live)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// spoken is a value by what it refers to.
func spoken(v any) string {
	if o, ok := v.(map[string]any); ok {
		if ref, ok := o["$ref"].(string); ok {
			return ref
		}
		if unit, ok := o["org_unit"]; ok {
			return spoken(unit)
		}
	}
	return fmt.Sprint(v)
}

// TestDriftTellsEveryEdit: dozens of edits by hand, of all sorts, are told with their
// address and attribute, each and nothing else; before them there is nothing, and after
// the next apply only what that leaves alone.
func TestDriftTellsEveryEdit(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile("testdata/drift/company.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s := stage{T: t, tenant: startTenant(t, sandbox.Options{SeedValue: 7}), dir: files(t, map[string]string{
		"tenant.hcl": tenantFile, "guards.hcl": guardsFile(), "company.hcl": string(config),
	})}
	s.must(t, 0, s.dir, "apply", "--yes")
	s.do("sign-in m11")
	s.age("2h")
	if found := s.drifted(0); len(found) > 0 {
		t.Fatalf("found after the apply: %q", found)
	}

	var want []string
	r := s.reader(t)
	all := edits()
	for _, e := range all {
		method, rest, _ := strings.Cut(e.do, " ")
		path, body, _ := strings.Cut(rest, " ")
		r.do(t, method, path, body)
		want = append(want, e.want...)
	}
	slices.Sort(want)
	if len(all) < 30 {
		t.Fatalf("only %d edits", len(all))
	}
	before, err := os.ReadFile(filepath.Join(s.dir, "isa.state.json"))
	if err != nil {
		t.Fatal(err)
	}
	found := s.drifted(2)
	for _, line := range want {
		if !slices.Contains(found, line) {
			t.Errorf("not told: %s", line)
		}
	}
	for _, line := range found {
		if !slices.Contains(want, line) {
			t.Errorf("invented: %s", line)
		}
	}
	s.brokenTableHidesNothing(found)
	after, err := os.ReadFile(filepath.Join(s.dir, "isa.state.json"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the state was written: %v", err)
	}

	// What was suspended by hand is left alone, and so is what is ignored.
	s.must(t, 0, s.dir, "apply", "--yes", "--allow", "identity.reuse=100")
	s.age("2h")
	left := []string{`changed org_unit.plan description ignored`, `suspended member.m["11"] status`}
	if found := s.drifted(2); !slices.Equal(found, left) {
		t.Errorf("after it was put back: %q, want %q", found, left)
	}
}

// brokenTableHidesNothing: errors in the configuration are not in the way.
func (s stage) brokenTableHidesNothing(found []string) {
	s.Helper()
	s.put("broken.hcl", `group "g" { name = sheet("nowhere.csv")[0]["이름"] }`)
	again := s.drifted(2)
	s.put("broken.hcl", "")
	if !slices.Equal(again, found) {
		s.Errorf("with a broken table: %q, want %q", again, found)
	}
}

// TestDriftOfAPart: a list that cannot be read is named, the rest is compared, and the exit
// code says that it is not all; when nothing can be read, that is an error.
func TestDriftOfAPart(t *testing.T) {
	t.Parallel()
	s := stage{T: t, tenant: startTenant(t, sandbox.Options{SeedValue: 8}), dir: files(t, map[string]string{
		"tenant.hcl": tenantFile, "company.hcl": "job_grade \"g\" { name = \"대리\" }\norg_unit \"a\" {\n  name = \"본사\"\n  external_key = \"A\"\n}\n",
	})}
	s.must(t, 0, s.dir, "apply", "--yes")
	s.age("2h")
	s.do(`PATCH /orgunits/externalKey:A {"orgUnitName":"손댄 이름"}`)
	for _, c := range []struct {
		denied string // part of the paths that are refused
		code   int
		says   []string
	}{
		{"/directory/levels", 3, []string{"본사 → 손댄 이름", "Not compared", "job_grade.g", "1 not read", "not all could be read"}},
		{"/directory/user-types", 2, []string{"본사 → 손댄 이름"}}, // nothing of it is isa's
		{"/v1.0/", 1, nil},
	} {
		served := s.Handler()
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, c.denied) {
				http.Error(w, `{"code":"FORBIDDEN","description":"not for this app"}`, http.StatusForbidden)
				return
			}
			served.ServeHTTP(w, r)
		}))
		cmd := s.command(s.dir, "drift")
		for _, name := range []string{"ISA_API_BASE", "ISA_AUTH_BASE"} {
			cmd.Env = append(cmd.Env, name+"="+strings.Replace(s.env[name], s.url, front.URL, 1))
		}
		r := finish(t, cmd)
		front.Close()
		if r.code != c.code {
			t.Errorf("%s refused: exit code %d, want %d: %v", c.denied, r.code, c.code, r)
		}
		flat := strings.Join(strings.Fields(r.String()), " ")
		for _, text := range c.says {
			if !strings.Contains(flat, text) {
				t.Errorf("%s refused: %q is missing in %v", c.denied, text, r)
			}
		}
	}
}
