// Package story tells one story of failure: a company is set up and then
// reorganised by applies that are killed, while answers are lost and the service
// is restarted. In the end everything must be there once and as it was wanted.
package story

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// Options say how a story goes.
type Options struct {
	Binary   string          // isa
	Dir      string          // an empty folder for configuration, state and the tenant's data
	Company  company.Company // to set up, then to reorganise
	Seed     uint64          // the moments of the kills and the faults follow from it
	Faults   string          // of the sandbox (sandbox.ParseFaults)
	Restarts bool            // the service too is stopped and started again in the middle
}

// Numbered is the story of a seed: every third loses answers, every fourth restarts
// the service.
func Numbered(seed uint64) Options {
	o := Options{Seed: seed, Restarts: seed%4 == 3}
	if seed%3 == 0 {
		o.Faults = "drop-response=4%,slow=5%:20ms"
	}
	return o
}

// Outcome is what a story took.
type Outcome struct {
	Applies  int // begun
	Kills    int // of isa, by SIGKILL
	Restarts int // of the service
	Partly   int // applies that ended with exit code 3
	Requests int
}

// Add sums outcomes up.
func (o *Outcome) Add(other Outcome) {
	o.Applies += other.Applies
	o.Kills += other.Kills
	o.Restarts += other.Restarts
	o.Partly += other.Partly
	o.Requests += other.Requests
}

// maxApplies bounds the applies of one half of a story.
const maxApplies = 80

// Tell runs a story. The error says what was lost, doubled or unreadable.
func Tell(ctx context.Context, o Options) (out Outcome, err error) {
	t := &teller{Options: o, random: rand.New(rand.NewPCG(o.Seed, 9)), conf: filepath.Join(o.Dir, "conf"), out: &out}
	if err := t.start(ctx, ""); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, t.server.Close()) }()
	if err := t.reach(ctx, o.Company); err != nil {
		return out, fmt.Errorf("setting the company up: %w", err)
	}
	next := o.Company.Reorganised()
	for _, number := range next.Left { // nobody who never signed in can be suspended
		if err := t.server.SignIn("externalKey:" + number); err != nil {
			return out, err
		}
	}
	if err := t.reach(ctx, next); err != nil {
		return out, fmt.Errorf("reorganising the company: %w", err)
	}
	return out, nil
}

// teller tells a story.
type teller struct {
	Options
	random *rand.Rand
	conf   string
	server *sandbox.Server
	base   string
	out    *Outcome
}

// start starts the service on its data, at listen ("" = anywhere).
func (t *teller) start(ctx context.Context, listen string) error {
	server, err := sandbox.New(sandbox.Options{
		Listen: listen, Dir: filepath.Join(t.Dir, "tenant"), SeedValue: t.Seed, Faults: t.Faults, Features: true,
	})
	if err != nil {
		return err
	}
	base, err := server.Start(context.WithoutCancel(ctx))
	if err != nil {
		return errors.Join(err, server.Close())
	}
	t.server, t.base = server, base
	return nil
}

// reach applies until an apply lives to its end, and compares.
func (t *teller) reach(ctx context.Context, c company.Company) error {
	if err := t.write(c); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n == maxApplies {
			return fmt.Errorf("no apply of %d lived to its end", n)
		}
		done, err := t.apply(ctx)
		if err != nil {
			return err
		}
		if text, code := t.isa(ctx, "state", "list"); code != 0 {
			return fmt.Errorf("the state cannot be read:\n%s", text)
		}
		if done {
			break
		}
	}
	t.out.Requests += len(t.server.Requests())
	if text, code := t.isa(ctx, "plan", "--detailed-exitcode"); code != 0 {
		return fmt.Errorf("the plan after the last apply is not empty:\n%s", text)
	}
	return t.check(ctx, c)
}

func (t *teller) write(c company.Company) error {
	if err := os.MkdirAll(t.conf, 0o700); err != nil {
		return err
	}
	if err := c.Write(t.conf); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(t.conf, "guards.hcl"), []byte(guards()), 0o600),
		os.WriteFile(filepath.Join(t.conf, "groups.hcl"), []byte(groups), 0o600),
	)
}

// groups has a group for each grade. Groups have no external key and their names
// need not be unique, so that nothing but isa keeps them from being made twice.
const groups = `group "grade" {
  for_each       = { for r in sheet("grades.csv") : r["직급"] => r }
  name           = "${each.key} 모임"
  administrators = [member.staff["000001"]]
  members        = [for number, row in local.staff : member.staff[number] if row["직급"] == each.key]
}
`

// groupLines writes the groups that a company has, by name, with their members.
func groupLines(c company.Company) map[string]string {
	members := map[string][]string{}
	for _, p := range c.People {
		members[p.Grade] = append(members[p.Grade], p.Number)
	}
	lines := map[string]string{}
	for _, g := range c.Grades {
		slices.Sort(members[g])
		lines["group "+g+" 모임"] = strings.Join(members[g], " ")
	}
	return lines
}

