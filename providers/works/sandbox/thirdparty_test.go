package sandbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestCurlSetsUpAndReadsATenant runs testdata/curl/tenant.sh: calls that were written
// from the documentation alone, by curl, openssl and python3.
func TestCurlSetsUpAndReadsATenant(t *testing.T) {
	second := Domain{ID: 10000002, Name: "acme-logis.co.kr"}
	s := newServer(t, Options{Limits: true, Speed: 60, Domains: []Domain{{ID: 10000001, Name: "acme.co.kr"}, second}})
	base, err := s.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/curl/tenant.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", script, t.TempDir())
	cmd.Env = append(os.Environ(), "PACE=0.03", "FIRST_LOGIN="+base+"/_sandbox/sign-in",
		"SECOND_DOMAIN="+second.Name, "SECOND_DOMAIN_ID="+strconv.Itoa(second.ID))
	for k, v := range s.Env() {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("the rules for writers were broken: %v", v)
	}
	t.Log(strings.TrimSpace(string(out)))
}
