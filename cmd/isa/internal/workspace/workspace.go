// Package workspace is what the commands share: a directory with a configuration,
// its state, the tenant it describes, and the way from them to a plan.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
	"github.com/isaworks/isa/state/ledger"
)

// Version is the version of isa.
const Version = "0.1.0"

// Workspace is a configuration that was read without errors, and its state.
type Workspace struct {
	Config   *config.Config
	Store    state.Store
	Mail     mail.Plan // what the configuration says about the move of mail
	Warnings diag.List // of the configuration
	// Refused are the passwords that earlier passes of the same command were refused;
	// nil: none.
	Refused *Refusals

	env       *cli.Env
	statePath string
	early     func() (*state.State, error) // the state that Load began to read; nil: none
	selected  selected
	kinds     []*schema.Kind
	pace      pace
	tenant    *tenant // nil until connected
	declared  planner.DeclaredContent
	// partial tells that the configuration has errors, which are not in the way.
	partial bool
	// calibrated tells that something was found out about the tenant.
	calibrated bool
}

// Load reads and checks the configuration in env's directory, offline. The list
// holds its problems; the Workspace is nil when one is an error.
func Load(ctx context.Context, env *cli.Env, s Selection) (*Workspace, *config.Config, diag.List, error) {
	sel, err := s.read()
	if err != nil {
		return nil, nil, nil, err
	}
	dir := env.ConfigDir()
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil, nil, fmt.Errorf("there is no directory %s; name the configuration's with --chdir", dir)
	}
	kinds := Objects()
	if err := checkAllowed(sel.allow, append(planner.GuardCodes(kinds), ledger.Lost)); err != nil {
		return nil, nil, nil, err
	}
	reading := config.Begin(ctx, dir, config.Options{
		Kinds: blocks(), Vars: sel.vars, Env: env.Lookup, AsOf: s.AsOf, Version: Version,
	})
	w := &Workspace{Config: reading.Config(), env: env, selected: sel, kinds: kinds}
	if s.State {
		w.early = w.beginState(ctx)
	}
	cfg, list := reading.Finish()
	if err := ctx.Err(); err != nil {
		return nil, nil, nil, err
	}
	var move mail.Plan
	if !list.HasErrors() {
		if err := w.readCalibration(); err != nil {
			return nil, cfg, list, err
		}
		var found diag.List
		move, found = mail.Read(cfg.Objects, cfg.Tenant)
		list = append(list, found...)
		if !rehearsed(w.Identity()) {
			list = append(list, move.Unreachable()...)
		}
		directory.Complete(cfg.Objects)
		list = append(list, directory.Check(cfg.Tenant, cfg.Objects)...)
		list = append(list, check(cfg, kinds)...)
		list.Sort()
	}
	if list.HasErrors() {
		return nil, cfg, list, nil
	}
	w.Mail, w.Warnings = move, list
	if err := w.attach(); err != nil {
		return nil, cfg, list, err
	}
	return w, cfg, list, nil
}

// State is the state: read with the configuration where the selection says so, at a
// second call anew.
func (w *Workspace) State(ctx context.Context) (*state.State, error) {
	if early := w.early; early != nil {
		w.early = nil
		return early()
	}
	return w.Store.Read(ctx)
}

// beginState begins to read the state; what it returns waits for the end of that. nil:
// where it is cannot be said, which attach will tell.
func (w *Workspace) beginState(ctx context.Context) func() (*state.State, error) {
	store, _, err := openStore(w.env, w.Config)
	if err != nil {
		return nil
	}
	var st *state.State
	var fault any // of isa's own, which is told by who waits
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { fault = recover() }()
		st, err = store.Read(ctx)
	}()
	return func() (*state.State, error) {
		<-done
		if fault != nil {
			panic(fault)
		}
		return st, err
	}
}

// attach finds the state, and how fast the tenant may be asked.
func (w *Workspace) attach() error {
	store, path, err := openStore(w.env, w.Config)
	if err != nil {
		return err
	}
	if err := checkStatePath(path); err != nil {
		return err
	}
	w.Store, w.statePath = store, path
	w.pace, err = readPace(w.env, w.Config.Access.APIBase)
	return err
}

