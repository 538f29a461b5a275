package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestInRepository(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "infra", "works")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := InRepository(deep); got != "" {
		t.Errorf("without a repository it is at %q", got)
	}
	if err := os.Mkdir(filepath.Join(top, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{deep: "infra/works", filepath.Join(top, "infra"): "infra", top: "", deep + "/../works": "infra/works"} {
		if got := InRepository(dir); got != want {
			t.Errorf("%s is at %q, want %q", dir, got, want)
		}
	}
	if err := os.WriteFile(filepath.Join(deep, ".git"), []byte("gitdir: x"), 0o600); err != nil { // a worktree
		t.Fatal(err)
	}
	if got := InRepository(deep); got != "" {
		t.Errorf("in a worktree it is at %q", got)
	}
}
