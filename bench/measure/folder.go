//go:build unix

package measure

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// WatchFolder is the most bytes that the files of a folder and of those below it had
// together until ended: looked at twenty times a second.
func WatchFolder(dir string, ended <-chan struct{}) (most int64) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		most = max(most, FolderBytes(dir))
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
	}
}

// FolderBytes is what the files of a folder and of those below it have together. A file
// of several names counts once; what vanishes meanwhile does not.
func FolderBytes(dir string) (sum int64) {
	seen := map[uint64]bool{}
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || !seen[stat.Ino] {
			if ok {
				seen[stat.Ino] = true
			}
			sum += info.Size()
		}
		return nil
	})
	return sum
}
