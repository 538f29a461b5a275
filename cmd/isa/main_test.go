package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/isaworks/isa/providers/works/sandbox"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"isa": main}) }

// TestScripts runs the binary as users do.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			// What a user's shell may hold must not reach the tests.
			e.Setenv("NO_COLOR", "")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each run of isa ends with a second of sleep
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": startSandbox, "isa-ends": isaEnds, "lock": lockState, "mode": checkMode, "hash": planHash, "await": await, "agekey": ageKey, "aged": agedState,
		},
		RequireExplicitExec: true,
		UpdateScripts:       *update,
	})
}

// serviceKey makes the key that all tenants of a test run share: making one takes
// seconds under the race detector.
var serviceKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

// startSandbox starts a tenant in this process and points isa at it:
// sandbox [speed=N] [faults=SPEC] [seed=N].
func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: sandbox [speed=N] [faults=SPEC] [seed=N]")
	}
	opts := sandbox.Options{Limits: true, Features: true, Speed: 60, PrivateKey: serviceKey()}
	for _, a := range args {
		name, text, _ := strings.Cut(a, "=")
		n, err := strconv.Atoi(text)
		switch name {
		case "faults":
			opts.Faults, err = text, nil
		case "speed":
			opts.Speed = float64(n)
		case "seed":
			opts.Seed = n
		default:
			ts.Fatalf("sandbox knows no %s", name)
		}
		ts.Check(err)
	}
	server, err := sandbox.New(opts)
	ts.Check(err)
	_, err = server.Start(context.Background())
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	for name, text := range server.Env() {
		ts.Setenv(name, text)
	}
}

// isaEnds runs isa and wants an exit code: isa-ends 2 plan --detailed-exitcode.
func isaEnds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: isa-ends CODE ARGS...")
	}
	code := 0
	err := ts.Exec("isa", args[1:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("isa ended with %d, want %s", code, args[0])
	}
}

// lockState holds the lock of a state file in this process until the script ends.
func lockState(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lock STATEFILE")
	}
	session, err := local.New(ts.MkAbs(args[0])).Lock(context.Background(), state.Holder{
		ID: rand.Text(), Who: "kim@hr-pc", PID: os.Getpid(), Since: time.Now(), What: "apply",
	})
	ts.Check(err)
	ts.Defer(func() { ts.Check(session.Close()) })
}

// checkMode wants the permissions of a file: mode 0600 FILE.
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := "0" + strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("%s has mode %s", args[1], got)
	}
}

// planHash puts the hash in the text of a plan into an environment variable:
// hash VAR FILE.
func planHash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hash VAR FILE")
	}
	_, after, ok := strings.Cut(ts.ReadFile(args[1]), "Plan hash ")
	hash, _, ok2 := strings.Cut(after, ".")
	if !ok || !ok2 {
		ts.Fatalf("%s holds no plan hash", args[1])
	}
	ts.Setenv(args[0], hash)
}

// ageKey makes an age identity file and puts its public key into an environment
// variable: agekey VAR FILE.
func ageKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: agekey VAR FILE")
	}
	key, err := age.GenerateX25519Identity()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("# public key: "+key.Recipient().String()+"\n"+key.String()+"\n"), 0o600))
	ts.Setenv(args[0], key.Recipient().String())
}

// agedState makes what a state file says was applied old, so that a listing
// without it is believed at once: aged STATEFILE.
func agedState(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: aged STATEFILE")
	}
	old := `"applied": "` + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + `"`
	text := regexp.MustCompile(`"applied": *"[^"]*"`).ReplaceAllString(ts.ReadFile(args[0]), old)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// await waits until a file is there and holds a text: await FILE TEXT.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	for range 1000 {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(data), args[1]) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s did not come to hold %q", args[0], args[1])
}
