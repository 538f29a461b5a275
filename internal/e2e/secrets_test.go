package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// secretMembers has a password from every source: %s are the table's path and who
// may read the generated ones.
const secretMembers = `member "a" {
  external_key = "1"
  login_id     = "kim"
  last_name    = "김"
  password {
    mode  = "admin"
    value = secret_env("CANARY_PASSWORD")
  }
}

member "b" {
  external_key = "2"
  login_id     = "lee"
  last_name    = "이"
  password {
    mode  = "admin"
    value = secret_file("password.txt")
  }
}

member "c" {
  external_key = "3"
  login_id     = "park"
  last_name    = "박"
  password {
    mode  = "admin"
    value = secret_table(%q, "3")
  }
}

member "d" {
  external_key = "4"
  login_id     = "choi"
  last_name    = "최"
  password {
    mode     = "admin"
    generate = true
  }
}

isa {
  handout {
    recipients = [%q]
  }
}
`

// TestNoSecretIsWrittenAnywhere puts a canary in every place that takes a secret
// and looks for it in everything that isa writes: plans in all formats, state,
// journal (also of a killed run), progress, errors of a tenant that misbehaves.
func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, sandbox.Options{SeedValue: 4, Faults: "500=20%,html-error=10%,drop-response=10%"})
	const envCanary, fileCanary, tableCanary = "Canary-Env-7f3a!", "Canary-File-9b1c!", "Canary-Table-2d8e!"
	tn.env["CANARY_PASSWORD"] = envCanary
	who, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(files(t, map[string]string{"passwords.csv": "사번,비밀번호\n3," + tableCanary + "\n"}), "passwords.csv")
	dir := files(t, map[string]string{
		"tenant.hcl": tenantFile, "password.txt": fileCanary + "\n",
		"members.hcl": fmt.Sprintf(secretMembers, filepath.ToSlash(table), who.Recipient()),
	})
	canaries := []string{envCanary, fileCanary, tableCanary, tn.env["WORKS_CLIENT_SECRET"]}
	for line := range strings.Lines(tn.env["WORKS_PRIVATE_KEY"]) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
			canaries = append(canaries, line)
		}
	}
	var said bytes.Buffer
	run := func(args ...string) int {
		r := tn.isa(t, dir, args...)
		fmt.Fprintf(&said, "isa %v: %v\n", args, r)
		return r.code
	}
	run("validate")
	run("plan", "--out", "plan.zip")
	run("plan", "--format", "json")
	run("show", "plan.zip")
	tn.killAfter(t, dir, 8)
	journal := read(t, dir)
	for n := 0; run("apply", "--yes") != 0; n++ {
		if n == 5 {
			t.Fatalf("no apply succeeded:\n%s", said.String())
		}
	}
	run("state", "show", "member.a")
	for name, wrong := range map[string]string{"WORKS_CLIENT_SECRET": "Canary-Wrong-55", "WORKS_PRIVATE_KEY": "Canary-Key-77"} {
		canaries = append(canaries, wrong)
		right := tn.env[name]
		tn.env[name] = wrong
		run("plan")
		tn.env[name] = right
	}
	canaries = append(canaries, handedOut(t, dir, who)...)

	everything := said.String() + journal + read(t, dir)
	if !strings.Contains(everything, `"$secret"`) || !strings.Contains(everything, "env:CANARY_PASSWORD") {
		t.Error("no handle of a secret is found, so this test looks in the wrong places")
	}
	for i, canary := range canaries {
		if at := strings.Index(everything, canary); at >= 0 {
			t.Errorf("canary %d of %d is written out, after %q", i+1, len(canaries), tail(everything[:at], 200))
		}
	}
}

// handedOut returns the generated passwords, which only their reader can open.
func handedOut(t *testing.T, dir string, who age.Identity) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "isa.handout.age"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, others, err := secret.ReadHandout(f, who)
	if err != nil || len(entries) == 0 || others > 0 {
		t.Fatalf("%d entries, %d of others, %v", len(entries), others, err)
	}
	var passwords []string
	for _, e := range entries {
		if e.Who != "member.d" || e.Password == "" {
			t.Errorf("handed out to %s", e.Who)
		}
		passwords = append(passwords, e.Password)
	}
	return passwords
}

// read returns the contents of all files of a directory but the secrets' own,
// zip files unpacked.
func read(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "password.txt" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "\n--- %s\n%s", path, data)
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return nil // not a zip file
		}
		for _, f := range archive.File {
			r, err := f.Open()
			if err != nil {
				return err
			}
			if _, err := io.Copy(&all, r); err != nil {
				return err
			}
			if err := r.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func tail(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}