// Open is Load for commands that need a configuration without errors: warnings
// and errors are shown on env.Err, and errors end the command.
func Open(ctx context.Context, env *cli.Env, s Selection) (*Workspace, error) {
	w, cfg, list, err := Load(ctx, env, s)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, Report(env, cfg, list)
	}
	return w, nil
}

// Report shows diagnostics on env.Err and returns the error that ends the command
// when one of them is an error.
func Report(env *cli.Env, cfg *config.Config, list diag.List) error {
	var sources map[string][]byte
	if cfg != nil {
		sources = cfg.Sources
	}
	if err := view.Diagnostics(env.Err, list, sources, env.ErrStyle()); err != nil {
		return err
	}
	if !list.HasErrors() {
		return nil
	}
	return Wrong(list)
}

// Wrong is how a command ends whose configuration has these errors.
func Wrong(list diag.List) error {
	return &cli.Exit{Code: cli.CodeFailed, Err: errors.New(view.DiagnosticCount(list) + "; nothing was changed")}
}

// ReadOnly opens the state of the configuration in env's directory without
// needing more of the configuration to be right than what says where it is.
func ReadOnly(ctx context.Context, env *cli.Env) (state.Store, error) {
	cfg, err := begun(ctx, env, located)
	if err != nil {
		return nil, err
	}
	store, path, err := openStore(env, cfg)
	if err != nil {
		return nil, err
	}
	return store, checkStatePath(path)
}

// HandoutPath is where the configuration in env's directory lets generated
// passwords be written. No more of the configuration needs to be right.
func HandoutPath(ctx context.Context, env *cli.Env) (string, error) {
	cfg, err := begun(ctx, env, func(cfg *config.Config) bool { return cfg.Isa.HandoutPath != "" })
	if err != nil {
		return "", err
	}
	return cfg.Isa.HandoutPath, nil
}

// begun is what the configuration says about isa and the tenant. What is wrong with it is
// shown when enough says that it is not.
func begun(ctx context.Context, env *cli.Env, enough func(*config.Config) bool) (*config.Config, error) {
	r := config.Begin(ctx, env.ConfigDir(), config.Options{Kinds: blocks(), Env: env.Lookup, Version: Version})
	if cfg := r.Config(); enough(cfg) {
		return cfg, nil
	}
	cfg, list := r.Finish() // what is wrong may be in what the block needs
	if err := Report(env, cfg, list); err != nil {
		return nil, err
	}
	return nil, errUnlocated
}

// errUnlocated tells that files cannot be found.
var errUnlocated = errors.New("the isa block cannot be read, so that it is not known where its files are")

// located reports whether it is known where the state is.
func located(cfg *config.Config) bool { return cfg.Isa.StatePath != "" }

func openStore(env *cli.Env, cfg *config.Config) (state.Store, string, error) {
	if b := cfg.Isa.StateBackend; b != "" && b != "local" {
		return nil, "", fmt.Errorf("state %q is not a backend of this version; use state \"local\"", b)
	}
	if !located(cfg) {
		return nil, "", errUnlocated
	}
	path := cfg.Isa.StatePath
	if !filepath.IsAbs(path) {
		path = filepath.Join(env.ConfigDir(), path)
	}
	return local.New(path), path, nil
}

// checkStatePath refuses a state path that is a directory or lies in none.
func checkStatePath(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("the state's directory %s does not exist; make it", filepath.Dir(path))
		}
		return nil
	case err != nil:
		return fmt.Errorf("state: %w", err)
	case info.IsDir():
		return fmt.Errorf("the state's path %s is a directory; name a file in state \"local\" { path = … }", path)
	}
	return nil
}

// guards converts the configuration's guard blocks for the planner.
func (w *Workspace) guards() []planner.Guard {
	var out []planner.Guard
	for _, g := range w.Config.Guards {
		out = append(out, planner.Guard(g))
	}
	return out
}

// tables is how full the configuration's tables are.
func (w *Workspace) tables() []state.Table {
	var out []state.Table
	for _, t := range w.Config.Tables {
		out = append(out, state.Table{File: t.File, Sheet: t.Sheet, Encoding: t.Encoding, Rows: t.Rows, Filled: t.Filled, Key: t.Key, Digest: t.Digest})
	}
	return out
}

// Sources are the texts of the configuration's files, for snippets.
func (w *Workspace) Sources() map[string][]byte { return w.Config.Sources }