// group is a group as the service shows it.
type group struct {
	GroupName string
	Members   []struct{ ExternalKey string }
}

// addGroups adds the lines of groups; one that is there twice is an object more.
func addGroups(lines map[string]string, groups []group) {
	for _, g := range groups {
		var keys []string
		for _, m := range g.Members {
			keys = append(keys, m.ExternalKey)
		}
		slices.Sort(keys)
		name := "group " + g.GroupName
		if _, twice := lines[name]; twice {
			name += ", once more"
		}
		lines[name] = strings.Join(keys, " ")
	}
}

// guards lets a small company be reorganised at one go.
func guards() string {
	var b strings.Builder
	for _, code := range []string{"member.removal", "member.belongs_to.removal", "member.phone",
		"member.primary_unit", "org_unit.removal", "group.members.removal"} {
		fmt.Fprintf(&b, "guard %q {\n  max_count = 1000\n}\n", code)
	}
	return b.String()
}

// apply starts an apply and lets something happen to it after a random number of
// requests. It reports whether the apply ended by itself with everything done.
func (t *teller) apply(ctx context.Context) (done bool, err error) {
	t.out.Applies++
	requests, moment := 1+t.random.IntN(70), time.Duration(t.random.IntN(3000))*time.Microsecond
	restart := t.Restarts && t.random.IntN(3) == 0
	start := len(t.server.Requests())
	cmd := t.command(ctx, "apply", "--yes")
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Start(); err != nil {
		return false, err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // how it ended is in ProcessState
	}()
	if !t.wait(exited, start+requests, moment) {
		return t.verdict(cmd, text.String())
	}
	if restart {
		if err := t.restart(ctx); err != nil {
			return false, err
		}
		if !t.wait(exited, requests, moment) { // the new server counts from 0
			return t.verdict(cmd, text.String())
		}
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	<-exited
	if cmd.ProcessState.ExitCode() == -1 {
		t.out.Kills++
		return false, ctx.Err()
	}
	return t.verdict(cmd, text.String())
}

// wait waits until the service has seen that many requests, and a moment more;
// false when the apply ended first.
func (t *teller) wait(exited <-chan struct{}, requests int, moment time.Duration) bool {
	for len(t.server.Requests()) < requests {
		select {
		case <-exited:
			return false
		case <-time.After(200 * time.Microsecond):
		}
	}
	time.Sleep(moment)
	return true
}

// restart stops the service in the middle of whatever it does and starts it again
// where it was. Answers on their way are lost.
func (t *teller) restart(ctx context.Context) error {
	t.out.Restarts++
	t.out.Requests += len(t.server.Requests())
	if err := t.server.Close(); err != nil {
		return err
	}
	time.Sleep(time.Duration(t.random.IntN(300)) * time.Millisecond)
	return t.start(ctx, strings.TrimPrefix(t.base, "http://"))
}

// verdict is how an apply ended that was not killed: 0 is done; 3, in part, is
// allowed when answers are lost.
func (t *teller) verdict(cmd *exec.Cmd, text string) (done bool, err error) {
	switch code := cmd.ProcessState.ExitCode(); {
	case code == 0:
		return true, nil
	case code == 3 && (t.Faults != "" || t.Restarts):
		t.out.Partly++
		return false, nil
	case code == 1 && t.Restarts && strings.Contains(text, "listing "):
		return false, nil // the service was away while the plan was made
	default:
		return false, fmt.Errorf("apply ended with exit code %d:\n%s", code, text)
	}
}

func (t *teller) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.Binary, args...)
	cmd.Dir = t.conf
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	for name, value := range t.server.Env() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

func (t *teller) isa(ctx context.Context, args ...string) (text string, code int) {
	cmd := t.command(ctx, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err.Error(), -1
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// check compares the tenant with the company, read past isa's client, and looks
// for calls that a real tenant forbids.
func (t *teller) check(ctx context.Context, c company.Company) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+"/_sandbox/state", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only read from
	var state struct {
		Users, OrgUnits, Levels, Positions []map[string]any
		Groups                             []group
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		return fmt.Errorf("reading the tenant: %w", err)
	}
	have := company.Tenant{Levels: state.Levels, Positions: state.Positions, Units: state.OrgUnits, Users: state.Users}.Lines()
	addGroups(have, state.Groups)
	want := c.Lines()
	maps.Copy(want, groupLines(c))
	problems := append(company.Differences(want, have), t.server.Violations()...)
	if len(problems) > 0 {
		return fmt.Errorf("%d differences:\n%s", len(problems), strings.Join(problems[:min(10, len(problems))], "\n"))
	}
	return nil
}
