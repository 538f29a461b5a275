package addr

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestParseWritesBackWhatItRead(t *testing.T) {
	for _, text := range []string{
		`org_unit.hq`, `member.staff["1042"]`, `member.직원["홍 길동"]`,
		`org_unit.hr["a\"b\\c"]`, `job_grade.g["$${x} %%{y}"]`, `job_grade.g["tab\tnl\n"]`,
	} {
		a, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%s): %v", text, err)
			continue
		}
		if got := a.String(); got != text {
			t.Errorf("Parse(%s).String() = %s", text, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "member", "member.", ".staff", "member.1a", `member.a[1]`, `member.a["x`, `member.a["x"`,
		`member.a["x"] `, `member.a["\q"]`, "member.a b", `member.a["\u12"]`,
	} {
		if a, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, a)
		}
	}
}

// A key that a terminal decomposes is the key that the configuration has.
func TestParseComposesKeys(t *testing.T) {
	const typed = `member.staff["김하나"]`
	a, err := Parse(norm.NFD.String(typed))
	if err != nil || a != Instance("member", "staff", "김하나") || a.String() != typed {
		t.Errorf("%v, %v", a, err)
	}
	if a, err := Parse(`member.a["e\u0301"]`); err != nil || a.Key != "é" {
		t.Errorf("%q, %v", a.Key, err)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("1042")
	f.Add("${x}\x00\"\\")
	f.Add("%%{")
	f.Fuzz(func(t *testing.T, key string) {
		if a, err := Parse(key); err == nil {
			if b, err := Parse(a.String()); err != nil || a != b {
				t.Fatalf("Parse(%q) = %#v, read back as %#v, %v", key, a, b, err)
			}
		}
		if !utf8.ValidString(key) || !norm.NFC.IsNormalString(key) {
			return // keys are texts of the language, which are UTF-8 in NFC
		}
		a := Instance("member", "staff", key)
		if b, err := Parse(a.String()); err != nil || a != b {
			t.Fatalf("%#v was written as %s and read back as %#v, %v", a, a, b, err)
		}
	})
}
