// Command release writes what a release archive holds beside the program: a man page
// for each command, and completions for four shells.
//
//	go run ./cmd/isa/internal/release DIRECTORY
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/root"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: release DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// write makes DIRECTORY/man and DIRECTORY/completions. The same commands give the same
// files, whenever they are made.
func write(dir string) error {
	man, completions := filepath.Join(dir, "man"), filepath.Join(dir, "completions")
	for _, d := range []string{man, completions} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	cmd := root.New(&cli.Env{Out: io.Discard, Err: io.Discard})
	cmd.InitDefaultCompletionCmd()
	return errors.Join(manPages(cmd, man), scripts(cmd, completions))
}

func manPages(cmd *cobra.Command, dir string) error {
	cmd.DisableAutoGenTag = true
	describe(cmd)
	never := time.Unix(0, 0).UTC() // the date would differ from one making to the next
	return doc.GenManTree(cmd, &doc.GenManHeader{Section: "1", Source: "isa " + workspace.Version, Manual: "isa", Date: &never}, dir)
}

// describe makes the descriptions of commands the Markdown that man pages are made of:
// lines that are indented, which are examples, become code.
func describe(cmd *cobra.Command) {
	var out []string
	code := false
	for line := range strings.SplitSeq(cmd.Long, "\n") {
		example := strings.HasPrefix(line, "  ")
		if example != code {
			out = append(out, "")
		}
		if code = example; example {
			line = "    " + line
		}
		out = append(out, line)
	}
	cmd.Long = strings.Join(out, "\n")
	for _, c := range cmd.Commands() {
		describe(c)
	}
}

func scripts(cmd *cobra.Command, dir string) error {
	return errors.Join(
		cmd.GenBashCompletionFileV2(filepath.Join(dir, "isa.bash"), true),
		cmd.GenZshCompletionFile(filepath.Join(dir, "_isa")),
		cmd.GenFishCompletionFile(filepath.Join(dir, "isa.fish"), true),
		cmd.GenPowerShellCompletionFileWithDesc(filepath.Join(dir, "isa.ps1")),
	)
}
