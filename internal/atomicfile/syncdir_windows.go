package atomicfile

// SyncDir does nothing: Windows has no sync of a directory, NTFS journals the
// changes of names.
func SyncDir(string) error { return nil }
