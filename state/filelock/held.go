package filelock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/isaworks/isa/state"
)

// Held tells who holds the lock at path at this moment. held is false when nobody does:
// there is no such file, or whoever is named in it has ended, however that was. It asks
// by sharing the lock for an instant, which Take waits for.
func Held(path string) (holder state.Holder, held bool, err error) {
	file := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := file.TryRLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return holder, false, nil
	case err != nil:
		return holder, false, err
	case free:
		return holder, false, file.Close()
	}
	holder, _ = Holder(path) // one who took it this moment may not have written its name yet
	return holder, true, file.Close()
}

// tryLock takes a lock, and tries again for as long as somebody may just be asking
// whether it is held.
func tryLock(ctx context.Context, file *flock.Flock) (ok bool, err error) {
	for range 3 {
		if ok, err = file.TryLock(); ok || err != nil {
			return ok, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return file.TryLock()
}
