package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/root"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

// module is the way to the directory of go.mod.
const module = "../../../.."

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryCommandHasItsPage(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, again} {
		if err := write(d); err != nil {
			t.Fatal(err)
		}
	}
	pages := 0
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "help" {
			return
		}
		pages++
		name := "man/" + strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		page := read(t, filepath.Join(dir, name))
		if !strings.HasPrefix(page, ".nh\n.TH") || !strings.Contains(page, ".SH SYNOPSIS") {
			t.Errorf("%s is no man page: %.80q", name, page)
		}
		if page != read(t, filepath.Join(again, name)) {
			t.Errorf("%s is another one each time", name)
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(root.New(&cli.Env{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}))
	if page := read(t, filepath.Join(dir, "man/isa-graph.1")); !strings.Contains(page, "\nisa graph --out org.svg  ") && !strings.Contains(page, "\n  isa graph --out org.svg  ") {
		t.Errorf("the examples of isa graph are no code:\n%s", page)
	}
	if pages < 25 {
		t.Errorf("only %d pages", pages)
	}
	for _, name := range []string{"isa.bash", "_isa", "isa.fish", "isa.ps1"} {
		if !strings.Contains(read(t, filepath.Join(dir, "completions", name)), "__complete") {
			t.Errorf("completions/%s completes nothing", name)
		}
	}
}

// config is the part of .goreleaser.yaml that is ours. Unknown keys are errors.
type config struct {
	Version     int
	ProjectName string `yaml:"project_name"`
	Before      struct{ Hooks []string }
	Builds      []struct {
		Main, Binary        string
		Env, Flags, Ldflags []string
		ModTimestamp        string `yaml:"mod_timestamp"`
		Goos, Goarch        []string
	}
	Archives []struct {
		NameTemplate    string `yaml:"name_template"`
		Formats         []string
		FormatOverrides []struct {
			Goos    string
			Formats []string
		} `yaml:"format_overrides"`
		Files []yaml.Node
	}
	Checksum struct {
		NameTemplate string `yaml:"name_template"`
		Algorithm    string
	}
	Snapshot struct {
		VersionTemplate string `yaml:"version_template"`
	}
	Changelog struct{ Disable bool }
}

// TestReleaseConfiguration reads .goreleaser.yaml: the six targets, checksums, and files
// that are really there, those that the hook makes among them.
func TestReleaseConfiguration(t *testing.T) {
	var c config
	dec := yaml.NewDecoder(strings.NewReader(read(t, filepath.Join(module, ".goreleaser.yaml"))))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 || len(c.Archives) != 1 || c.Version != 2 {
		t.Fatalf("not one build and one archive: %+v", c)
	}
	b := c.Builds[0]
	if !slices.Equal(b.Goos, []string{"linux", "darwin", "windows"}) || !slices.Equal(b.Goarch, []string{"amd64", "arm64"}) {
		t.Errorf("built for %v × %v", b.Goos, b.Goarch)
	}
	if !slices.Contains(b.Env, "CGO_ENABLED=0") || b.Main != "./cmd/isa" {
		t.Errorf("built as %+v", b)
	}
	if c.Checksum.Algorithm != "sha256" || !strings.Contains(c.Checksum.NameTemplate, "checksums") {
		t.Errorf("checksums are %+v", c.Checksum)
	}
	made := t.TempDir()
	if err := write(filepath.Join(made, "release")); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(c.Before.Hooks, "go run ./cmd/isa/internal/release release") {
		t.Errorf("the hooks are %v", c.Before.Hooks)
	}
	for _, node := range c.Archives[0].Files {
		var long struct {
			Src, Dst    string
			StripParent bool `yaml:"strip_parent"`
		}
		if err := node.Decode(&long.Src); err != nil {
			if err := node.Decode(&long); err != nil {
				t.Fatal(err)
			}
		}
		from := module
		if strings.HasPrefix(long.Src, "release/") {
			from = made
		}
		if found, err := filepath.Glob(filepath.Join(from, filepath.FromSlash(long.Src))); err != nil || len(found) == 0 {
			t.Errorf("the archive's %s matches nothing: %v", long.Src, err)
		}
	}
}

// TestTheVersionIsInTheChangelog: what is released has its section.
func TestTheVersionIsInTheChangelog(t *testing.T) {
	if text := read(t, filepath.Join(module, "CHANGELOG.md")); !strings.Contains(text, "## "+workspace.Version) && !strings.Contains(text, "## Unreleased") {
		t.Errorf("CHANGELOG.md has no section for %s", workspace.Version)
	}
}
