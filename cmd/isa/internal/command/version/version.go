// Package version is `isa version`.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Tell the version of isa", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return run(env) },
	}
}

func run(env *cli.Env) error {
	_, err := fmt.Fprintf(env.Out, "isa %s%s, %s, %s/%s\n",
		workspace.Version, revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// revision is the commit isa was built from, when the build knows it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = ", changed"
			}
		}
	}
	if commit == "" {
		return ""
	}
	return " (" + commit[:min(12, len(commit))] + changed + ")"
}
