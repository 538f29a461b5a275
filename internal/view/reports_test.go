package view

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

// people has an é of two code points, which is one character.
const people = "member \"staff\" {\n  성 = \"김e\u0301\", login_id = \"A B\"\n}\n"

// problems are diagnostics with every sort of place.
func problems() diag.List {
	start := strings.Index(people, "\"A B\"")
	at := &diag.Range{File: "사람 people.hcl", Start: diag.Pos{Line: 2, Column: 24, Byte: start}, End: diag.Pos{Line: 2, Column: 29, Byte: start + 5}}
	return diag.List{
		{Severity: diag.Error, Code: "value.login", Summary: "Not a login ID", Detail: "\"A B\" has a blank", Fix: "leave it out", Address: `member.staff["1"]`, Attr: "login_id",
			Place: diag.Place{Range: at, Cell: &diag.Cell{File: "hr/직원.csv", Ref: "C17", Heading: "아이디"}}},
		{Severity: diag.Warning, Code: "table.hidden", Summary: "Hidden rows", Place: diag.Place{Cell: &diag.Cell{File: "hr/staff.xlsx", Sheet: "직원", Ref: "A9"}}},
		{Severity: diag.Warning, Code: "value.login", Summary: "Not a login ID", Detail: "\x1b[31m<&>\x00"},
	}
}

func check() Check {
	return Check{Version: "0.1.0", Dir: "infra/works", Sources: map[string][]byte{"사람 people.hcl": []byte(people)},
		Pages: map[string]string{"value.login": "A login ID is made of a-z.", "table.hidden": "Rows are hidden."}}
}

func sarif(t *testing.T, list diag.List) (string, map[string]any) {
	t.Helper()
	var b bytes.Buffer
	if err := SARIF(&b, list, check()); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return b.String(), doc
}

func TestSARIF(t *testing.T) {
	text, _ := sarif(t, problems())
	golden(t, "problems.sarif", text)
}

// TestSARIFAsTheStandardWants checks what SARIF 2.1.0 requires of the parts that are
// written (sections 3.13, 3.14, 3.19, 3.27, 3.28, 3.30, 3.49) and GitHub of uploads.
func TestSARIFAsTheStandardWants(t *testing.T) {
	for _, list := range []diag.List{nil, problems()} {
		_, doc := sarif(t, list)
		if doc["version"] != "2.1.0" || !strings.Contains(doc["$schema"].(string), "sarif-2.1.0") {
			t.Fatalf("version %v of schema %v", doc["version"], doc["$schema"])
		}
		run := doc["runs"].([]any)[0].(map[string]any)
		driver := run["tool"].(map[string]any)["driver"].(map[string]any)
		rules := driver["rules"].([]any)
		results := run["results"].([]any)
		if driver["name"] != "isa" || len(results) != len(list) {
			t.Fatalf("%d results of %v", len(results), driver["name"])
		}
		fingerprints := map[string]bool{}
		for _, r := range results {
			result := r.(map[string]any)
			rule := rules[int(result["ruleIndex"].(float64))].(map[string]any)
			if rule["id"] != result["ruleId"] || rule["help"].(map[string]any)["text"] == "" || rule["shortDescription"].(map[string]any)["text"] == "" {
				t.Errorf("result of %v points to rule %v", result["ruleId"], rule)
			}
			if level := result["level"]; level != "error" && level != "warning" {
				t.Errorf("level %v", level)
			}
			if text := result["message"].(map[string]any)["text"].(string); text == "" || strings.ContainsAny(text, "\x1b\x00") {
				t.Errorf("message %q", text)
			}
			for _, l := range result["locations"].([]any) {
				place := l.(map[string]any)["physicalLocation"].(map[string]any)
				uri := place["artifactLocation"].(map[string]any)["uri"].(string)
				if u, err := url.Parse(uri); err != nil || u.IsAbs() || !strings.HasPrefix(u.Path, "infra/works/") {
					t.Errorf("%q is not a way from the top of the repository: %v", uri, err)
				}
				if place["region"].(map[string]any)["startLine"].(float64) < 1 {
					t.Errorf("%v begins before the first line", place)
				}
			}
			fingerprints[result["partialFingerprints"].(map[string]any)["isa/v1"].(string)] = true
		}
		if len(fingerprints) != len(list) {
			t.Errorf("%d fingerprints of %d results", len(fingerprints), len(list))
		}
	}
}

// TestSARIFPlaces: columns are code points, and a fingerprint outlives moved lines.
func TestSARIFPlaces(t *testing.T) {
	d := problems()[0]
	r := check().result(d, 0)
	if region := r.Locations[0].Physical.Region; region != (sarifRegion{2, 25, 2, 30}) {
		t.Errorf("the text is at %+v", region)
	}
	if cell := r.Related[0]; cell.Physical.Region.StartLine != 17 || cell.Physical.Artifact.URI != "infra/works/hr/%EC%A7%81%EC%9B%90.csv" {
		t.Errorf("the cell is at %+v", cell)
	}
	moved := *d.Range
	moved.Start.Line, moved.End.Line = 90, 90
	d.Range = &moved
	if fingerprint(d) != fingerprint(problems()[0]) {
		t.Error("a moved line is another problem")
	}
}

func junit(t *testing.T, list diag.List) string {
	t.Helper()
	var b bytes.Buffer
	if err := JUnit(&b, list); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJUnit(t *testing.T) {
	text := junit(t, problems())
	golden(t, "problems.xml", text)
	var all junitSuites
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	if all.Tests != 3 || all.Failures != 1 || len(all.Suites) != 3 {
		t.Errorf("%d tests in %d suites, %d failed", all.Tests, len(all.Suites), all.Failures)
	}
	for _, s := range all.Suites {
		failed := 0
		for _, c := range s.Cases {
			if c.Failure != nil {
				failed++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failed {
			t.Errorf("%s says %d tests, %d failures, and has %d, %d", s.Name, s.Tests, s.Failures, len(s.Cases), failed)
		}
	}
}

func TestJUnitOfNothing(t *testing.T) {
	var all junitSuites
	if err := xml.Unmarshal([]byte(junit(t, nil)), &all); err != nil {
		t.Fatal(err)
	}
	if all.Tests != 1 || all.Failures != 0 || all.Suites[0].Cases[0].Name != "is valid" {
		t.Errorf("%+v", all)
	}
}
