package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// perm is the mode of the files.
const perm = 0o600

// Open opens the ledger at path. A second writer is refused at once (diag.Conflict,
// naming the first), as are a file that is no ledger, a damaged one, one of a newer
// isa, and file systems on which SQLite cannot share memory.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	if err := ctx.Err(); err != nil {
		return nil, classified(err)
	}
	l := &Ledger{readers: make(chan *db, readers), ended: make(chan struct{}), streams: map[string]*stream{}}
	var err error
	if o.ReadOnly {
		err = l.openReading(path, o)
	} else {
		err = l.openWriting(ctx, path, o)
	}
	if err != nil {
		return nil, classified(err)
	}
	return l, nil
}

func (l *Ledger) openReading(path string, o Options) error {
	if empty, err := missing(path); err != nil {
		return err
	} else if empty && o.Expect.ID != "" {
		return gone(path)
	} else if empty {
		return refuse(diag.NotFound, path+" does not exist", "run isa sync or isa survey first")
	}
	if err := l.openReaders(path, false); err != nil {
		return err
	}
	d := <-l.readers
	h, err := readHead(d, path)
	l.readers <- d
	if err == nil {
		l.id = h.id
		_, err = h.check(path, Options{Expect: o.Expect})
	}
	if err != nil {
		return errors.Join(err, l.closeReaders())
	}
	return nil
}

func (l *Ledger) openWriting(ctx context.Context, path string, o Options) error {
	if name, err := fileSystem(filepath.Dir(path)); err != nil {
		return err
	} else if remote(name) {
		return oddFileSystem(path, name)
	}
	lock, err := filelock.Take(ctx, path+".lock", o.Holder)
	var locked *state.LockedError
	if errors.As(err, &locked) {
		h := locked.Holder
		return refuse(diag.Conflict, fmt.Sprintf(inUse+"%s (process %d) since %s for %s", h.Who, h.PID, h.Since.Local().Format("2006-01-02 15:04:05"), h.What),
			"wait for it to end; reading (isa status) is possible meanwhile")
	} else if err != nil {
		return err
	}
	if err := l.openLocked(path, o); err != nil {
		return errors.Join(err, lock.Close())
	}
	l.lock = lock
	return nil
}

func (l *Ledger) openLocked(path string, o Options) error {
	empty, err := missing(path)
	if err != nil {
		return err
	}
	if empty && !o.Adopt {
		if o.Expect.ID != "" {
			return gone(path)
		}
		// SQLite would drop what is in it.
		if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
			return conflict(fmt.Sprintf("%s is missing or empty, though %s-wal is not", path, path))
		}
	}
	if err := secure(path); err != nil {
		return err
	}
	d, err := connect(path, true, sqlCacheWrite, sqlJournal)
	if err != nil {
		return err
	}
	high, err := l.prepare(d, path, o)
	if err == nil {
		err = l.openReaders(path, true)
	}
	if err != nil {
		return errors.Join(err, d.close())
	}
	l.w = startWriter(d, high)
	return nil
}

// prepare brings the file into the state in which it is worked with, and returns the
// high-water mark.
func (l *Ledger) prepare(d *db, path string, o Options) (int64, error) {
	fresh, err := isFresh(d)
	if err != nil {
		return 0, err
	}
	if !fresh { // before anything is changed
		if _, err := readHead(d, path); err != nil {
			return 0, err
		}
	}
	mode, err := d.one(sqlWAL)
	if err != nil {
		return 0, err
	}
	if text(mode[0]) != "wal" {
		return 0, oddFileSystem(path, "this one")
	}
	for _, s := range []string{sqlFull, sqlCheckpoint} {
		if _, err := d.one(s); err != nil {
			return 0, err
		}
	}
	if fresh {
		if err := create(d); err != nil {
			return 0, err
		}
		o.Expect = state.Ledger{} // it was accepted that this is another one
	}
	if _, err := d.exec(sqlBatchSchema); err != nil {
		return 0, err
	}
	h, err := readHead(d, path)
	if err != nil {
		return 0, err
	}
	l.id = h.id
	older, err := h.check(path, o)
	if err == nil && older {
		h.high, err = o.Expect.HighWater+1, suspect(d, o.Expect.HighWater+1)
	}
	if err == nil {
		_, err = d.exec(sqlNormal)
	}
	return h.high, err
}

