package planner

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

func saved(t testing.TB) []byte {
	t.Helper()
	tn, wanted := company(20)
	var b bytes.Buffer
	if err := Write(&b, Build(tn.input(wanted))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadRefuses(t *testing.T) {
	good := saved(t)
	damaged := bytes.Clone(good)
	damaged[len(damaged)/3] ^= 0x40
	pack := func(parts map[string]string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range parts {
			f, err := z.Create(name)
			if err == nil {
				_, err = f.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, data := range map[string][]byte{
		"empty": nil, "no zip": []byte("{}"), "cut": good[:len(good)-30], "damaged": damaged,
		"no parts": pack(nil), "one part": pack(map[string]string{"plan.json": "{}"}),
		"wrong sum": pack(map[string]string{"plan.json": "{}", "plan.json.sha256": "00"}),
		"huge sum":  pack(map[string]string{"plan.json": "{}", "plan.json.sha256": strings.Repeat("0", maxSumBytes+1)}),
	} {
		if p, err := Read(bytes.NewReader(data), int64(len(data))); err == nil {
			t.Errorf("%s: read as %v", name, p)
		} else if !strings.Contains(err.Error(), "isa plan --out") {
			t.Errorf("%s: no way out in %v", name, err)
		}
	}
}

func TestDecodePlanRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"version":  `{"format_version":"99"}`,
		"field":    `{"format_version":"1","surprise":1}`,
		"verb":     `{"format_version":"1","changes":[{"address":"a.b","steps":[{"id":"x","verb":"wipe"}]}]}`,
		"needs":    `{"format_version":"1","changes":[{"address":"a.b","steps":[{"id":"x","verb":"patch","needs":["y"]}]}]}`,
		"ring":     `{"format_version":"1","changes":[{"address":"a.b","steps":[{"id":"x","verb":"patch","needs":["x"]}]}]}`,
		"hash":     `{"format_version":"1","changes":[{"address":"a.b","steps":[{"id":"x","verb":"patch"}]}],"hash":"0"}`,
		"repeated": `{"format_version":"1","changes":[{"address":"a.b"},{"address":"a.b"}]}`,
		"address":  `{"format_version":"1","changes":[{"address":"a"}]}`,
	} {
		if _, err := decodePlan([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(saved(f))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(bytes.NewReader(data), int64(len(data)))
		if err == nil && p.FormatVersion != FormatVersion {
			t.Fatalf("read a plan of version %q", p.FormatVersion)
		}
	})
}

func FuzzDecodePlan(f *testing.F) {
	tn, wanted := company(3)
	f.Add([]byte(mustJSON(f, Build(tn.input(wanted)))))
	f.Add([]byte(`{"format_version":"1","drift":[{"applied":null,"live":{"$clear":true}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePlan(data)
		if err != nil {
			return
		}
		if Hash(p) == "" {
			t.Fatal("no hash")
		}
	})
}
