package e2e

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/works/sandbox"
)

func person(label, login, more string) string {
	return `member "` + label + `" {
  login_id      = "` + login + `"
  last_name     = "김"
  first_name    = "` + label + `"
  private_email = "` + label + `@example.com"
` + more + `}
`
}

// TestPeopleNameOneAnother: members who name each other, and units whose senders are
// their members, are made by one apply.
func TestPeopleNameOneAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1})
	text := person("a", "aa", "  belongs_to { org_unit = org_unit.team }\n  relation {\n    member = member.b\n    name = \"대리\"\n  }\n  relation { member = member.c }\n") +
		person("b", "bb", "  belongs_to { org_unit = org_unit.team }\n  relation { member = member.a }\n") +
		person("c", "cc", "  relation { member = member.c }\n") + // who names himself
		`org_unit "team" {
  name    = "팀"
  senders = [member.a, member.b]
  send_as = [member.a]
}
`
	w.must("all at once", text)
	w.must("the other way round", strings.NewReplacer("member.b\n    name = \"대리\"", "member.b\n    name = clear", "senders = [member.a, member.b]", "senders = clear").Replace(text))
	for _, u := range w.people() {
		if u.Email == "aa@acme.co.kr" {
			if len(u.Relations) != 2 || u.Relations[0].RelationName != nil {
				t.Errorf("relations of a: %+v", u.Relations)
			}
		}
	}
	w.must("nobody any more", strings.ReplaceAll(strings.ReplaceAll(text, "  relation { member = member.c }\n", ""), "  relation { member = member.a }\n", "  relation = clear\n"))
}

// TestCustomPropertiesComeAndGo: definitions are made before the values, values are given
// up before the definitions, and what is not written stays.
func TestCustomPropertiesComeAndGo(t *testing.T) {
	t.Parallel()
	for _, patch := range []string{"merge", "replace"} {
		t.Run(patch, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{"custom-properties-patch": patch}})
			badge := "custom_property \"badge\" {\n  name = \"badge\"\n  display_name = \"사원증\"\n  type = \"string\"\n}\n"
			floor := func(options string) string {
				text := "custom_property \"floor\" {\n  name = \"floor\"\n  display_name = \"층\"\n  type = \"string\"\n"
				for _, o := range strings.Fields(options) {
					text += "  option {\n    name = \"" + o + "\"\n    display_name = \"" + o + "F\"\n  }\n"
				}
				return text + "}\n"
			}
			days := "custom_property \"days\" {\n  name = \"days\"\n  display_name = \"일수\"\n  type = \"integer\"\n  multi_valued = true\n}\n"
			custom := func(text string) string { return person("a", "aa", "  custom = { "+text+" }\n") }
			w.must("defined and used at once", custom(`badge = "A-1", floor = "3", days = "12"`)+badge+floor("3 4")+days)
			w.must("another option is made for somebody", custom(`badge = "A-1", floor = "5"`)+badge+floor("4 5")+days)
			for _, u := range w.people() {
				if u.Email == "aa@acme.co.kr" && (string(u.CustomProperties["days"]) != "[12]" || string(u.CustomProperties["floor"]) != `"5"`) {
					t.Errorf("custom properties: %s", u.CustomProperties)
				}
			}
			w.must("one goes with its value", custom(`badge = "A-2", floor = clear`)+badge+days)
			w.must("all go", person("a", "aa", "  custom = clear\n"))
		})
	}
}

func TestCustomValuesFollowTheirDefinitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1})
	definitions := customDefinitions()
	for text, want := range map[string]string{
		`strings = ["a", 3]`:           "",
		`integer = "007"`:              "",
		`date = "2024. 3. 2."`:         "",
		`link = "https://example.com"`: "",
		`nobody = "x"`:                 "there is no custom_property",
		`string = ["a"]`:               "one value, not a list",
		`integer = "x"`:                "whole number",
		`integer = -1`:                 "0 or more",
		`date = "soon"`:                "takes a day",
		`link = "somewhere"`:           "no whole URL",
		`link = { text = "x" }`:        "without link",
		`choice = "c"`:                 `no option "c"`,
		`strings = ["1","2","3","4","5","6","7","8","9","10","11"]`: "at most 10",
		`"2fast" = "x"`: "begin with a letter",
	} {
		_, list := w.load(person("a", "aa", "  custom = { "+text+" }\n") + definitions)
		switch said := list.Err(); {
		case want == "" && list.HasErrors():
			t.Errorf("%s: refused: %v", text, said)
		case want != "" && (!list.HasErrors() || !strings.Contains(said.Error(), want)):
			t.Errorf("%s: %v, want %q", text, said, want)
		}
	}
}

// TestNameAndTypeOfACustomPropertyStay: what cannot change is refused before any call.
func TestNameAndTypeOfACustomPropertyStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1})
	text := "custom_property \"badge\" {\n  name = \"badge\"\n  display_name = \"사원증\"\n  type = \"string\"\n  multi_valued = false\n}\n"
	w.must("made", text)
	for _, change := range [][2]string{{`name = "badge"`, `name = "card"`}, {`"string"`, `"date"`}, {"= false", "= true"}} {
		list := w.reach("changed", strings.Replace(text, change[0], change[1], 1))
		if !list.HasErrors() || list[0].Code != "attribute.create_only" {
			t.Errorf("%v: %v", change, list.Err())
		}
	}
}

// TestOneBirthdayOneName: an account is not made a second time for somebody who has one
// under another key, and people who share a name only are two.
func TestOneBirthdayOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, privateKey(t), sandbox.Options{SeedValue: 1})
	born := func(label, login, day string) string {
		return strings.Replace(person(label, login, "  external_key = \""+login+"\"\n  birthday = \""+day+"\"\n"), `first_name    = "`+label+`"`, `first_name    = "하나"`, 1)
	}
	w.must("first", born("a", "aa", "1990-03-02")+person("x", "xx", ""))
	refused := func(text string) error {
		t.Helper()
		cfg, list := w.load(text)
		if list.HasErrors() {
			t.Fatal(list.Err())
		}
		in := w.input(cfg)
		in.Guards = nil // in this world they are wide open
		return planner.Build(in).Diagnostics.Err()
	}
	again := born("a", "aa", "1990-03-02") + person("x", "xx", "")
	if err := refused(again + born("b", "bb", "1990. 3. 2.")); err == nil || !strings.Contains(err.Error(), "the same name and birthday") {
		t.Errorf("one name and one birthday: %v", err)
	}
	if err := refused(again + born("c", "cc", "1991-03-02")); err != nil {
		t.Errorf("two people of one name: %v", err)
	}
}
