package config

import (
	"context"
	"encoding/base64"
	"testing"
	"testing/fstest"
)

// digestOf reads a table of people by two of its columns.
func digestOf(t *testing.T, csv string) Table {
	t.Helper()
	cfg, list := Load(context.Background(), ".", Options{FS: fstest.MapFS{
		"staff.csv": {Data: []byte(csv)},
		"main.hcl":  {Data: []byte("locals {\n  a = [for r in sheet(\"staff.csv\") : \"${r[\"팀\"]} ${r[\"사번\"]}\"]\n}\n")},
	}})
	if cfg == nil || len(cfg.Tables) != 1 {
		t.Fatalf("no table was read: %v", list)
	}
	return cfg.Tables[0]
}

func TestDigestOfRows(t *testing.T) {
	rows := func(d Table) []string {
		data, err := base64.RawStdEncoding.DecodeString(d.Digest)
		if err != nil || len(data) != d.Rows*12 {
			t.Fatalf("the digest of %d rows is %q: %v", d.Rows, d.Digest, err)
		}
		var out []string
		for ; len(data) > 0; data = data[12:] {
			out = append(out, string(data[:12]))
		}
		return out
	}
	first := digestOf(t, "사번,팀,비고\n1,개발,\n2,개발,\n")
	if first.Key != "사번" {
		t.Errorf("the key is %q: 팀 is not unique", first.Key)
	}
	// The order of rows and columns and what nobody reads do not count.
	same := digestOf(t, "비고,사번,팀\n휴가,2,개발\n,1,개발\n")
	a, b := rows(first), rows(same)
	if a[0] == a[1] || a[0] != b[1] && a[0][:6] != b[1][:6] {
		t.Errorf("digests %q and %q", a, b)
	}
	moved := rows(digestOf(t, "사번,팀,비고\n1,개발,\n2,영업,\n"))
	if moved[0] != a[0] || moved[1] == a[1] || moved[1][:6] != a[1][:6] {
		t.Errorf("another team gives %q, was %q: the key stays, the rest does not", moved, a)
	}
	if d := digestOf(t, "사번,팀\n1,개발\n1,영업\n"); d.Key != "팀" {
		t.Errorf("with a number twice the key is %q", d.Key)
	}
	if d := digestOf(t, "사번,팀\n1,개발\n1,\n"); d.Key != "" || rows(d)[0][:6] != rows(d)[0][6:] {
		t.Errorf("without a key, the key is %q", d.Key)
	}
}
