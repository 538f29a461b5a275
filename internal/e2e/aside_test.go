package e2e

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// photo writes a picture of one shade into a configuration.
func photo(t *testing.T, dir, name string, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 640, 640))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asided is a company in which somebody has all that has calls of its own; more goes
// into the member, and unit into the org unit.
func asided(more, unit string) string {
	return `org_unit "a" {
  external_key = "A"
  name         = "본사"
  ` + unit + `
}
org_unit "b" {
  external_key = "B"
  name         = "연구소"
}
member "kim" {
  external_key  = "1"
  login_id      = "kim"
  last_name     = "김"
  private_email = "a@example.com"
  belongs_to { org_unit = org_unit.a }
  ` + more + `
}
`
}

const (
	allAsides = `photo               = "photos/1001 김.png"
  external_chat_works = true
  external_chat_line  = false
  leave {
    from  = "2026-01-01"
    until = "2098-12-31"
  }`
	restrictedTo = `access_restriction {
    type = "only_my_and_specified_org_unit"
    specified {
      org_unit          = org_unit.b
      include_sub_units = true
    }
    specified { org_unit = org_unit.a }
  }`
)

// TestAsides: what has calls of its own is created with its object, changed, cleared;
// after each apply the plan is empty; what is changed by hand is seen where it is read,
// and changed back.
func TestAsides(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, sandbox.Options{SeedValue: 1})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "guards.hcl": guardsFile(), "main.hcl": asided(allAsides, restrictedTo)})
	s := stage{T: t, tenant: tn, dir: dir}
	apply := func(text string) {
		t.Helper()
		s.put("main.hcl", text)
		s.must(t, 0, dir, "apply", "--yes")
		s.empty(t, dir)
		s.must(t, 0, dir, "drift", "--deep")
	}
	first := photo(t, dir, "photos/1001 김.png", 10)
	apply(asided(allAsides, restrictedTo))
	if !bytes.Equal(tn.Photo("kim@acme.co.kr"), first) {
		t.Error("the photo is not there")
	}
	second := photo(t, dir, "photos/1001 김.png", 20)
	apply(asided(strings.Replace(strings.ReplaceAll(allAsides, "2098-12-31", "2097-12-31 12:00"), "external_chat_line  = false", "external_chat_line  = true", 1),
		`access_restriction { type = "only_me" }`))
	if !bytes.Equal(tn.Photo("kim@acme.co.kr"), second) {
		t.Error("the new photo is not there")
	}

	// The link by which people outside find her is shown, and replaced when asked for.
	link := func(args ...string) string {
		t.Helper()
		r := s.must(t, 0, dir, append([]string{"chat-link"}, args...)...)
		if !strings.HasPrefix(r.stdout, "member.kim  김 kim  https://") {
			t.Errorf("%v: %v", args, r)
		}
		return r.stdout
	}
	if one, again, reset := link(), link("member.kim"), link("--reset", "--yes", "member.kim"); one != again || reset == one || link() != reset {
		t.Errorf("links %s, %s and after the reset %s", one, again, reset)
	}
	for _, wrong := range [][]string{{"--reset"}, {"--reset", "member.kim"}, {"org_unit.a"}, {"member.nobody"}, {"no address"}, {"--format", "xml"}} {
		s.must(t, 1, dir, append([]string{"chat-link"}, wrong...)...)
	}

	// By hand: all is seen, and changed back. The state says that it is long ago.
	s.age("1h")
	for _, line := range []string{
		"DELETE /users/kim@acme.co.kr/photo", "POST /users/kim@acme.co.kr/unlink-to-works", "POST /users/kim@acme.co.kr/unlink-to-line",
		"POST /users/kim@acme.co.kr/clear-leave-of-absence", "DELETE /orgunits/externalKey:A/orgunit-access-restrict",
	} {
		s.do(line)
	}
	names := []string{"photo", "external_chat_works", "external_chat_line", "leave", "access_restriction"}
	for _, command := range [][]string{{"drift", "--deep"}, {"plan", "--detailed-exitcode"}} {
		r := s.must(t, 2, dir, command...)
		for _, name := range names {
			if !strings.Contains(r.stdout, strings.ReplaceAll(name, "_", " ")) {
				t.Errorf("%v does not tell of %s: %v", command, name, r)
			}
		}
	}
	s.must(t, 0, dir, "apply", "--yes")
	s.age("1h")
	s.must(t, 0, dir, "drift", "--deep")
	s.empty(t, dir)

	apply(asided("photo = clear\n  external_chat_works = false\n  external_chat_line = false\n  leave = clear", "access_restriction = clear"))
	if tn.Photo("kim@acme.co.kr") != nil {
		t.Error("the photo is still there")
	}
	s.age("1h")
	s.empty(t, dir)

	// A member who is made again gets all again.
	apply(asided(allAsides, restrictedTo))
	s.do("DELETE /users/kim@acme.co.kr/forcedelete")
	s.age("1h")
	s.must(t, 0, dir, "apply", "--yes", "--allow", "member.recreation=1")
	s.empty(t, dir)
	if !bytes.Equal(tn.Photo("kim@acme.co.kr"), second) {
		t.Error("who was made again has no photo")
	}
}

