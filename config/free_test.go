package config_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/providers/directory"
)

// TestValuesOfAnyShape: a map whose values another object describes takes texts, whole
// numbers, objects of texts and lists of these, and a block that can be cleared takes
// `= clear`, and nothing else that way.
func TestValuesOfAnyShape(t *testing.T) {
	const head = `
tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
}
locals { row = { floor = " 3 ", none = "", gone = null } }
member "a" {
  login_id  = "aa"
  last_name = "홍"
`
	for text, want := range map[string]string{
		`custom = { a = " A-1 ", n = 3, l = ["x", "", "x", 4], o = { text = "글", link = "https://a.kr" }, c = clear }`: `{"a":"A-1","c":{"$clear":true},"l":["x",4],"n":3,"o":{"link":"https://a.kr","text":"글"}}`,
		`custom = { floor = local.row.floor, none = local.row.none, gone = local.row.gone }`:                           `{"floor":"3"}`,
		`custom = { none = local.row.none }`:           ``,
		`custom = { a = [{ link = "https://a.kr" }] }`: `{"a":[{"link":"https://a.kr"}]}`,
		`custom = clear`:                                        `{"$clear":true}`,
		`custom = { a = true }`:                                 `value.type`,
		`custom = { a = 1.5 }`:                                  `value.type`,
		`custom = { a = member.a }`:                             `value.type`,
		`custom = { a = [clear] }`:                              `value.clear`,
		`custom = { a = { text = clear, link = "https://a" } }`: `value.rule`,
		`custom = { a = secret_env("X") }`:                      `secret.use`,
		`messenger = clear`:                                     ``,
		`messenger = null`:                                      ``,
		`messenger = { protocol = "LINE", id = "x" }`:           `config.attribute_block`,
		"messenger = clear\n  messenger {\n    protocol = \"LINE\"\n    id = \"x\"\n  }":                        `config.attribute_block`,
		"relation = clear\n  dynamic \"relation\" {\n    for_each = []\n    content { member = member.a }\n  }": `config.attribute_block`,
		`belongs_to = clear`: `config.attribute_block`,
	} {
		cfg, list := config.Load(context.Background(), ".", config.Options{
			Kinds: directory.Schemas(), FS: fstest.MapFS{"main.hcl": {Data: []byte(head + "  " + text + "\n}\n")}},
		})
		if list.HasErrors() || strings.Contains(want, ".") && !strings.HasPrefix(want, "{") {
			if len(list) == 0 || list[0].Code != want {
				t.Errorf("%s: %v, want %s", text, list, want)
			}
			continue
		}
		attrs := cfg.Objects[0].Attrs
		v := attrs["custom"]
		if strings.HasPrefix(text, "messenger") {
			v = nil
			if _, cleared := attrs["messenger"]; cleared == strings.Contains(text, "null") {
				t.Errorf("%s: %v", text, attrs)
			}
		}
		have, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if v == nil {
			have = nil
		}
		if string(have) != want {
			t.Errorf("%s: %s, want %s", text, have, want)
		}
	}
}
