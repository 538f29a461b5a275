package ledger

import "slices"

// remote tells of the name of a file system that it is of a kind that does not share
// memory between programs, or not between machines, as a file in WAL mode needs
// (sqlite.org/wal.html). Unknown names are taken for local ones: SQLite then tells.
func remote(name string) bool {
	return slices.Contains([]string{"nfs", "smb", "smbfs", "smb2", "cifs", "afpfs", "webdav", "9p", "afs", "coda", "ceph", "ncp", "lustre", "network"}, name)
}
