package secret

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

const canary = "canary-7f3a91c2"

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, armored bool, content string, to age.Recipient) string {
	t.Helper()
	var b bytes.Buffer
	if !armored {
		sealInto(t, &b, content, to)
		return b.String()
	}
	w := armor.NewWriter(&b)
	sealInto(t, w, content, to)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sealInto(t *testing.T, out interface{ Write([]byte) (int, error) }, content string, to age.Recipient) {
	t.Helper()
	w, err := age.Encrypt(out, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	mine, other := identity(t), identity(t)
	outside := filepath.Join(t.TempDir(), "outside.pem")
	keyFile := filepath.Join(t.TempDir(), "key.txt")
	write(t, keyFile, "# created: today\n"+mine.String()+"\n")
	write(t, outside, "outside")
	for name, content := range map[string]string{
		"a.pem": "line1\nline2\n\n", "crlf.txt": "text\r\n", "empty.txt": "\n",
		"pw.csv":  "사번,비밀번호\n1042," + canary + "\n0007,\"a,b\"\n1042,twice\n9,\n",
		"one.csv": "a\n1\n", "broken.age": canary,
		"file.age":      seal(t, false, canary+"\n", mine.Recipient()),
		"armored.age":   seal(t, true, canary+"\n", mine.Recipient()),
		"other.age":     seal(t, false, canary, other.Recipient()),
		"staff.csv.age": seal(t, true, "id,pw\n7,"+canary+"\n", mine.Recipient()),
		"damaged.age":   strings.TrimSuffix(seal(t, false, strings.Repeat(canary, 10), mine.Recipient()), "xx")[:250],
		"big.txt":       strings.Repeat("x", maxFile+1),
	} {
		write(t, filepath.Join(dir, name), content)
	}
	r := New(dir, lookup(map[string]string{"PW": canary, "EMPTY": "", IdentityEnv: keyFile}))
	for _, c := range []struct{ handle, want, err string }{
		{"env:PW", canary, ""},
		{"env:NONE", "", "set NONE"},
		{"env:EMPTY", "", "is empty"},
		{"file:a.pem", "line1\nline2\n", ""},
		{"file:crlf.txt", "text", ""},
		{"file:empty.txt", "", "is empty"},
		{"file:" + outside, "outside", ""},
		{"file:none.txt", "", "cannot be read"},
		{"file:big.txt", "", "longer than"},
		{"file:file.age", canary, ""},
		{"file:armored.age", canary, ""},
		{"file:other.age", "", "somebody else"},
		{"file:broken.age", "", "no age file"},
		{"file:damaged.age", "", "encrypt it again"},
		{"table:pw.csv#0007", "a,b", ""},
		{"table:pw.csv#1042", "", "stands twice: A2, A4"},
		{"table:pw.csv#9", "", "is empty"},
		{"table:pw.csv#8", "", "no row"},
		{"table:one.csv#1", "", "fewer than two columns"},
		{"table:none.csv#1", "", "cannot be read"},
		{"table:staff.csv.age#7", canary, ""},
		{"table:pw.csv", "", "file and a key"},
		{"vault:x", "", "no known kind"},
	} {
		got, err := r.Resolve(t.Context(), value.Secret(c.handle))
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%s: %q, %v; want %q", c.handle, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), c.handle)):
			t.Errorf("%s: error %v, want one with %q", c.handle, err, c.err)
		case c.err != "" && (diag.ClassOf(err) != diag.Invalid || strings.Contains(err.Error(), canary)):
			t.Errorf("%s: class %s, error %v", c.handle, diag.ClassOf(err), err)
		}
	}
	bare := New(dir, lookup(nil))
	if _, err := bare.Resolve(t.Context(), "file:file.age"); err == nil || !strings.Contains(err.Error(), IdentityEnv) {
		t.Errorf("without identity: %v", err)
	}
	given := New(dir, lookup(nil), mine)
	if got, err := given.Resolve(t.Context(), "file:file.age"); got != canary {
		t.Errorf("with a given identity: %v", err)
	}
	write(t, keyFile, canary)
	if _, err := r.Resolve(t.Context(), "file:file.age"); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("with a bad identity file: %v", err)
	}
}

func TestGenerate(t *testing.T) {
	seen := map[string]bool{}
	for range 500 {
		p, err := Generate(MinPassword)
		if err != nil {
			t.Fatal(err)
		}
		if len(p) != MinPassword || !mixed(p) || strings.ContainsAny(p, "IlO01o|") || seen[p] || !strings.ContainsAny(p[:1], upper+lower) {
			t.Fatalf("a password of %d characters, mixed %v, seen %v: %q", len(p), mixed(p), seen[p], p)
		}
		seen[p] = true
	}
	for _, n := range []int{-1, 0, 7, 65} {
		if _, err := Generate(n); err == nil {
			t.Errorf("Generate(%d) succeeded", n)
		}
	}
}

func TestHandout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.handout.age")
	mine, second, other := identity(t), identity(t), identity(t)
	open := func() *Handout {
		h, err := OpenHandout(path, []string{mine.Recipient().String(), second.Recipient().String()})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := open()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := h.Put(t.Context(), fmt.Sprintf(`member.staff["%d"]`, i), canary); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	// A crash leaves half a block.
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(whole), canary) {
		t.Error("the handout is readable")
	}
	write(t, path, string(whole)+armor.Header+"\nYWdlLWVuY3J5")
	h = open()
	if err := h.Put(t.Context(), "late", "pw"); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []age.Identity{mine, second} {
		entries, others := readBack(t, path, id)
		if len(entries) != 11 || others != 0 || entries[10].Who != "late" || entries[10].Password != "pw" || entries[0].Password != canary {
			t.Errorf("%d entries, %d for others", len(entries), others)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", entries, entries, entries[0]), canary) {
			t.Error("an entry prints its password")
		}
	}
	if entries, others := readBack(t, path, other); len(entries) != 0 || others != 11 {
		t.Errorf("a stranger reads %d entries, %d for others", len(entries), others)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := h.Put(t.Context(), "closed", "pw"); err == nil || strings.Contains(err.Error(), "pw") {
		t.Errorf("Put after Close: %v", err)
	}
}

func readBack(t *testing.T, path string, id age.Identity) ([]Entry, int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	entries, others, err := ReadHandout(f, id)
	if err != nil {
		t.Fatal(err)
	}
	return entries, others
}

func TestHandoutRefusesRecipients(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, recipients := range [][]string{nil, {""}, {"age1nonsense"}, {"ssh-ed25519 AAAA"}} {
		if _, err := OpenHandout(path, recipients); err == nil {
			t.Errorf("recipients %q were taken", recipients)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused handout was made")
	}
}
