package config

import (
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// TestFileValues: an argument that names a file holds its path and digest; what is wrong
// with the file is told at the argument; the digest of the configuration covers it.
func TestFileValues(t *testing.T) {
	rule := schema.FileRule{MaxBytes: 20, Check: func(r io.Reader) (string, string) {
		first := make([]byte, 4)
		_, err := io.ReadFull(r, first)
		switch {
		case err != nil || string(first[:3]) != "PIC":
			return "is no picture", ""
		case first[3] == '?':
			return "", "is small"
		}
		return "", ""
	}}
	kind := &schema.Kind{Type: "thing", Attrs: []schema.Attr{
		{Name: "picture", Type: schema.FileOf(rule), Normalise: schema.FileDigest, Clearable: true},
		{Name: "of", Type: schema.Text()},
	}}
	load := func(expr string, files map[string]string) (*Config, []string) {
		fsys := fstest.MapFS{"main.hcl": {Data: []byte("tenant {\n  domain = \"acme.co.kr\"\n  domain_id = 1\n}\nthing \"a\" {\n  picture = " + expr + "\n}\nthing \"b\" { of = thing.a.picture }\n")}}
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		cfg, list := Load(t.Context(), ".", Options{Kinds: []*schema.Kind{kind}, FS: fsys})
		var codes []string
		for _, d := range list {
			codes = append(codes, d.Code)
		}
		return cfg, codes
	}
	for _, c := range []struct{ expr, content, codes string }{
		{`"p/1 홍.jpg"`, "PIC one", ""},
		{`"p/${"1 홍"}.jpg"`, "PIC one", ""},
		{`"p/1 홍.jpg"`, "PIC?", "value.file_advice"},
		{`"p/1 홍.jpg"`, "text", "value.file"},
		{`"p/1 홍.jpg"`, strings.Repeat("PIC ", 6), "value.file"},
		{`"p"`, "PIC one", "value.file"},
		{`"none.jpg"`, "PIC one", "value.file"},
		{`"../none.jpg"`, "PIC one", "value.file"},
		{`["p/1 홍.jpg"]`, "PIC one", "value.type"},
		{`""`, "PIC one", ""},
		{`clear`, "PIC one", ""},
	} {
		if _, codes := load(c.expr, map[string]string{"p/1 홍.jpg": c.content}); strings.Join(codes, " ") != c.codes {
			t.Errorf("%s with %q: %v, want %s", c.expr, c.content, codes, c.codes)
		}
	}
	one, _ := load(`"p/1.jpg"`, map[string]string{"p/1.jpg": "PIC one"})
	two, _ := load(`"p/1.jpg"`, map[string]string{"p/1.jpg": "PIC two"})
	moved, _ := load(`"q/1.jpg"`, map[string]string{"q/1.jpg": "PIC one"})
	text := func(c *Config) string { return value.Text(c.Objects[0].Attrs["picture"]) }
	if path, sum := schema.FileParts(text(one)); path != "p/1.jpg" || len(sum) != 64 {
		t.Errorf("path %q, digest %q", path, sum)
	}
	if got := value.Text(one.Objects[1].Attrs["of"]); got != "p/1.jpg" {
		t.Errorf("another block reads it as %q", got)
	}
	if one.Digest == two.Digest {
		t.Error("another content is no other configuration")
	}
	if schema.FileDigest(text(one)) != schema.FileDigest(text(moved)) || schema.FileDigest(text(one)) == schema.FileDigest(text(two)) {
		t.Error("content is not what is compared")
	}
}
