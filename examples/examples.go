// Package examples holds companies to start from. Each folder is a configuration
// with a README and the text of its first plan (plan.txt).
package examples

import (
	"embed"
	"io/fs"
)

//go:embed quickstart/*.hcl
var files embed.FS

// Quickstart is the configuration of examples/quickstart.
func Quickstart() fs.FS {
	sub, err := fs.Sub(files, "quickstart")
	if err != nil { // only for a malformed name
		panic(err)
	}
	return sub
}
