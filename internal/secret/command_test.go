package secret

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// TestMain lets the test be the program that it runs.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "program" {
		os.Exit(program(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// program is the other side of TestCommand.
func program(args []string) int {
	switch args[0] {
	case "write":
		fmt.Print(strings.Join(args[1:], " "))
	case "fail":
		fmt.Fprintln(os.Stdout, canary)
		fmt.Fprintln(os.Stderr, "the vault is locked:\n\x1b[31m"+canary+"\x1b[0m is no key")
		return 3
	case "folder":
		dir, err := os.Getwd()
		fmt.Print(filepath.Base(dir), err)
	case "input":
		n, err := io.Copy(io.Discard, os.Stdin)
		fmt.Print(n, err)
	case "much":
		w := bufio.NewWriter(os.Stdout)
		for range maxFile + 100 {
			if err := w.WriteByte('x'); err != nil {
				return 1
			}
		}
		if err := w.Flush(); err != nil {
			return 1
		}
	case "talk":
		fmt.Fprint(os.Stderr, strings.Repeat("words ", 100_000))
		return 1
	case "leave": // an agent behind
		agent := exec.Command(os.Args[0], "program", "linger")
		agent.Stdout, agent.Stderr = os.Stdout, os.Stderr
		if err := agent.Start(); err != nil {
			return 1
		}
		fmt.Println(args[1])
	case "linger":
		time.Sleep(2 * closingTime)
	case "hang":
		fmt.Println(canary)
		time.Sleep(time.Hour)
	}
	return 0
}

func commands(t *testing.T, dir string) *Resolver {
	t.Helper()
	r := New(dir, lookup(nil))
	r.Commands = func(value.Secret) bool { return true }
	return r
}

func handleOf(t *testing.T, argv ...string) value.Secret {
	t.Helper()
	handle, err := CommandHandle(argv)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own.exe"), content, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		argv      []string
		want, err string
	}{
		{[]string{self, "program", "write", "a b", "$HOME", "*", "", "c\n"}, "a b $HOME *  c", ""},
		{[]string{self, "program", "write", "two\n\n"}, "two\n", ""},
		{[]string{self, "program", "write", "crlf\r\n"}, "crlf", ""},
		{[]string{"./own.exe", "program", "write", canary}, canary, ""},
		{[]string{self, "program", "folder"}, filepath.Base(dir) + "<nil>", ""},
		{[]string{self, "program", "input"}, "0 <nil>", ""},
		{[]string{self, "program", "write"}, "", "is empty"},
		{[]string{self, "program", "leave", "agent's"}, "agent's", ""},
		{[]string{self, "program", "fail"}, "", "failed (exit status 3): the vault is locked: [31m… [0m is no key"},
		{[]string{self, "program", "much"}, "", "more than"},
		{[]string{self, "program", "talk"}, "", "words words"},
		{[]string{"no-such-program-7f3a"}, "", "executable file not found"},
		{[]string{"./none"}, "", "no such file"},
		{[]string{""}, "", "does not name a program"},
		{nil, "", "does not name a program"},
	} {
		got, err := commands(t, dir).Resolve(t.Context(), handleOf(t, c.argv...))
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%q: %q, %v; want %q", c.argv, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || diag.ClassOf(err) != diag.Invalid):
			t.Errorf("%q: error %v, want one with %q", c.argv, err, c.err)
		case err != nil && (strings.Contains(err.Error(), canary) || len(err.Error()) > 2000):
			t.Errorf("%q: the error tells the secret or too much: %v", c.argv, err)
		}
	}
}

// TestCommandOnlyOfTheConfiguration runs nothing that a plan or a state brings along.
func TestCommandOnlyOfTheConfiguration(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := handleOf(t, self, "program", "write", "ours"), handleOf(t, self, "program", "write", "theirs")
	r := New(t.TempDir(), lookup(nil))
	if _, err := r.Resolve(t.Context(), ours); err == nil || !strings.Contains(err.Error(), "not run") {
		t.Errorf("without a configuration: %v", err)
	}
	r.Commands = func(handle value.Secret) bool { return handle == ours }
	if got, err := r.Resolve(t.Context(), ours); got != "ours" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := r.Resolve(t.Context(), theirs); err == nil || !strings.Contains(err.Error(), "not run") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestCommandEnds ends a program that does not end by itself.
func TestCommandEnds(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := commands(t, t.TempDir())
	r.limit = 200 * time.Millisecond
	_, err = r.Resolve(t.Context(), handleOf(t, self, "program", "hang"))
	if err == nil || !strings.Contains(err.Error(), "did not end within") || strings.Contains(err.Error(), canary) {
		t.Errorf("a program that hangs: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r.limit = 0
	if _, err := r.Resolve(ctx, handleOf(t, self, "program", "hang")); !errors.Is(err, context.Canceled) {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestPrompt(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "answers.csv"), "question,answer\n첫 비밀번호 #1,"+canary+"\n")
	vars := map[string]string{}
	r := New(dir, lookup(vars))
	question := PromptHandle("첫 비밀번호 #1")
	if _, err := r.Resolve(t.Context(), question); err == nil || !strings.Contains(err.Error(), AnswersEnv) || diag.ClassOf(err) != diag.Invalid {
		t.Errorf("without a terminal: %v", err)
	}
	vars[AnswersEnv] = "answers.csv"
	if got, err := r.Resolve(t.Context(), question); got != canary {
		t.Errorf("from the table: %v", err)
	}
	if _, err := r.Resolve(t.Context(), PromptHandle("other")); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("a question that the table lacks: %v", err)
	}
	delete(vars, AnswersEnv)
	asking, most, mu := 0, 0, sync.Mutex{}
	r.Ask = func(_ context.Context, question string) (string, error) {
		mu.Lock()
		asking++
		most = max(most, asking)
		mu.Unlock()
		defer func() { mu.Lock(); asking--; mu.Unlock() }()
		if question == "nothing" {
			return "", nil
		}
		return question + canary, nil
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			q := fmt.Sprint("q", i)
			if got, err := r.Resolve(t.Context(), PromptHandle(q)); got != q+canary {
				t.Errorf("%s: %v", q, err)
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d questions at a time", most)
	}
	if _, err := r.Resolve(t.Context(), PromptHandle("nothing")); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty answer: %v", err)
	}
	if !Prompts(question) || Prompts("env:prompt:x") {
		t.Error("Prompts does not know a prompt")
	}
}
