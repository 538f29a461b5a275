package workspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

// CheckFormat refuses a --format that is not known.
func CheckFormat(format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("--format %q is not known; use text or json", format)
	}
	return nil
}

// ShowPlan writes a plan on Out and its errors on Err.
func ShowPlan(env *cli.Env, p *planner.Plan, sources map[string][]byte, format string) error {
	if format == "json" {
		enc := json.NewEncoder(env.Out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	}
	if err := view.Plan(env.Out, p, env.OutStyle()); err != nil {
		return err
	}
	var errs diag.List
	for _, d := range p.Diagnostics {
		if d.Severity == diag.Error {
			errs = append(errs, d)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(env.Out); err != nil {
		return err
	}
	return view.Diagnostics(env.Err, errs, sources, env.ErrStyle())
}

// Refusal is how a command ends that made a plan with errors; nil when it has
// none. Guards alone have an exit code of their own.
func Refusal(p *planner.Plan) error {
	if !p.Diagnostics.HasErrors() {
		return nil
	}
	code := cli.CodeFailed
	if planner.Guarded(p.Diagnostics) {
		code = cli.CodeRefused
	}
	return &cli.Exit{Code: code, Err: errors.New(view.DiagnosticCount(p.Diagnostics) + "; nothing was changed")}
}

// ReadPlan reads a saved plan.
func ReadPlan(env *cli.Env, path string) (plan *planner.Plan, err error) {
	f, err := os.Open(env.Path(path))
	if err != nil {
		return nil, fmt.Errorf("saved plan: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("saved plan: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("saved plan %s is not a file", path)
	}
	plan, err = planner.Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// planMode is the mode of saved plans: they hold personal data.
const planMode = 0o600

// encoded is a plan as it is saved.
func encoded(p *planner.Plan) ([]byte, error) {
	var b bytes.Buffer
	if err := planner.Write(&b, p); err != nil {
		return nil, fmt.Errorf("saving the plan: %w", err)
	}
	return b.Bytes(), nil
}

// SavePlan writes a plan to a file that only its owner may read.
func SavePlan(env *cli.Env, p *planner.Plan, path string) error {
	data, err := encoded(p)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(env.Path(path), planMode, data); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	return nil
}
