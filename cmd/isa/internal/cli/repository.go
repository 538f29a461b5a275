package cli

import (
	"os"
	"path/filepath"
)

// InRepository is the way to dir from the top of the repository that it is in, with
// slashes; "" when dir is the top, or in none.
func InRepository(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for top := dir; ; top = filepath.Dir(top) {
		if _, err := os.Stat(filepath.Join(top, ".git")); err == nil {
			if way, err := filepath.Rel(top, dir); err == nil && way != "." {
				return filepath.ToSlash(way)
			}
			return ""
		}
		if filepath.Dir(top) == top {
			return ""
		}
	}
}
