package imap

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

// Folders implements providers.Reader: the inbox first, then sent mail, drafts and
// the others by name; a folder that shows everything comes last.
func (r *reader) Folders(ctx context.Context) ([]providers.Folder, error) {
	folders, err := r.list(ctx, true)
	if err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, &diag.Failure{Class: diag.Unavailable, Op: "list folders of " + r.account.Name(), Detail: "the server shows no folder at all",
			Fix: "check that the account is the right one"}
	}
	return folders, nil
}

// list asks for the folders, with what is in them when status is set.
func (r *reader) list(ctx context.Context, status bool) ([]providers.Folder, error) {
	listed, spaces, err := r.conn.List(ctx, status)
	if err != nil {
		return nil, err
	}
	r.layout = layoutOf(listed, spaces)
	folders := make([]providers.Folder, 0, len(listed))
	for _, l := range listed {
		folders = append(folders, r.folder(l, spaces))
	}
	uses(folders)
	slices.SortStableFunc(folders, func(a, b providers.Folder) int {
		return cmp.Or(cmp.Compare(rank(a.Use), rank(b.Use)), slices.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	if r.conn.Has("X-GM-EXT-1") {
		r.labels = labelsOf(folders)
	}
	return folders, nil
}

func rank(use providers.Use) int {
	switch use {
	case providers.UseInbox:
		return 0
	case providers.UseSent:
		return 1
	case providers.UseDrafts:
		return 2
	case providers.UseAll:
		return 9
	}
	return 3
}

func (r *reader) folder(l *imapwire.Listed, spaces imapwire.Spaces) providers.Folder {
	f := providers.Folder{ID: l.Name, Path: r.layout.path(l), Use: useOf(l), Items: -1, Bytes: -1}
	if s := l.Status; s != nil {
		f.Epoch = strconv.FormatUint(uint64(s.Validity), 10)
		f.Next = int64(s.Next)
		f.Items, f.Bytes = int64(s.Messages), s.Bytes
		f.Mark = mark(s.Next, s.Messages, s.ModSeq)
	}
	f.Unserved = r.unserved(l, f, spaces)
	return f
}

// unserved is why nothing of a folder can be moved, "" when it can.
func (r *reader) unserved(l *imapwire.Listed, f providers.Folder, spaces imapwire.Spaces) string {
	var refused *imapwire.Refusal
	switch {
	case within(l.Name, spaces.Others):
		return "belongs to another account"
	case within(l.Name, spaces.Shared):
		return "is shared, not the account's own"
	case l.Is(`\NonExistent`), l.Is(`\Noselect`):
		return providers.FoldersOnly
	case f.Use == providers.UseFlagged, l.Is(`\Important`), f.Use == providers.UseAll && !r.conn.Has("X-GM-EXT-1"):
		return "shows what other folders hold"
	case r.account.Quirks.Exchange && exchangeHolds(f.Path) != "":
		return exchangeHolds(f.Path)
	case strings.ContainsAny(l.Name, "\r\n\x00"):
		return "has a name that cannot be asked for"
	case errors.As(l.Refused, &refused):
		return "cannot be selected: " + refused.Text
	case l.Refused != nil:
		return "cannot be selected: " + l.Refused.Error()
	}
	return ""
}

// within tells whether a name is in one of some namespaces.
func within(name string, spaces []imapwire.Space) bool {
	return slices.ContainsFunc(spaces, func(s imapwire.Space) bool {
		root := strings.TrimSuffix(s.Prefix, s.Delim)
		return root != "" && (name == root || strings.HasPrefix(name, root+s.Delim) && s.Delim != "")
	})
}

// mark is Folder.Mark: it changes with the folder. Without mod-sequences nothing
// proves that no flag was changed.
func mark(next, messages uint32, modseq uint64) string {
	if modseq == 0 || next == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(next), 10) + ";" + strconv.FormatUint(uint64(messages), 10) + ";" + strconv.FormatUint(modseq, 10)
}

// modSeqOf is the mod-sequence of a mark, 0 when it has none.
func modSeqOf(mark string) uint64 {
	_, rest, _ := strings.Cut(mark, ";")
	_, text, _ := strings.Cut(rest, ";")
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0
	}
	return n
}

// layout is how an account writes paths as names.
type layout struct {
	prefix, delim string
}

// layoutOf takes prefix and delimiter from the account's own namespace, else the
// delimiter from the folders themselves.
func layoutOf(listed []*imapwire.Listed, spaces imapwire.Spaces) layout {
	var lay layout
	if len(spaces.Own) > 0 {
		lay = layout{spaces.Own[0].Prefix, spaces.Own[0].Delim}
	}
	for _, l := range listed {
		if lay.delim == "" {
			lay.delim = l.Delim
		}
	}
	return lay
}

// path is a folder's name as levels, without the prefix of the namespace.
func (lay layout) path(l *imapwire.Listed) []string {
	name := l.Name
	if rest, ok := strings.CutPrefix(name, lay.prefix); ok && rest != "" && !strings.EqualFold(name, "INBOX") {
		name = rest
	}
	levels := []string{name}
	if l.Delim != "" {
		levels = strings.Split(name, l.Delim)
	}
	for i, level := range levels {
		levels[i] = imapwire.ReadName(level)
	}
	if strings.EqualFold(levels[0], "INBOX") {
		levels[0] = "INBOX"
	}
	return levels
}

// name is a path as a name for the wire. A level that holds the delimiter cannot be
// written.
func (lay layout) name(conn *imapwire.Conn, path []string) (string, error) {
	refuse := func(detail, fix string) (string, error) {
		return "", &diag.Failure{Class: diag.Invalid, Op: "make folder " + strings.Join(path, "/"), Detail: detail, Fix: fix}
	}
	if len(path) == 0 {
		return refuse("the path is empty", "")
	}
	wire := make([]string, len(path))
	for i, level := range path {
		if level == "" {
			return refuse("a level of the path is empty", "")
		}
		if lay.delim != "" && strings.Contains(level, lay.delim) {
			return refuse("this server separates levels by "+lay.delim+", which "+strconv.Quote(level)+" holds", "rename the folder in the mapping")
		}
		wire[i] = conn.WriteName(level)
	}
	if len(path) > 1 && lay.delim == "" {
		return refuse("this server has no folders within folders", "map the folder to one level")
	}
	if strings.EqualFold(wire[0], "INBOX") {
		wire[0] = "INBOX"
		return strings.Join(wire, lay.delim), nil
	}
	return lay.prefix + strings.Join(wire, lay.delim), nil
}
