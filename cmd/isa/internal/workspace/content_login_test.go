package workspace

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// TestARefusedPasswordIsNotTriedAgain: another pass with the same password does not log
// in, one with a new password does.
func TestARefusedPasswordIsNotTriedAgain(t *testing.T) {
	var r Refusals
	secret, logins := "wrong", 0
	resolve := func(context.Context) (string, error) { return secret, nil }
	try := func(name string) error {
		_, err := login(t.Context(), &r, name, "kim", resolve, func(ctx context.Context, secret func(context.Context) (string, error)) (int, error) {
			got, err := secret(ctx)
			if err != nil {
				return 0, err
			}
			if logins++; got != "right" {
				return 0, &diag.Failure{Class: diag.Denied, Op: "log in"}
			}
			return 1, nil
		})
		return err
	}
	for pass := range 3 {
		err := try("a")
		if diag.ClassOf(err) != diag.Denied || logins != 1 {
			t.Errorf("pass %d: %v after %d logins", pass+1, err, logins)
		}
		if pass > 0 && !strings.Contains(err.Error(), "not tried again") || strings.Contains(err.Error(), secret) {
			t.Error(err)
		}
	}
	if try("b"); logins != 2 {
		t.Errorf("another account: %d logins", logins)
	}
	secret = "right"
	for range 2 {
		if err := try("a"); err != nil {
			t.Error(err)
		}
	}
	if logins != 4 {
		t.Errorf("%d logins", logins)
	}
}

// TestATokenCommandEnds: whatever it does and leaves behind, and whatever it prints.
func TestATokenCommandEnds(t *testing.T) {
	for _, c := range []struct{ script, says string }{
		{"sleep 600", "did not end within"},
		{"sleep 600 & echo token", "holds its output open"},
		{"trap '' TERM INT; sleep 600 & wait", "did not end within"},
		{"head -c 1000000 /dev/zero | tr '\\0' x", "one token"},
	} {
		most := time.Minute
		if strings.Contains(c.says, "within") {
			most = 50 * time.Millisecond
		}
		_, err := runToken(t.Context(), t.TempDir(), []string{"/bin/sh", "-c", c.script}, most)
		if diag.ClassOf(err) != diag.Denied || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.script, err)
		}
	}
}
