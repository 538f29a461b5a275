package directory

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/value"
)

// FuzzAddress: what the rules accept has one canonical form, which they accept
// too and which names the same address.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{"hong", "Hong@ACME.co.kr", "a@b", "!x", "a..b", "@", "é@x.y", "hong@acme.co.kr@x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, check := range []rule{loginAddress, listAddress} {
			if check(text) != "" {
				continue
			}
			short := LocalName(text, acme)
			full := FullAddress(short, acme)
			if check(short) != "" || LocalName(full, acme) != short || LocalName(short, acme) != short {
				t.Errorf("%q is accepted, but its form %q (%q) is not: %s", text, short, full, check(short))
			}
			if want := strings.ToLower(text); full != want && full != want+"@"+acme.Domain {
				t.Errorf("%q became %q", text, full)
			}
		}
	})
}

// FuzzTexts: no text makes a check panic, and what is refused is told why.
func FuzzTexts(f *testing.F) {
	f.Add("홍길동")
	f.Add("\xff\x00")
	f.Fuzz(func(t *testing.T, text string) {
		for _, k := range Schemas() {
			for _, a := range k.Attrs {
				if a.Check == nil {
					continue
				}
				one, list := a.Check(value.String(text)), a.Check(value.List{value.String(text)})
				if (one == "") != (list == "") {
					t.Errorf("%s.%s: %q alone %q, in a list %q", k.Type, a.Name, text, one, list)
				}
			}
		}
	})
}
