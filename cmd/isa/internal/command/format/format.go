// Package format is `isa fmt`: configuration files in their canonical layout.
package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env   *cli.Env
	check bool
	files []string
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "fmt [FILE|-]...", Short: "Put configuration files into their canonical layout",
		Long: "Put configuration files into their canonical layout: all *.hcl of the directory, or those named.\n" +
			"The names of changed files are printed. - formats standard input to standard output.",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.files = args
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "change nothing; exit with 1 when a file is not in its canonical layout")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if slices.Equal(o.files, []string{"-"}) {
		return stream(o)
	}
	files := o.files
	if len(files) == 0 {
		var err error
		if files, err = filepath.Glob(filepath.Join(o.env.ConfigDir(), "*.hcl")); err != nil {
			return err
		}
		for i, f := range files {
			files[i] = filepath.Base(f)
		}
	}
	changed := 0
	var list diag.List
	sources := map[string][]byte{}
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		differs, problems, err := o.file(name, sources)
		if err != nil {
			return err
		}
		list = append(list, problems...)
		if differs {
			changed++
		}
	}
	list.Sort()
	if err := workspace.Report(o.env, &config.Config{Sources: sources}, list); err != nil {
		return err
	}
	if o.check && changed > 0 {
		return &cli.Exit{Code: cli.CodeFailed, Err: errors.New(view.Plural(changed, "file") + " not in canonical layout; run isa fmt")}
	}
	return nil
}

// file formats one file and tells whether it was not in its layout.
func (o *options) file(name string, sources map[string][]byte) (bool, diag.List, error) {
	path := o.env.Path(name)
	info, err := os.Stat(path)
	if err != nil {
		return false, nil, err
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return false, nil, err
	}
	out, problems := config.Format(name, src)
	if problems.HasErrors() {
		sources[name] = src
		return false, problems, nil
	}
	if bytes.Equal(src, out) {
		return false, nil, nil
	}
	if _, err := fmt.Fprintln(o.env.Out, name); err != nil {
		return true, nil, err
	}
	if o.check {
		return true, nil, nil
	}
	return true, nil, atomicfile.Write(path, info.Mode().Perm(), out)
}

func stream(o *options) error {
	src, err := io.ReadAll(o.env.In)
	if err != nil {
		return err
	}
	out, problems := config.Format("<stdin>", src)
	if err := workspace.Report(o.env, &config.Config{Sources: map[string][]byte{"<stdin>": src}}, problems); err != nil {
		return err
	}
	_, err = o.env.Out.Write(out)
	return err
}
