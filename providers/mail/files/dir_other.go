//go:build !unix

package files

import "os"

// openDir opens a directory to be listed.
func openDir(root *os.Root, dir string) (*os.File, error) { return root.Open(dir) }