// TestAsidesAreNotLost: killed at each of their calls, before and behind it, and in
// spite of faults, the next apply ends with everything as wanted.
func TestAsidesAreNotLost(t *testing.T) {
	for _, at := range []struct {
		path  string
		after bool
	}{
		{"/photo", false}, {"/photo", true}, {"/set-leave-of-absence", true}, {"/link-to-works", true}, {"/orgunit-access-restrict", true},
	} {
		t.Run(strings.ReplaceAll(at.path, "/", "")+map[bool]string{false: " before", true: " behind"}[at.after], func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, sandbox.Options{SeedValue: 1})
			dir := files(t, map[string]string{"tenant.hcl": tenantFile, "guards.hcl": guardsFile(), "main.hcl": asided(allAsides, restrictedTo)})
			s := stage{T: t, tenant: tn, dir: dir}
			content := photo(t, dir, "photos/1001 김.png", 10)
			tn.killAt(t, dir, at.after, "POST", at.path)
			s.must(t, 0, dir, "apply", "--yes")
			s.empty(t, dir)
			s.must(t, 0, dir, "drift", "--deep")
			if !bytes.Equal(tn.Photo("kim@acme.co.kr"), content) {
				t.Error("the photo is not there")
			}
			if rows := s.reader(t).list(t, "/users", "users"); len(rows) != 2 {
				t.Errorf("%d members, want the administrator and kim", len(rows))
			}
		})
	}
}

// TestAsidesRefused: what is wrong is told before anything is sent, or with the way out.
func TestAsidesRefused(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{"external-chat": "all"}})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "guards.hcl": guardsFile(), "no.png": "not a picture"})
	s := stage{T: t, tenant: tn, dir: dir}
	photo(t, dir, "yes.png", 1)
	if err := os.WriteFile(filepath.Join(dir, "big.png"), make([]byte, 10_485_761), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ member, unit, code, says string }{
		{`photo = "nowhere.png"`, "", "value.file", "nowhere.png"},
		{`photo = "no.png"`, "", "value.file", "JPG or PNG"},
		{`photo = "big.png"`, "", "value.file", "10485760"},
		{"leave {\n from = \"2026-02-01\"\n until = \"2026-01-01\"\n }", "", "member.leave", "before it begins"},
		{"leave {\n from = \"soon\"\n until = \"2026-01-01\"\n }", "", "value.rule", "is neither a day"},
		{"leave { from = \"2026-02-01\" }", "", "config.attribute_missing", "until"},
		{"", `access_restriction { type = "only_my_and_specified_org_unit" }`, "org_unit.access_restriction", "no unit is specified"},
		{"", `access_restriction { type = "only_you" }`, "value.enum", "only_me"},
	} {
		s.put("main.hcl", asided(c.member, c.unit))
		r := s.must(t, 1, dir, "validate")
		if all := r.stdout + r.stderr; !strings.Contains(all, c.code) || !strings.Contains(all, c.says) {
			t.Errorf("%s%s is not refused with %s %q: %v", c.member, c.unit, c.code, c.says, r)
		}
	}
	s.put("main.hcl", asided(`external_chat_works = true`, ""))
	r := s.must(t, 3, dir, "apply", "--yes")
	if !strings.Contains(r.stdout+r.stderr, "leave the attribute out") {
		t.Errorf("no way out: %v", r)
	}

	// A file that changes between plan and apply.
	s.put("main.hcl", asided(`photo = "yes.png"`, ""))
	s.must(t, 0, dir, "plan", "--out", "saved.isaplan")
	photo(t, dir, "yes.png", 2)
	if r := s.isa(t, dir, "apply", "--yes", "saved.isaplan"); r.code == 0 || tn.Photo("kim@acme.co.kr") != nil {
		t.Errorf("another photo than was planned was sent: %v", r)
	}
}
