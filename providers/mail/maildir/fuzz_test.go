package maildir

import (
	"slices"
	"strings"
	"testing"
)

// FuzzNames: whatever a file is called, its key does not depend on its flags, and its
// flags are in order.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"1425459235.M1P2.host,S=1,W=2:2,RSa", "1;2,S", "1!2,", ":2,", "a:2,b:2,c", ".x", "\xff\xfe:2,Z", "e\u0301:2,S", "%41", "a,S=-1,S=99999999999999999999,W=,W=3"} {
		f.Add(name)
	}
	keywords := keywordsOf("0 a\n3 d\n25 z\n26 no\n")
	f.Fuzz(func(t *testing.T, name string) {
		k := key(name)
		if strings.ContainsAny(k, "\x00\n") {
			t.Errorf("%q has the key %q", name, k)
		}
		out := flags(name, keywords)
		if !slices.IsSorted(out) || len(slices.Compact(slices.Clone(out))) != len(out) || slices.Contains(out, "") {
			t.Errorf("%q has the flags %q", name, out)
		}
		base, _ := split(name)
		if k != "" && key(base+":2,ST") != k {
			t.Errorf("%q: %q with other flags is %q", name, k, key(base+":2,ST"))
		}
		disk, wire := sizes(name)
		if disk < -1 || wire < -1 {
			t.Errorf("%q: sizes %d and %d", name, disk, wire)
		}
	})
}
