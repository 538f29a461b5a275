package initial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/isaworks/isa/config"
)

// file is one that is to be written, by its path in the directory.
type file struct{ path, text string }

// files are what is to be written, .gitignore first: nothing personal is ever there
// without it.
func (o *options) files(c *company) ([]file, error) {
	out := []file{{".gitignore", strings.Join(ignored(c), "\n") + "\n"}}
	parts := []file{{"tenant.hcl", c.tenantFile()}, {"org.hcl", c.orgFile()}, {"people.hcl", c.peopleFile()}}
	if c.people != nil {
		parts = slices.Insert(parts, 1, file{"tables.hcl", c.tablesFile()})
	}
	for _, f := range parts {
		text, list := config.Format(f.path, []byte(f.text))
		if list.HasErrors() {
			return nil, fmt.Errorf("isa has a fault of its own: the %s that it made is not valid: %w", f.path, list.Err())
		}
		out = append(out, file{f.path, string(text)})
	}
	if path, text := ciFile(o.service()); path != "" {
		out = append(out, file{path, text})
	}
	return out, nil
}

// service is where pull requests are: what --ci says, else what the git remote is.
func (o *options) service() string {
	if o.ci != "" {
		return o.ci
	}
	remotes, err := os.ReadFile(filepath.Join(o.dir, ".git", "config"))
	if err == nil && strings.Contains(string(remotes), "gitlab") || exists(filepath.Join(o.dir, ".gitlab-ci.yml")) {
		return "gitlab"
	}
	return "github"
}

// writeAll writes the files that are not there, and returns a line about each. When one
// cannot be written, those before it are taken away again, so that a second try finds
// the directory as the first did.
func writeAll(dir string, files []file) (told []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for _, path := range made {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		switch {
		case f.path == ".gitignore" && exists(path):
			line, err := extend(path, f)
			if err != nil {
				return nil, err
			}
			told = append(told, line)
		case exists(path):
			told = append(told, "kept     "+f.path+", which is there already")
		default:
			if err := create(path, f.text); err != nil {
				return nil, err
			}
			made = append(made, path)
			told = append(told, "written  "+f.path)
		}
	}
	return told, nil
}

// create writes a new file, and never over another one.
func create(path, text string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(fill(f, text), f.Close())
}

func fill(f *os.File, text string) error {
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Sync()
}

// extend puts the lines that a .gitignore lacks behind those that it has.
func extend(path string, f file) (told string, err error) {
	have, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	lines := lackingLines(string(have), strings.Split(strings.TrimSpace(f.text), "\n"))
	if len(lines) == 0 {
		return "kept     .gitignore, which has all it needs", nil
	}
	text := strings.Join(lines, "\n") + "\n"
	if len(have) > 0 && !strings.HasSuffix(string(have), "\n") {
		text = "\n" + text
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, fs.FileMode(0))
	if err != nil {
		return "", err
	}
	if err := errors.Join(fill(out, text), out.Close()); err != nil {
		return "", err
	}
	return fmt.Sprintf("extended .gitignore by %d lines; what was in it stays", len(lines)), nil
}

// understood tells which column became what.
func understood(c *company) []string {
	if c.people == nil {
		return nil
	}
	var out []string
	for _, t := range []*table{c.people, c.units, c.posts} {
		if t == nil {
			continue
		}
		line := fmt.Sprintf("\n%s: %d rows", t.path, t.Len())
		if t.Sheet != "" {
			line += ", sheet " + t.Sheet
		}
		if t.options.HeaderRow > 1 {
			line += fmt.Sprintf(", headings in row %d", t.options.HeaderRow)
		}
		out = append(out, line)
		var used, unused []string
		for _, h := range t.Headings {
			if h == "" {
				continue
			}
			known := false
			for _, recognised := range t.fields {
				known = known || recognised == h
			}
			switch {
			case known:
				used = append(used, h)
			case slices.Contains(t.unclear, h):
				unused = append(unused, h+" (not only yes and no)")
			default:
				unused = append(unused, h)
			}
		}
		out = append(out, "  recognised: "+strings.Join(used, ", "))
		if len(unused) > 0 {
			out = append(out, "  not used:   "+strings.Join(unused, ", "))
		}
		if t == c.people {
			out = append(out, c.told()...)
		}
	}
	return out
}
