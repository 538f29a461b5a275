package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/emersion/go-imap/v2"
)

// delivery is a message on its way into a folder.
type delivery struct {
	folder string
	body   io.Reader
	size   int64 // of body
	date   time.Time
	flags  []string // normal
}

// append stores a message. Nothing of it is in memory but buf, and no lock is held
// while the body comes in. It is stored when append returns, or not at all.
func (b *box) append(d delivery, how *Behaviour, minute time.Duration, buf []byte) (validity, uid uint32, err error) {
	id, at, err := b.reserve(&d, how, minute)
	if err != nil {
		return 0, 0, err
	}
	size, err := receive(io.NewOffsetWriter(b.data, at), &d, how, buf)
	if err != nil {
		return 0, 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.byID(id)
	if f == nil || f.name != d.folder {
		return 0, 0, noFolder(true)
	}
	if how.OnlyOnce {
		if m, err := b.twin(f, at, size); m != nil || err != nil {
			return f.validity, m.uid, err
		}
	}
	_, zone := d.date.Zone()
	uid = f.next
	err = b.write([]change{{Folder: f.id, UID: uid, At: at, Size: size, Date: d.date.Unix(), Zone: zone / 60, Flags: d.flags}})
	return f.validity, uid, err
}

// reserve gives a message its place among the bytes.
func (b *box) reserve(d *delivery, how *Behaviour, minute time.Duration) (folder uint32, at int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(d.folder)
	if f == nil {
		return 0, 0, noFolder(true)
	}
	if err := b.admit(how, minute); err != nil {
		return 0, 0, err
	}
	size := d.size
	if how.MendLines {
		size *= 2 // as if each byte were a bare LF
	}
	at = b.end
	b.end += size
	return f.id, at, nil
}

// admit counts the messages of this minute.
func (b *box) admit(how *Behaviour, minute time.Duration) error {
	if how.PerMinute == 0 {
		return nil
	}
	if n := b.now().UnixNano() / int64(minute); n != b.started {
		b.started, b.stored = n, 0
	}
	if b.stored >= how.PerMinute {
		return no(imap.ResponseCodeLimit, "Too many messages in a minute; try again later")
	}
	b.stored++
	return nil
}

// receive copies the body to its place and returns how many bytes it has there.
func receive(out io.Writer, d *delivery, how *Behaviour, buf []byte) (int64, error) {
	var written int64
	var last byte
	for left := d.size; left > 0; {
		part := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(d.body, part); err != nil {
			return 0, fmt.Errorf("the message was not received to its end: %w", err)
		}
		left -= int64(len(part))
		if how.RefuseNUL && bytes.IndexByte(part, 0) >= 0 {
			return 0, no("", "Message contains NUL characters")
		}
		tail := part[len(part)-1]
		if how.MendLines {
			part = withCRLF(part, last)
		}
		last = tail
		n, err := out.Write(part)
		written += int64(n)
		if err != nil {
			return 0, err
		}
	}
	return written, nil
}

// withCRLF puts a CR before each LF that has none. before is the byte before part.
func withCRLF(part []byte, before byte) []byte {
	out := make([]byte, 0, len(part)+len(part)/16)
	for _, c := range part {
		if c == '\n' && before != '\r' {
			out = append(out, '\r')
		}
		out = append(out, c)
		before = c
	}
	return out
}

// twin finds a message of the folder with the same bytes.
func (b *box) twin(f *folder, at, size int64) (*message, error) {
	for i := range f.list {
		m := &f.list[i]
		if int64(m.size) != size {
			continue
		}
		same, err := equal(io.NewSectionReader(b.data, at, size), io.NewSectionReader(b.data, m.at, size))
		if same || err != nil {
			return m, err
		}
	}
	return nil, nil
}

func equal(a, b io.Reader) (bool, error) {
	x, y := make([]byte, 1<<15), make([]byte, 1<<15)
	for {
		n, err := io.ReadFull(a, x)
		m, err2 := io.ReadFull(b, y)
		if n != m || !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return true, nil
		case err != nil:
			return false, err
		case err2 != nil:
			return false, err2
		}
	}
}

// largest is the largest message that a mailbox can hold, in bytes.
const largest = math.MaxUint32

// no is a refusal as the client reads it.
func no(code imap.ResponseCode, format string, args ...any) *imap.Error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) *imap.Error {
	return &imap.Error{Type: imap.StatusResponseTypeBad, Text: fmt.Sprintf(format, args...)}
}

func noFolder(create bool) *imap.Error {
	if create {
		return no(imap.ResponseCodeTryCreate, "There is no such mailbox")
	}
	return no(imap.ResponseCodeNonExistent, "There is no such mailbox")
}
