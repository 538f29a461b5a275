package spool

import (
	"encoding/binary"
	"os"
	"sync"
	"time"
)

// slotSize is the size of a message in a log: when it was begun and when it was
// complete, in nanoseconds. The first slot tells when the batch was opened first. A log
// has its full size from the beginning, so that writing it needs no room on the disk,
// and it does not grow however often a client reads.
const slotSize = 16

// Fetched is what is known of the fetching of a batch.
type Fetched struct {
	// Opened is when somebody logged in first; zero: never.
	Opened time.Time
	// Last is when anything happened last; zero: nothing was fetched.
	Last            time.Time
	Begun, Complete int // messages
	slots           []byte
}

// At tells when a message was begun last, and when it was complete first; zero: never.
func (f Fetched) At(number uint32) (begun, complete time.Time) {
	i := int(number) * slotSize
	if number == 0 || i+slotSize > len(f.slots) {
		return begun, complete
	}
	return moment(f.slots[i:]), moment(f.slots[i+8:])
}

func moment(b []byte) time.Time {
	n := int64(binary.BigEndian.Uint64(b))
	if n <= 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// Fetched reads the log of a frozen batch, which another process may be writing.
func (s *Spool) Fetched(id string) (Fetched, error) {
	if !legal(id) {
		return Fetched{}, illegal(id)
	}
	data, err := os.ReadFile(s.path(id, logFile))
	if err != nil {
		return Fetched{}, fault("read a log", err)
	}
	f := Fetched{slots: data}
	if len(data) >= slotSize {
		f.Opened = moment(data)
	}
	for i := slotSize; i+slotSize <= len(data); i += slotSize {
		begun, complete := moment(data[i:]), moment(data[i+8:])
		if !begun.IsZero() {
			f.Begun++
		}
		if !complete.IsZero() {
			f.Complete++
		}
		for _, at := range [...]time.Time{begun, complete} {
			if at.After(f.Last) {
				f.Last = at
			}
		}
	}
	return f, nil
}

// log writes a log.
type log struct {
	file *os.File
	mu   sync.Mutex
	last int64
	err  error // of the first write that failed: nothing more is served
}

// now is later than all before.
func (l *log) now() int64 {
	l.last = max(time.Now().UnixNano(), l.last+1)
	return l.last
}

// opened notes that somebody logged in.
func (l *log) opened() { l.note(0, 0) }

func (l *log) begun(number uint32)    { l.note(number, 0) }
func (l *log) complete(number uint32) { l.note(number, 8) }

// note writes the time into a slot. Only what was begun last is written again.
func (l *log) note(number uint32, half int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := int64(number)*slotSize + half
	var slot [8]byte
	if number == 0 || half > 0 {
		if _, err := l.file.ReadAt(slot[:], at); err == nil && slot != ([8]byte{}) {
			return
		}
	}
	binary.BigEndian.PutUint64(slot[:], uint64(l.now()))
	if _, err := l.file.WriteAt(slot[:], at); err != nil && l.err == nil {
		l.err = err
	}
}

// failed is why the log cannot be written.
func (l *log) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
