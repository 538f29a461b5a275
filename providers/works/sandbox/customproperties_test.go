package sandbox

import (
	"fmt"
	"testing"
	"time"
)

const propertiesPath = "/directory/users/custom-properties"

func defined(name, typ string, more obj) obj {
	o := obj{"domainId": dom, "propertyName": name, "displayName": name, "propertyType": typ}
	for k, v := range more {
		o[k] = v
	}
	return o
}

// TestCustomPropertyRules is every rule of reference 10 §6 and §9.10.
func TestCustomPropertyRules(t *testing.T) {
	options := []obj{{"optionName": "a", "displayName": "가"}, {"optionName": "b", "displayName": "나"}}
	c := inProcess(t, newServer(t, Options{}))
	for what, body := range map[string]obj{
		"a name with a dash": defined("a-b", "STRING", nil), "a name that begins with a digit": defined("1a", "STRING", nil),
		"another type": defined("a", "TEXT", nil), "one option": defined("a", "STRING", obj{"options": options[:1]}),
		"options of a date": defined("a", "DATE", obj{"options": options}), "an option twice": defined("a", "STRING", obj{"options": []obj{options[0], options[0]}}),
		"order 0": defined("a", "STRING", obj{"displayOrder": 0}), "another domain": defined("a", "STRING", obj{"domainId": 7}),
		"access": defined("a", "STRING", obj{"readAccessType": "NOBODY"}), "a long name to show": defined("a", "STRING", obj{"displayName": "123456789012345678901"}),
		"a language twice": defined("a", "STRING", obj{"i18nDisplayNames": []obj{{"language": "en_US", "name": "a"}, {"language": "en_US", "name": "b"}}}),
	} {
		if status, _ := c.do("POST", propertiesPath, body); status != 400 {
			t.Errorf("%s: %d", what, status)
		}
	}
	for name, body := range map[string]obj{
		"text": defined("text", "STRING", nil), "choice": defined("choice", "STRING", obj{"options": options}),
		"days": defined("days", "DATE", obj{"multiValued": true}), "num": defined("num", "INTEGER", obj{"displayOrder": 1}), "site": defined("site", "LINK", nil),
	} {
		want(t, "propertyName", c.must("POST", propertiesPath, body)["propertyName"], name)
	}
	for _, body := range []obj{defined("text", "DATE", obj{"displayName": "x"}), defined("other", "DATE", obj{"displayName": "text"})} {
		if status, _ := c.do("POST", propertiesPath, body); status != 409 {
			t.Errorf("a second of its name: %d", status)
		}
	}
	want(t, "order: those with one first", at(c.must("GET", propertiesPath, nil), "customAttributes", 0, "propertyName"), "num")
	want(t, "by name", c.must("GET", propertiesPath+"/choice", nil)["displayName"], "choice")
	for what, values := range map[string]obj{
		"not defined": {"no": "x"}, "a list for one": {"text": []string{"x"}}, "one for a list": {"days": "2024-01-01"}, "no option": {"choice": "c"},
		"no day": {"days": []string{"2024-02-30"}}, "a text for a number": {"num": "1"}, "less than nothing": {"num": -1}, "a fraction": {"num": 1.5},
		"no URL": {"site": obj{"text": "x"}}, "more of a link": {"site": obj{"link": "https://a.kr", "x": "y"}}, "a link as text": {"site": "https://a.kr"}, "an empty text": {"text": ""},
	} {
		if status, _ := c.do("POST", "/users", member("ab", obj{"customProperties": values})); status != 400 {
			t.Errorf("%s: %d", what, status)
		}
	}
	id := c.must("POST", "/users", member("ab", obj{"customProperties": obj{"text": "x", "choice": "a", "days": []string{"2024-02-29"}, "num": 0, "site": obj{"link": "https://a.kr", "text": nil}}}))["userId"].(string)
	for name, body := range map[string]obj{
		"propertyName": {"propertyName": "no"}, "propertyType": {"propertyType": "DATE"}, "multiValued": {"multiValued": true},
	} {
		if status, _ := c.do("PATCH", propertiesPath+"/text", body); status != 400 {
			t.Errorf("%s changes: %d", name, status)
		}
	}
	c.must("PATCH", propertiesPath+"/choice", obj{"options": []obj{options[1], {"optionName": "c", "displayName": "다"}}})
	custom := at(c.must("GET", "/users/"+id, nil), "customProperties").(map[string]any)
	want(t, "value of an option that is gone", custom["choice"], nil)
	c.must("DELETE", propertiesPath+"/text", nil)
	custom = at(c.must("GET", "/users/"+id, nil), "customProperties").(map[string]any)
	if _, there := custom["text"]; there || len(custom) != 3 {
		t.Errorf("after the deletion: %v", custom)
	}
	if status, _ := c.do("DELETE", propertiesPath+"/text", nil); status != 404 {
		t.Errorf("deleted twice: %d", status)
	}
}

