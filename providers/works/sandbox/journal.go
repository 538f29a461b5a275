package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/isaworks/isa/internal/atomicfile"
)

// record is one line of the journal: everything that one request changed.
type record struct {
	At         time.Time         `json:"at"` // sandbox clock
	Serial     uint64            `json:"serial"`
	Name       string            `json:"name,omitempty"` // of the tenant, in the first record
	Users      []*user           `json:"users,omitempty"`
	Units      []*orgUnit        `json:"units,omitempty"`
	Groups     []*group          `json:"groups,omitempty"`
	Items      []*item           `json:"items,omitempty"`
	Properties []*customProperty `json:"properties,omitempty"`
	Orders     map[string]int    `json:"orders,omitempty"` // new displayOrder of units that only moved up or down
	Gone       []string          `json:"gone,omitempty"`
	Features   map[string]bool   `json:"features,omitempty"`
	Tick       bool              `json:"tick,omitempty"`  // only the time is to be kept
	Spent      []string          `json:"spent,omitempty"` // tokens and codes that count no more
}

func (r *record) empty() bool {
	return !r.Tick && len(r.Users)+len(r.Units)+len(r.Groups)+len(r.Items)+len(r.Properties)+len(r.Orders)+len(r.Gone)+len(r.Features)+len(r.Spent) == 0
}

const (
	journalName = "journal"
	lockName    = "lock"
	keyName     = "service-account.pem"
)

// growth is the size in bytes from which the journal may be rewritten.
const growth = 64 << 20

// journal keeps a tenant in a folder: lines of checksum and JSON, appended and
// synced before a request is answered. A torn last line is ignored on open.
type journal struct {
	dir  string
	lock *flock.Flock

	mu      sync.Mutex // guards file, written, broken
	file    *os.File
	written int64
	size    int64 // of the file; written only grows, a compaction makes size smaller
	base    int64 // size after the last compaction
	broken  error

	syncMu sync.Mutex // one sync at a time; requests that wait share it
	synced int64
}

// openJournal locks the folder and replays its records in order.
func openJournal(dir string, replay func(*record) error) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sandbox data: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("sandbox data: lock %s: %w", dir, err)
	}
	if !held {
		return nil, fmt.Errorf("sandbox data: %s is used by another sandbox; stop it or choose another folder", dir)
	}
	j := &journal{dir: dir, lock: lock}
	if err := j.load(replay); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return j, nil
}

func (j *journal) load(replay func(*record) error) error {
	f, err := os.OpenFile(filepath.Join(j.dir, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sandbox data: %w", err)
	}
	good, err := readRecords(f, replay)
	if err == nil && good == 0 {
		err = foreign(f)
	}
	if err == nil {
		err = f.Truncate(good)
	}
	if err == nil {
		_, err = f.Seek(good, io.SeekStart)
	}
	if err == nil {
		err = atomicfile.SyncDir(j.dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sandbox data: %s: %w", f.Name(), err), f.Close())
	}
	j.file, j.written, j.synced, j.size, j.base = f, good, good, good, good
	return nil
}

// foreign refuses a file with content and without a whole record: a journal begins
// with one, since the first content replaces an empty file as a whole.
func foreign(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		err = errors.New("this is no journal of a sandbox; choose another folder")
	}
	return err
}

// readRecords replays whole records and returns where the last one ends. Only the
// last line may be damaged.
func readRecords(r io.Reader, replay func(*record) error) (int64, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var good int64
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return good, nil // a tail without its end was never acknowledged
		}
		if err != nil {
			return good, err
		}
		rec, err := parseLine(line)
		if err != nil {
			if _, more := in.Peek(1); errors.Is(more, io.EOF) {
				return good, nil
			}
			return good, fmt.Errorf("line %d is damaged and lines follow it: %w", n, err)
		}
		if err := replay(rec); err != nil {
			return good, fmt.Errorf("line %d: %w", n, err)
		}
		good += int64(len(line))
	}
}

func parseLine(line []byte) (*record, error) {
	sum, data, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if !ok || err != nil || crc32.ChecksumIEEE(data) != uint32(want) {
		return nil, errors.New("the checksum does not match")
	}
	rec := &record{}
	return rec, json.Unmarshal(data, rec)
}

func formatLine(rec *record) ([]byte, error) {
	data, err := json.Marshal(rec)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(data), data), nil
}

// append writes a record and returns the position to wait for. The caller holds the
// tenant's lock, so records are in the order of the changes.
func (j *journal) append(rec *record) (int64, error) {
	line, err := formatLine(rec)
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return 0, j.broken
	}
	if _, err := j.file.Write(line); err != nil {
		j.broken = fmt.Errorf("sandbox data: %w; the sandbox refuses to go on, start it again", err)
		return 0, j.broken
	}
	j.written += int64(len(line))
	j.size += int64(len(line))
	return j.written, nil
}

// wait returns when everything up to a position is on disk.
func (j *journal) wait(pos int64) error {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	if j.synced >= pos {
		return nil
	}
	j.mu.Lock()
	file, end, err := j.file, j.written, j.broken
	j.mu.Unlock()
	if err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		j.mu.Lock()
		j.broken = fmt.Errorf("sandbox data: %w; the sandbox refuses to go on, start it again", err)
		err = j.broken
		j.mu.Unlock()
		return err
	}
	j.synced = end
	return nil
}

// grown tells that the journal is worth rewriting.
func (j *journal) grown() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.broken == nil && j.size > growth && j.size > 4*j.base
}

// compact replaces the journal by the given records. The caller holds the tenant's
// lock; positions given out before count as synced.
func (j *journal) compact(records []*record) (err error) {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	name := filepath.Join(j.dir, journalName)
	f, err := os.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("sandbox data: %w", err)
	}
	size, err := writeRecords(f, records)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err == nil {
		err = atomicfile.SyncDir(j.dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sandbox data: %w", err), f.Close())
	}
	old := j.file
	j.file, j.size, j.base = f, size, size
	j.synced = j.written // the changes of all positions given out are in the new file
	return old.Close()
}

func writeRecords(f *os.File, records []*record) (int64, error) {
	out := bufio.NewWriterSize(f, 1<<20)
	var size int64
	for _, rec := range records {
		line, err := formatLine(rec)
		if err != nil {
			return 0, err
		}
		if _, err := out.Write(line); err != nil {
			return 0, err
		}
		size += int64(len(line))
	}
	return size, out.Flush()
}

func (j *journal) close() error {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	err := errors.Join(j.file.Sync(), j.file.Close())
	j.broken = errors.New("sandbox data: the sandbox is closed")
	return errors.Join(err, j.lock.Close())
}
