// Command maketables writes the tables of examples/hr-spreadsheet: a company of
// 300 people as HR systems export it. The same program writes the same tables.
//
// usage: go run ./examples/internal/maketables DIRECTORY
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: maketables DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write makes all tables in dir.
func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c := makeCompany()
	tables := []struct {
		name string
		make func() ([]byte, error)
	}{
		{"staff.xlsx", func() ([]byte, error) { return staffBook(c.people) }},
		{"units.csv", func() ([]byte, error) { return unitsTable(c.units) }},
		{"posts.csv", func() ([]byte, error) { return postsTable(c.posts) }},
		{"grades.csv", gradesTable},
	}
	for _, t := range tables {
		data, err := t.make()
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, t.name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
