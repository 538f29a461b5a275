package mailbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// slack is how many bytes a file may hold in vain before it is written anew.
const slack = 16 << 20

// compact writes index and bytes anew when most of them are of no use any more. It
// is called while nobody else has the mailbox.
func (b *box) compact() error {
	if err := b.sweep(); err != nil {
		return err
	}
	live, messages := b.live()
	info, err := b.index.Stat()
	if err != nil {
		return err
	}
	wasteData := b.end > 2*live+slack
	if !wasteData && info.Size() <= 600*int64(messages)+slack {
		return nil
	}
	old := b.data
	if wasteData {
		if err := b.moveData(); err != nil {
			return err
		}
	}
	if err := b.writeIndex(); err != nil {
		return err
	}
	if !wasteData {
		return nil
	}
	return errors.Join(old.Close(), os.Remove(old.Name()))
}

// live counts the bytes in use; copies share theirs.
func (b *box) live() (bytes int64, messages int) {
	seen := map[int64]bool{}
	for _, f := range b.folders {
		messages += len(f.list)
		for i := range f.list {
			if m := &f.list[i]; !seen[m.at] {
				seen[m.at] = true
				bytes += int64(m.size)
			}
		}
	}
	return bytes, messages
}

// sweep removes what a compaction that was cut short left behind.
func (b *box) sweep() error {
	names, err := filepath.Glob(filepath.Join(b.dir, "messages.*"))
	if err != nil {
		return err
	}
	for _, name := range append(names, filepath.Join(b.dir, indexName+".new")) {
		if name == b.data.Name() {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// moveData copies the bytes in use to another file and goes on with that.
func (b *box) moveData() error {
	var n int
	if _, err := fmt.Sscanf(filepath.Base(b.data.Name()), "messages.%d", &n); err != nil {
		return err
	}
	data, err := os.OpenFile(filepath.Join(b.dir, fmt.Sprintf("messages.%d", n+1)), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	moved := map[int64]int64{}
	var end int64
	for _, f := range b.folders {
		for i := range f.list {
			m := &f.list[i]
			at, ok := moved[m.at]
			if !ok {
				if _, err := io.Copy(io.NewOffsetWriter(data, end), io.NewSectionReader(b.data, m.at, int64(m.size))); err != nil {
					return errors.Join(err, data.Close())
				}
				at = end
				moved[m.at] = at
				end += int64(m.size)
			}
			m.at = at
		}
	}
	b.data, b.end = data, end
	return nil
}

// writeIndex replaces the index by one that tells only what is.
func (b *box) writeIndex() (err error) {
	name := filepath.Join(b.dir, indexName)
	f, err := os.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<16)
	err = b.snapshot(func(changes []change) error {
		line, err := encodeLine(changes)
		if err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	if err == nil && b.durable {
		err = errors.Join(b.data.Sync(), f.Sync())
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	old := b.index
	b.index = f
	return old.Close()
}

// snapshot yields the mailbox as changes.
func (b *box) snapshot(yield func([]change) error) error {
	lines := []change{{Data: filepath.Base(b.data.Name()), Last: b.last, Import: &b.imported}}
	for _, f := range b.folders {
		lines = append(lines, change{Folder: f.id, Name: &f.name, Use: string(f.use), Validity: f.validity, Follow: &f.follow, Next: f.next})
	}
	if err := yield(lines); err != nil {
		return err
	}
	for _, f := range b.folders {
		for i := range f.list {
			m := &f.list[i]
			err := yield([]change{{Folder: f.id, UID: m.uid, At: m.at, Size: int64(m.size), Date: m.date, Zone: int(m.zone), Flags: b.flags.sets[m.flags]}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