func TestCustomPropertiesInPatch(t *testing.T) {
	for mode, expect := range map[string]string{"merge": "map[a:1 b:9]", "replace": "map[b:9]"} {
		c := inProcess(t, newServer(t, Options{Switches: Switches{"custom-properties-patch": mode}}))
		for _, name := range []string{"a", "b", "c"} {
			c.must("POST", propertiesPath, defined(name, "INTEGER", nil))
		}
		path := "/users/" + c.must("POST", "/users", member("ab", obj{"customProperties": obj{"a": 1, "b": 2, "c": 3}}))["userId"].(string)
		u := c.must("PATCH", path, obj{"customProperties": obj{"b": 9, "c": nil}})
		if have := fmt.Sprint(u["customProperties"]); have != expect {
			t.Errorf("%s: %s, want %s", mode, have, expect)
		}
		if have := fmt.Sprint(c.must("PATCH", path, obj{"task": "일"})["customProperties"]); have != expect {
			t.Errorf("%s: not named, and now %s", mode, have)
		}
		if have := fmt.Sprint(c.must("PATCH", path, obj{"customProperties": nil})["customProperties"]); have != "map[]" {
			t.Errorf("%s: emptied, and now %s", mode, have)
		}
	}
}

// TestAtMostFiftyCustomProperties, and they are there after a restart.
func TestAtMostFiftyCustomProperties(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, Options{Dir: dir, Now: time.Now})
	c := inProcess(t, s)
	for i := range maxProperties {
		c.must("POST", propertiesPath, defined(fmt.Sprint("p", i), "STRING", nil))
	}
	if status, _ := c.do("POST", propertiesPath, defined("more", "STRING", nil)); status != 403 {
		t.Errorf("one more: %d", status)
	}
	id := c.must("POST", "/users", member("ab", obj{"customProperties": obj{"p7": "일곱"}}))["userId"].(string)
	c.must("DELETE", propertiesPath+"/p8", nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c = inProcess(t, newServer(t, Options{Dir: dir}))
	want(t, "value after a restart", at(c.must("GET", "/users/"+id, nil), "customProperties", "p7"), "일곱")
	if n := len(c.must("GET", propertiesPath, nil)["customAttributes"].([]any)); n != maxProperties-1 {
		t.Errorf("%d are left", n)
	}
}

// TestWhoIsGoneIsNobodysContact: a relation to somebody who was removed for good does not
// keep others from being written.
func TestWhoIsGoneIsNobodysContact(t *testing.T) {
	c := inProcess(t, newServer(t, Options{}))
	gone := c.must("POST", "/users", member("gone", nil))["userId"].(string)
	path := "/users/" + c.must("POST", "/users", member("ab", obj{"relations": []obj{{"relationUserId": gone, "relationName": "대리"}}}))["userId"].(string)
	c.must("DELETE", "/users/"+gone+"/forcedelete", nil)
	if u := c.must("PATCH", path, obj{"task": "일"}); len(u["relations"].([]any)) != 0 {
		t.Errorf("relations: %v", u["relations"])
	}
	if status, _ := c.do("PATCH", path, obj{"relations": []obj{{"relationUserId": gone}}}); status != 400 {
		t.Errorf("a relation to nobody: %d", status)
	}
}
