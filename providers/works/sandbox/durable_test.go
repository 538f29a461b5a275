package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be a sandbox that can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SANDBOX_CHILD_DIR"); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	s, err := New(Options{Dir: dir, Seed: 20})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	base, err := s.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(base)
	// End with the parent at the latest, when the pipe closes.
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

// TestKill kills a sandbox while members are created: whatever was answered is there
// afterwards, and the key and tokens still work.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	made := map[string]string{} // login ID to user ID
	var c *client
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "SANDBOX_CHILD_DIR="+dir)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		base, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		base = strings.TrimSpace(base)
		if c == nil {
			key, err := os.ReadFile(filepath.Join(dir, keyName))
			if err != nil {
				t.Fatal(err)
			}
			c = &client{t: t, base: base, now: time.Now, http: &http.Client{}, env: map[string]string{"WORKS_CLIENT_ID": clientID,
				"WORKS_CLIENT_SECRET": clientSecret, "WORKS_SERVICE_ACCOUNT": "sandbox.serviceaccount@acme.co.kr", "WORKS_PRIVATE_KEY": string(key)}}
			c.login("directory")
		}
		c.base = base
		for email, id := range made {
			want(t, email, c.must("GET", "/users/"+email, nil)["userId"], id)
		}
		kill := time.AfterFunc(150*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for i := 0; ; i++ {
			name := fmt.Sprintf("r%dn%d", round, i)
			resp, err := c.try("POST", "/users", member(name, nil))
			if err != nil {
				break
			}
			status, u := read(t, resp)
			want(t, "create", status, 201)
			made[name+"@acme.co.kr"] = u["userId"].(string)
		}
		kill.Stop()
		_ = in.Close()
		if err := cmd.Wait(); err == nil {
			t.Error("the sandbox was not killed")
		}
	}
	if len(made) < 3 {
		t.Errorf("only %d members were made", len(made))
	}
	info, err := os.Stat(filepath.Join(dir, keyName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key: %v %v", info, err)
	}
}

// TestReopen: everything a tenant holds survives, the clock does not go back, a torn
// tail is ignored, a damaged middle is refused, a second server is refused.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	opt := Options{Dir: dir, Now: func() time.Time { return now }}
	s := newServer(t, opt)
	c := inProcess(t, s)
	ids := c.world()
	c.must("POST", "/orgunits", unit("U", obj{"displayOrder": 1}))
	c.must("POST", "/orgunits/"+ids.Replace("{S}")+"/move", obj{"displayOrder": 1})
	c.must("DELETE", "/orgunits/"+ids.Replace("{T}"), nil)
	c.must("DELETE", "/users/"+ids.Replace("{M}"), nil)
	if err := s.Advance(100 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := New(opt); err == nil || !strings.Contains(err.Error(), "another sandbox") {
		t.Errorf("a second server on one folder: %v", err)
	}
	before := encode(t, s.state())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, journalName)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range []string{"", "deadbeef {\"at\":", "deadbeef {}\n"} {
		if err := os.WriteFile(file, append(whole[:len(whole):len(whole)], torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		s = newServer(t, opt)
		want(t, "state after "+torn, encode(t, s.state()), before)
		again := inProcess(t, s)
		again.token = c.token // tokens outlive the server
		again.must("GET", "/users", nil)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = newServer(t, opt)
	if err := s.journal.compact(s.tenant.snapshot(s.clock.Now())); err != nil {
		t.Fatal(err)
	}
	inProcess(t, s).must("POST", "/users", member("after", nil))
	before = encode(t, s.state())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = newServer(t, opt)
	want(t, "state after compaction", encode(t, s.state()), before)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole[20] ^= 1
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(opt); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged middle: %v", err)
	}
}
