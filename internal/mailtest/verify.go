package mailtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2/imapclient"
)

// Mailbox is what a server shows of a mailbox: by the path of each folder its
// messages.
type Mailbox map[string][]Seen

// Seen is a message as a server shows it. Messages that are the same in all of it
// are equal.
type Seen struct {
	Sum   [sha256.Size]byte // of all bytes
	Size  int64             // of them, counted
	Date  int64             // INTERNALDATE, seconds since 1970
	Flags string            // "$Label1 \answered \seen": sorted, system flags in lower case, without \recent
}

// Items counts the messages of all folders.
func (m Mailbox) Items() int {
	n := 0
	for _, seen := range m {
		n += len(seen)
	}
	return n
}

// Read reads every message of an account by IMAP, all bytes of it. Memory is about
// 100 bytes a message.
func Read(ctx context.Context, a Account) (Mailbox, error) {
	out := Mailbox{}
	err := Do(ctx, a, func(c *imapclient.Client) error {
		names, err := folders(c)
		if err != nil {
			return err
		}
		for _, path := range slices.Sorted(maps.Keys(names)) {
			out[path] = nil
			err := each(c, names[path], func(m *imapclient.FetchMessageData) error {
				seen, err := look(m)
				out[path] = append(out[path], seen)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s, folder %s: %w", a.Addr, path, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func look(m *imapclient.FetchMessageData) (Seen, error) {
	var s Seen
	for item := m.Next(); item != nil; item = m.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataFlags:
			var flags []string
			for _, f := range item.Flags {
				flags = append(flags, string(f))
			}
			s.Flags = flagText(flags)
		case imapclient.FetchItemDataInternalDate:
			s.Date = item.Time.Unix()
		case imapclient.FetchItemDataBodySection:
			hash := sha256.New()
			n, err := drain(hash, item.Literal)
			if err != nil {
				return s, err
			}
			s.Size = n
			hash.Sum(s.Sum[:0])
		}
	}
	return s, nil
}

func flagText(flags []string) string {
	var out []string
	for _, f := range flags {
		if strings.HasPrefix(f, `\`) {
			f = strings.ToLower(f)
		}
		if f != `\recent` {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// Kind is how two mailboxes differ.
type Kind string

// The kinds.
const (
	FolderMissing Kind = "folder missing" // only at the source
	FolderExtra   Kind = "folder extra"   // only at the target
	Missing       Kind = "missing"        // a message that is only at the source
	Extra         Kind = "extra"          // a message that is only at the target
	Doubled       Kind = "doubled"        // one that is there more often at the target
	FlagsDiffer   Kind = "flags"          // system flags
	KeywordsDiff  Kind = "keywords"
	DateDiffers   Kind = "date"
)

// Difference is one way in which a target is not the source.
type Difference struct {
	Kind   Kind
	Folder string // path at the target
	Source Seen   // zero when it is not there
	Target Seen
}

// String is the difference in a line.
func (d Difference) String() string {
	switch d.Kind {
	case FolderMissing, FolderExtra:
		return fmt.Sprintf("%s: %s", d.Folder, d.Kind)
	case Missing:
		return fmt.Sprintf("%s: %s: %s", d.Folder, d.Kind, d.Source)
	case Extra, Doubled:
		return fmt.Sprintf("%s: %s: %s", d.Folder, d.Kind, d.Target)
	}
	return fmt.Sprintf("%s: %s: %s became %s", d.Folder, d.Kind, d.Source, d.Target)
}

// String shows the beginning of the hash, not the message.
func (s Seen) String() string {
	return fmt.Sprintf("%x of %d bytes, date %d, flags (%s)", s.Sum[:4], s.Size, s.Date, s.Flags)
}

// Comparison says how two mailboxes are compared.
type Comparison struct {
	// Rename is the path at the target of a source's folder; nil: the same. "" leaves
	// the folder out.
	Rename func(path string) string
	// Ours tells which folders of the target may only hold what the source has; nil:
	// those that the source has too, and any with messages. Empty folders that only
	// the target has are never counted: servers make some themselves.
	Ours func(path string) bool
	// Without are flags and keywords that the target cannot hold, as Seen has them.
	Without []string
	// AnyCase takes keywords that differ in case for equal, as RFC 3501 does.
	AnyCase bool
}

// Compare tells how target differs from what a faithful copy of source would be.
// Messages are compared as a multiset by all their bytes, so that a true duplicate
// has to be there twice and nothing may be there more often.
func (o Comparison) Compare(source, target Mailbox) []Difference {
	wanted := Mailbox{}
	for path, seen := range source {
		if o.Rename != nil {
			path = o.Rename(path)
		}
		if path != "" {
			wanted[path] = append(wanted[path], seen...)
		}
	}
	var out []Difference
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := target[path]; !ok {
			out = append(out, Difference{Kind: FolderMissing, Folder: path})
		}
		out = append(out, o.folder(path, wanted[path], target[path])...)
	}
	for _, path := range slices.Sorted(maps.Keys(target)) {
		_, known := wanted[path]
		if known || len(target[path]) == 0 || o.Ours != nil && !o.Ours(path) {
			continue
		}
		out = append(out, Difference{Kind: FolderExtra, Folder: path})
		out = append(out, o.folder(path, nil, target[path])...)
	}
	return out
}

// folder compares by bytes, then pairs what has the same bytes so that as little
// as possible differs.
func (o Comparison) folder(path string, source, target []Seen) []Difference {
	type both struct{ source, target []Seen }
	groups := map[[sha256.Size]byte]*both{}
	group := func(sum [sha256.Size]byte) *both {
		g := groups[sum]
		if g == nil {
			g = &both{}
			groups[sum] = g
		}
		return g
	}
	for _, s := range source {
		s.Flags = o.flags(s.Flags)
		g := group(s.Sum)
		g.source = append(g.source, s)
	}
	for _, s := range target {
		s.Flags = o.flags(s.Flags)
		g := group(s.Sum)
		g.target = append(g.target, s)
	}
	var out []Difference
	for _, sum := range slices.SortedFunc(maps.Keys(groups), func(a, b [sha256.Size]byte) int { return slices.Compare(a[:], b[:]) }) {
		g := groups[sum]
		known := len(g.source) > 0
		out = append(out, pair(path, known, g.source, g.target)...)
	}
	return out
}

func (o Comparison) flags(text string) string {
	if o.AnyCase {
		text = strings.ToLower(text)
	}
	kept := slices.DeleteFunc(strings.Fields(text), func(f string) bool { return slices.Contains(o.Without, f) })
	slices.Sort(kept)
	return strings.Join(kept, " ")
}

func pair(path string, known bool, source, target []Seen) []Difference {
	order := func(a, b Seen) int { return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Flags, b.Flags)) }
	left := slices.SortedFunc(slices.Values(target), order)
	var open []Seen
	for _, s := range slices.SortedFunc(slices.Values(source), order) {
		if i := slices.Index(left, s); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else {
			open = append(open, s)
		}
	}
	var out []Difference
	for i, s := range open {
		if i >= len(left) {
			out = append(out, Difference{Kind: Missing, Folder: path, Source: s})
			continue
		}
		out = append(out, unlike(path, s, left[i])...)
	}
	for _, s := range left[min(len(open), len(left)):] {
		d := Difference{Kind: Extra, Folder: path, Target: s}
		if known {
			d.Kind = Doubled
		}
		out = append(out, d)
	}
	return out
}

// unlike compares two messages of the same bytes.
func unlike(path string, s, t Seen) []Difference {
	var out []Difference
	add := func(differs bool, kind Kind) {
		if differs {
			out = append(out, Difference{Kind: kind, Folder: path, Source: s, Target: t})
		}
	}
	system := func(flags string, want bool) string {
		return strings.Join(slices.DeleteFunc(strings.Fields(flags), func(f string) bool { return strings.HasPrefix(f, `\`) != want }), " ")
	}
	add(system(s.Flags, true) != system(t.Flags, true), FlagsDiffer)
	add(system(s.Flags, false) != system(t.Flags, false), KeywordsDiff)
	add(s.Date != t.Date, DateDiffers)
	return out
}

// Same reads two accounts and fails the test with what differs.
func Same(t testing.TB, source, target Account, o Comparison) {
	t.Helper()
	from, err := Read(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	to, err := Read(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	all := o.Compare(from, to)
	for i, d := range all {
		if i == 20 {
			t.Errorf("… and %d more", len(all)-i)
			break
		}
		t.Error(d)
	}
}

// Mailbox is the corpus as a faithful server shows it.
func (c Corpus) Mailbox() Mailbox {
	out := Mailbox{}
	for _, name := range c.Names() {
		out[name] = nil
	}
	for i := range c.Messages {
		m := c.Message(i)
		out[m.Folder] = append(out[m.Folder], m.Seen())
	}
	return out
}

// Seen is the message as a faithful server shows it.
func (m Message) Seen() Seen {
	return Seen{
		Sum: sha256.Sum256(m.Raw), Size: int64(len(m.Raw)), Date: m.Date.Unix(),
		Flags: flagText(m.Flags),
	}
}
