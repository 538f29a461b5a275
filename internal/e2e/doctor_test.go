//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// diagnosis is what isa doctor says in JSON: verdicts by name.
type diagnosis map[string]struct{ Name, Verdict, What, Why, Fix string }

func (tn *tenant) doctor(t testing.TB, code int, dir string) diagnosis {
	t.Helper()
	r := tn.must(t, code, dir, "doctor", "--format", "json")
	var doc struct {
		Failed bool
		Checks []struct{ Name, Verdict, What, Why, Fix string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Failed != (code == 1) {
		t.Errorf("failed is %v, the exit code %d", doc.Failed, code)
	}
	out := diagnosis{}
	for _, c := range doc.Checks {
		out[c.Name] = c
		if c.Verdict == "failed" && (c.Why == "" || c.Fix == "") {
			t.Errorf("%s failed without why or way out: %+v", c.Name, c)
		}
	}
	for _, secret := range []string{tn.env["WORKS_CLIENT_SECRET"], mailtest.Password + "\"", "PRIVATE KEY--"} {
		if secret != "" && strings.Contains(r.stdout+r.stderr, secret) {
			t.Error("the doctor tells a secret")
		}
	}
	return out
}

// wants compares verdicts.
func (d diagnosis) wants(t testing.TB, about string, want map[string]string) {
	t.Helper()
	for name, verdict := range want {
		if d[name].Verdict != verdict {
			t.Errorf("%s: %s is %q, want %s: %+v", about, name, d[name].Verdict, verdict, d[name])
		}
	}
}

// TestDoctor breaks what isa needs, a thing at a time, and wants each to be named.
func TestDoctor(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{batch: "    messages = 50\n    smallest = 1"})
	const source, gate = "mail_source.old", "mail_gateway.main"
	fine := m.doctor(t, 0, m.dir)
	fine.wants(t, "nothing is broken", map[string]string{"configuration": "warning", "credentials": "ok", "domain acme.co.kr": "ok", "scope mail": "ok", "state": "ok",
		"tenant": "ok", "lock": "ok", "ledger": "ok", source: "ok", gate + " name": "ok", gate + " port": "warning", gate + " certificate": "warning", gate + " spool": "ok"})
	m.must(t, 0, m.dir, "doctor").says(t, "credentials: complete; private_key is RSA with 2048 bits", "0 failed")
	if entries, err := os.ReadDir(m.dir); err != nil || slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "spool" || strings.HasPrefix(e.Name(), ".isa-doctor") }) {
		t.Errorf("the doctor left something behind: %v %v", entries, err)
	}

	broken := func(about string, want map[string]string) {
		t.Helper()
		m.doctor(t, 1, m.dir).wants(t, about, want)
	}
	with := func(name, value string, act func()) {
		t.Helper()
		was := m.env[name]
		m.env[name] = value
		act()
		m.env[name] = was
	}
	with("WORKS_CLIENT_SECRET", "wrong", func() { broken("another secret", map[string]string{"credentials": "ok", "sign-in": "failed"}) })
	with("WORKS_PRIVATE_KEY", "no key", func() { broken("no key", map[string]string{"credentials": "failed", "sign-in": "not_checked"}) })

	key := filepath.Join(m.dir, "tls", "key.pem")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	broken("no key for the certificate", map[string]string{gate + " certificate": "failed", gate + " spool": "ok", source: "ok"})
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	m.file("spool", "a file, no directory")
	broken("the spool is a file", map[string]string{gate + " spool": "failed"})
	if err := os.Remove(filepath.Join(m.dir, "spool")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(m.dir, "spool"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.doctor(t, 0, m.dir).wants(t, "the spool is open to others", map[string]string{gate + " spool": "warning"})

	state := filepath.Join(m.dir, "isa.state.json")
	kept, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	m.file("isa.state.json", strings.Replace(string(kept), "10000001", "10000002", 1))
	d := m.doctor(t, 1, m.dir)
	if d["state"].Verdict != "failed" && d["tenant"].Verdict != "failed" {
		t.Errorf("the state of another tenant: %+v", d)
	}
	m.file("isa.state.json", string(kept))

	m.file("wrong.hcl", "member \"x\" {\n")
	broken("the configuration has an error", map[string]string{"configuration": "failed", "everything else": "not_checked"})
	if err := os.Remove(filepath.Join(m.dir, "wrong.hcl")); err != nil {
		t.Fatal(err)
	}
	if err := m.source.Kill(); err != nil {
		t.Fatal(err)
	}
	found := m.doctor(t, 1, m.dir)
	if found[source].Verdict != "failed" && found[source+" certificate"].Verdict != "failed" {
		t.Errorf("the source is down: %+v", found)
	}
}