// isFresh tells whether nothing was ever stored.
func isFresh(d *db) (bool, error) {
	app, err := d.one(sqlAppID)
	if err != nil {
		return false, err
	}
	objects, err := d.one(sqlObjects)
	if err != nil {
		return false, err
	}
	return number(app[0]) == 0 && number(objects[0]) == 0, nil
}

func create(d *db) error {
	for _, s := range []string{sqlBegin, sqlSchema, sqlSetAppID, sqlSetVersion} {
		if _, err := d.exec(s); err != nil {
			return err
		}
	}
	if _, err := d.exec(sqlNewMeta, rand.Text()); err != nil {
		return err
	}
	_, err := d.exec(sqlCommit)
	return err
}

// suspect has every folder looked at again, and puts the mark beyond the one expected.
func suspect(d *db, high int64) error {
	for _, s := range []string{sqlBegin, sqlSuspect} {
		if _, err := d.exec(s); err != nil {
			return err
		}
	}
	if _, err := d.exec(sqlSetHigh, high); err != nil {
		return err
	}
	_, err := d.exec(sqlCommit)
	return err
}

// head is what tells a ledger from others.
type head struct {
	id   string
	high int64
}

func readHead(d *db, path string) (head, error) {
	app, err := d.one(sqlAppID)
	if err != nil {
		return head{}, err
	}
	if number(app[0]) != application {
		return head{}, refuse(diag.Conflict, path+" is a database, but no ledger of isa", "move it away, or name another file")
	}
	version, err := d.one(sqlVersion)
	if err != nil {
		return head{}, err
	}
	switch v := number(version[0]); {
	case v > layout:
		return head{}, refuse(diag.Conflict, fmt.Sprintf("%s was written by a newer isa (layout %d, this isa knows %d)", path, v, layout), "use that isa")
	case v == 1:
		return head{}, refuse(diag.Conflict, fmt.Sprintf("%s was written by an isa from before its first release (layout 1)", path), "move it away and run isa sync --allow "+Lost)
	case v < layout:
		return head{}, fmt.Errorf("%w: layout %d", errDamaged, v)
	}
	meta, err := d.one(sqlMeta)
	if err == nil && meta == nil {
		err = fmt.Errorf("%w: no identity", errDamaged)
	}
	if err != nil {
		return head{}, err
	}
	return head{text(meta[0]), number(meta[1])}, nil
}

// check compares with what the state remembers; older tells of one that is accepted.
func (h head) check(path string, o Options) (older bool, err error) {
	switch want := o.Expect; {
	case want.ID == "":
		return false, nil
	case h.id != want.ID:
		return false, conflict(fmt.Sprintf("%s is another ledger (%s) than the state's (%s)", path, h.id, want.ID))
	case h.high >= want.HighWater:
		return false, nil
	case o.Adopt:
		return true, nil
	default:
		return false, conflict(fmt.Sprintf("%s is older (change %d) than what the state remembers (change %d)", path, h.high, want.HighWater))
	}
}

func gone(path string) error {
	return conflict(path + " is missing or empty, though the state remembers it")
}

// missing tells whether there is no file, or an empty one. The file is not opened: that
// could drop the locks that SQLite holds in this process.
func missing(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, refuse(diag.Conflict, path+" is no file", "name another one")
	}
	return info.Size() == 0, nil
}

// secure makes the file, if needed, and keeps it from others.
func secure(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, perm)
	switch {
	case err == nil:
		if err := f.Close(); err != nil {
			return err
		}
		return atomicfile.SyncDir(filepath.Dir(path))
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&^perm != 0 {
		err = os.Chmod(path, perm)
	}
	return err
}

func (l *Ledger) openReaders(path string, beside bool) error {
	for range readers {
		d, err := connect(path, beside, sqlCacheRead, sqlQueryOnly)
		if err != nil {
			return errors.Join(err, l.closeReaders())
		}
		l.readers <- d
	}
	return nil
}

func (l *Ledger) closeReaders() error {
	var errs []error
	for len(l.readers) > 0 {
		errs = append(errs, (<-l.readers).close())
	}
	return errors.Join(errs...)
}

func oddFileSystem(path, name string) error {
	return refuse(diag.Unavailable, fmt.Sprintf("%s is on a file system (%s) on which programs cannot share memory", path, name),
		"put the state and its ledger on a disk of this machine")
}
