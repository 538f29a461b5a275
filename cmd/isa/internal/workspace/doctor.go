package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
)

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	Fine      Verdict = "ok"
	Doubtful  Verdict = "warning"
	Failed    Verdict = "failed"
	Unchecked Verdict = "not_checked"
)

// Check is one thing that was looked at. No text of it holds a secret.
type Check struct {
	Name    string // of the thing: "sign-in", "mail_source.old"
	Verdict Verdict
	What    string // what was found
	Why     string // why that matters, or what went wrong; "" when it is fine
	Fix     string // the way out, in the imperative; "" none
}

// examining is how long the checks of one thing may take in all.
const examining = 30 * time.Second

// Examine checks what isa needs in this directory, changing nothing: configuration,
// credentials, state, and every host that the configuration names. It logs in to the
// API alone. Checks of different things run at once; the result is in a fixed order.
func Examine(ctx context.Context, env *cli.Env, s Selection) []Check {
	w, _, list, err := Load(ctx, env, s)
	if err != nil || w == nil {
		return []Check{unloaded(err, list), {Name: "everything else", Verdict: Unchecked, What: "it needs the configuration"}}
	}
	first := Check{Name: "configuration", Verdict: Fine, What: fmt.Sprintf("%s in %s", view.Plural(len(w.Config.Objects), "block"), env.ConfigDir())}
	if len(list) > 0 {
		first.Verdict, first.Why, first.Fix = Doubtful, view.DiagnosticCount(list), "look at isa validate"
	}
	todo := []func(context.Context) []Check{w.examineService, w.examineState}
	for _, source := range w.Mail.Sources {
		todo = append(todo, func(ctx context.Context) []Check { return w.examineSource(ctx, source) })
	}
	if w.puts() {
		todo = append(todo, w.examineTarget)
	}
	for _, g := range w.Mail.Gateways {
		todo = append(todo, func(ctx context.Context) []Check { return w.examineGateway(ctx, g) })
	}
	found := make([][]Check, len(todo))
	var all sync.WaitGroup
	for i, examine := range todo {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, examining)
			defer cancel()
			found[i] = examine(ctx)
		})
	}
	all.Wait()
	out := []Check{first}
	for _, checks := range found {
		out = append(out, checks...)
	}
	return out
}

func unloaded(err error, list diag.List) Check {
	c := Check{Name: "configuration", Verdict: Failed, What: "it cannot be used", Fix: "isa validate shows each problem with its place"}
	if err != nil {
		c.Why = err.Error()
		return c
	}
	c.Why = view.DiagnosticCount(list)
	for _, d := range list {
		if d.Severity == diag.Error {
			c.Why += "; the first: " + d.Error()
			break
		}
	}
	return c
}

// puts reports whether isa opens members' mailboxes.
func (w *Workspace) puts() bool {
	for _, m := range w.Mail.Migrations {
		if m.Route == mail.RouteAppend || m.AppPassword != "" {
			return true
		}
	}
	return false
}

// failed is a check that ended in an error; the way out is the error's own where it
// has one.
func failed(name, what string, err error, fix string) Check {
	c := Check{Name: name, Verdict: Failed, What: what, Why: err.Error(), Fix: fix}
	var f *diag.Failure
	if errors.As(err, &f) && f.Fix != "" {
		c.Why, c.Fix = strings.TrimSuffix(c.Why, "; "+f.Fix), f.Fix
	}
	if errors.Is(err, context.DeadlineExceeded) {
		c.Why = "no answer in time: " + c.Why
	}
	return c
}
