package planner

import (
	"archive/zip"
	"io"
	"slices"
)

// IsSaved reports whether a file is a saved plan, of any version and however old:
// whether writing another one over it loses nothing but a plan.
func IsSaved(r io.ReaderAt, size int64) bool {
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) != 2 {
		return false
	}
	names := []string{z.File[0].Name, z.File[1].Name}
	return slices.Contains(names, planPart) && slices.Contains(names, sumPart)
}
