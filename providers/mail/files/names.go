package files

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pageNames is how many names of a directory are held at once.
const pageNames = 16 << 10

// Names are the messages of some directories that are one folder, each message a
// file, in the order of their keys. Memory is bounded by pageNames whatever the
// directory holds: it is read again for each further page. For one goroutine.
type Names struct {
	root *os.Root
	dirs []string
	// key is what a file's name is ordered and found by; "" when it is no message.
	key  func(name string) string
	most int

	page  []Entry
	from  string // the page holds all keys from this one on,
	next  string // before this one; "" when there are no more
	stamp string // of the directories when it was read; "" never was
}

// Entry is a file of a directory.
type Entry struct {
	Key  string
	Dir  string // as it was given to NewNames
	Name string
}

// Path is the file, from the root.
func (e Entry) Path() string { return Join(e.Dir, e.Name) }

// Join is the path of what is in a directory; "." is the root.
func Join(dir, name string) string {
	if dir == "." || dir == "" {
		return name
	}
	return dir + "/" + name
}

// NewNames are the files of dirs, paths from root, that have a key. A directory that
// is not there holds nothing.
func NewNames(root *os.Root, key func(name string) string, dirs ...string) *Names {
	return &Names{root: root, dirs: dirs, key: key, most: pageNames}
}

// Groups yields the files that share a key together, in the order of the keys, from
// one on; "" is all of them. The group is valid during the call.
func (n *Names) Groups(ctx context.Context, from string, yield func([]Entry) error) error {
	for {
		if err := n.turn(ctx, from); err != nil {
			return err
		}
		i, _ := slices.BinarySearchFunc(n.page, from, func(e Entry, key string) int { return cmp.Compare(e.Key, key) })
		for rest := n.page[i:]; len(rest) > 0; {
			k := 1
			for k < len(rest) && rest[k].Key == rest[0].Key {
				k++
			}
			if err := Ended(ctx); err != nil {
				return err
			}
			if err := yield(rest[:k]); err != nil {
				return err
			}
			rest = rest[k:]
		}
		if n.next == "" {
			return nil
		}
		from = n.next
	}
}

// Find returns the files that have a key. What is known of the directory is trusted
// as long as the key is in it.
func (n *Names) Find(ctx context.Context, key string) ([]Entry, error) {
	if n.stamp != "" && n.holds(key) {
		if found := n.found(key); len(found) > 0 {
			return found, nil
		}
	}
	if err := n.turn(ctx, key); err != nil {
		return nil, err
	}
	return n.found(key), nil
}

func (n *Names) found(key string) []Entry {
	i, _ := slices.BinarySearchFunc(n.page, key, func(e Entry, key string) int { return cmp.Compare(e.Key, key) })
	k := i
	for k < len(n.page) && n.page[k].Key == key {
		k++
	}
	return n.page[i:k:k]
}

func (n *Names) holds(key string) bool { return n.from <= key && (n.next == "" || key < n.next) }

// turn makes the page hold a key, if there is one like it.
func (n *Names) turn(ctx context.Context, key string) error {
	stamp := n.stampNow()
	if n.stamp == stamp && stamp != unsure && n.holds(key) {
		return nil
	}
	n.page, n.from, n.next, n.stamp = n.page[:0], key, "", stamp
	limit := "" // keys from this one on are for a later page
	err := Each(ctx, n.root, n.dirs, func(dir string, d fs.DirEntry) error {
		k := n.key(d.Name())
		if k == "" || k < key || limit != "" && k >= limit || !message(d) {
			return nil
		}
		if n.page = append(n.page, Entry{k, dir, d.Name()}); len(n.page) >= 2*n.most {
			limit = n.shorten(limit)
		}
		return nil
	})
	if err != nil {
		n.stamp = ""
		return err
	}
	n.next = limit
	if len(n.page) > n.most {
		n.next = n.shorten(limit)
	}
	n.sort()
	return nil
}

func (n *Names) sort() {
	slices.SortFunc(n.page, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), slices.Index(n.dirs, a.Dir)-slices.Index(n.dirs, b.Dir), cmp.Compare(a.Name, b.Name))
	})
}

// shorten keeps the first names, and returns the key from which on others are for a
// later page. Files that share a key stay together.
func (n *Names) shorten(limit string) string {
	n.sort()
	cut := n.most
	for cut > 0 && n.page[cut].Key == n.page[cut-1].Key {
		cut--
	}
	if cut == 0 {
		for cut = n.most; cut < len(n.page) && n.page[cut].Key == n.page[0].Key; {
			cut++
		}
	}
	if cut == len(n.page) {
		return limit
	}
	limit = n.page[cut].Key
	clear(n.page[cut:])
	n.page = n.page[:cut]
	return limit
}

// unsure is the stamp of directories that may change without their times showing it.
const unsure = "?"

// stampNow changes when names in the directories do. A directory that was changed in
// the last seconds may be changed again at what is the same time to it.
func (n *Names) stampNow() string {
	var b strings.Builder
	for _, dir := range n.dirs {
		info, err := n.root.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			b.WriteString("-;")
		case err != nil, time.Since(info.ModTime()) < 2*time.Second:
			return unsure
		default:
			b.WriteString(strconv.FormatInt(info.ModTime().UnixNano(), 36) + ";")
		}
	}
	return b.String()
}

// message tells what may be the file of a message: a file, or a link, which may lead
// to one.
func message(d fs.DirEntry) bool { return d.Type().IsRegular() || d.Type()&fs.ModeSymlink != 0 }

// Each yields what directories hold, in no order, a few at a time. A directory that is
// not there holds nothing. Of an entry its name and its type are to be used.
func Each(ctx context.Context, root *os.Root, dirs []string, yield func(dir string, d fs.DirEntry) error) error {
	for _, dir := range dirs {
		if err := each(ctx, root, dir, yield); err != nil {
			return err
		}
	}
	return nil
}

func each(ctx context.Context, root *os.Root, dir string, yield func(dir string, d fs.DirEntry) error) error {
	f, err := openDir(root, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return Failure("read directory "+Level(dir), err)
	}
	defer func() { _ = f.Close() }() // it was only read
	for {
		if err := Ended(ctx); err != nil {
			return err
		}
		some, err := f.ReadDir(512)
		for _, d := range some {
			if err := yield(dir, d); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return Failure("read directory "+Level(dir), err)
		}
	}
}

// Tally counts the messages of a folder by their names, for Folder.Items and
// Folder.Mark. It holds eight bytes a file.
type Tally struct {
	seed maphash.Seed
	keys []uint64
	mark [2]uint64
}

// NewTally begins one.
func NewTally() *Tally { return &Tally{seed: maphash.MakeSeed()} }

// Add counts a file by its name and what else of it changes with the folder.
func (t *Tally) Add(key string, d fs.DirEntry, dir string) {
	if key == "" || !message(d) {
		return
	}
	t.keys = append(t.keys, maphash.String(t.seed, key))
	a, b := halves(dir + "\x00" + d.Name())
	// A sum does not depend on the order in which a directory tells its names.
	t.mark[0] += a
	t.mark[1] += b
}

// Items is the number of keys, each counted once.
func (t *Tally) Items() int64 {
	slices.Sort(t.keys)
	t.keys = slices.Compact(t.keys)
	return int64(len(t.keys))
}

// Mark changes when a name is added, removed or changed.
func (t *Tally) Mark() string {
	return strconv.FormatInt(t.Items(), 36) + "." + strconv.FormatUint(t.mark[0], 36) + "." + strconv.FormatUint(t.mark[1], 36)
}
