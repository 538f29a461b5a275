package calibration

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

func subjects() []Subject {
	return []Subject{{Name: "patch-null", Values: []string{"clears", "rejects"}}, {Name: "deleted-get", Values: []string{"200", "404"}}}
}

const tenant = "commercial/www.worksapis.com/10000001"

func found(value string) Fact {
	return Fact{Value: value, How: "A null was sent and read again.", At: time.Date(2026, 11, 22, 9, 0, 0, 5, time.FixedZone("KST", 9*3600))}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	if _, err := Read(path, subjects()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a missing file: %v", err)
	}
	c := New(tenant, subjects())
	for name, value := range map[string]string{"patch-null": "rejects", "deleted-get": "200"} {
		if err := c.Set(name, found(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	back, err := Read(path, subjects())
	if err != nil {
		t.Fatal(err)
	}
	f, ok := back.Of("patch-null")
	if back.Tenant() != tenant || !ok || f.Value != "rejects" || f.How != found("").How || f.At.Format(time.RFC3339Nano) != "2026-11-22T00:00:00Z" ||
		strings.Join(back.Names(), " ") != "deleted-get patch-null" || back.Values()["deleted-get"] != "200" {
		t.Errorf("read as %+v of %s, %v", f, back.Tenant(), back.Names())
	}
	if _, ok := back.Of("nothing"); ok {
		t.Error("something is known of nothing")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestOnlyFactsAreRecorded(t *testing.T) {
	none, lines := found("rejects"), found("rejects")
	none.How, lines.How = "", "a\nb"
	for _, c := range []struct {
		name, want string
		fact       Fact
	}{
		{"patch-nul", "no fact", found("clears")}, {"patch-null", "none of clears, rejects", found("")},
		{"patch-null", "how", none}, {"patch-null", "one line", lines}, {"patch-null", "when", Fact{Value: "clears", How: "x"}},
	} {
		if err := New(tenant, subjects()).Set(c.name, c.fact); diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: %v", c.name, c.fact, err)
		}
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	const fact = `{"patch-null":{"value":"clears","how":"x","at":"2026-11-22T00:00:00Z"}}`
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":         {`hello`, "no calibration"},
		"a list":          {`[]`, "no calibration"},
		"no version":      {`{"tenant":"t","facts":{}}`, `format_version ""`},
		"another version": {`{"format_version":"2","tenants":[]}`, `format_version "2"`},
		"another field":   {`{"format_version":"1","tenant":"t","facts":{},"more":1}`, `unknown field "more"`},
		"no tenant":       {`{"format_version":"1","tenant":"","facts":{}}`, "names no tenant"},
		"two documents":   {`{"format_version":"1","tenant":"t","facts":{}}{}`, "no calibration"},
		"another fact":    {`{"format_version":"1","tenant":"t","facts":` + strings.Replace(fact, "patch-null", "patch-new", 1) + `}`, `"patch-new"`},
		"another value":   {`{"format_version":"1","tenant":"t","facts":` + strings.Replace(fact, "clears", "eats", 1) + `}`, `"eats"`},
		"too much":        {`{"format_version":"1"}` + strings.Repeat(" ", most), "more than"},
	} {
		path := filepath.Join(t.TempDir(), File)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, subjects()); diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), File)
	if err := os.WriteFile(path, []byte(`{"format_version":"1","tenant":"t","facts":`+fact+`}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, subjects()); err != nil {
		t.Errorf("the right one: %v", err)
	}
}
