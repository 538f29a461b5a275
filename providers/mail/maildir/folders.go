package maildir

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// epoch is that of all folders: keys never change.
const epoch = "1"

// Folders implements providers.Reader: the inbox first, then the others by path.
func (r *reader) Folders(ctx context.Context) ([]providers.Folder, error) {
	ctx, stop := r.session.During(ctx)
	defer stop()
	var all []providers.Folder
	if err := r.walk(ctx, ".", nil, &all); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(f providers.Folder) bool { return f.Unserved == "" }) {
		return nil, &diag.Failure{Class: diag.Unavailable, Op: "list folders of " + origin(r.name).Name(), Detail: "there is no Maildir: no directory with cur and new in it",
			Fix: "check that the path is the right one"}
	}
	slices.SortStableFunc(all, func(a, b providers.Folder) int { return slices.Compare(a.Path, b.Path) })
	if i := slices.IndexFunc(all, func(f providers.Folder) bool { return f.ID == "." }); i > 0 {
		top := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), 0, top)
	}
	files.Uses(all)
	return all, nil
}

// walk adds a directory, if it is a folder, and what is below it.
func (r *reader) walk(ctx context.Context, dir string, above []string, all *[]providers.Folder) error {
	unserved := func(dir string, above []string, why string) {
		*all = append(*all, providers.Folder{ID: dir, Path: above, Items: -1, Bytes: -1, Unserved: why})
	}
	var below, links []string
	mail := false
	err := files.Each(ctx, r.root, []string{dir}, func(_ string, e fs.DirEntry) error {
		switch name := e.Name(); {
		case name == "cur" || name == "new":
			mail = true
		case name == "tmp" || strings.HasPrefix(name, "courierimap"):
		case e.IsDir():
			below = append(below, name)
		case e.Type()&fs.ModeSymlink != 0:
			links = append(links, name)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrPermission) && dir != ".":
		unserved(dir, above, "cannot be read by isa's user")
		return nil
	case err != nil:
		return err
	}
	if mail {
		f, err := r.folder(ctx, providers.Folder{ID: dir, Path: above})
		switch {
		case errors.Is(err, fs.ErrPermission):
			f.Items, f.Bytes, f.Unserved = -1, -1, "cannot be read by isa's user"
		case err != nil:
			return err
		}
		if dir == "." {
			f.Path, f.Use = []string{"INBOX"}, providers.UseInbox
		}
		*all = append(*all, f)
	}
	slices.Sort(below)
	for _, name := range below {
		levels := r.levels(dir, name)
		if levels == nil {
			continue
		}
		if err := r.walk(ctx, files.Join(dir, name), append(slices.Clip(above), levels...), all); err != nil {
			return err
		}
	}
	slices.Sort(links)
	for _, name := range links {
		if info, err := r.root.Stat(files.Join(dir, name)); err != nil || info.IsDir() {
			unserved(files.Join(dir, name), append(slices.Clip(above), files.Level(name)), "is a link to elsewhere")
		}
	}
	if !mail && len(below) == 0 && dir != "." {
		unserved(dir, above, "is no Maildir")
	}
	return nil
}

// levels are the levels that the name of a directory adds to the path of the one that
// it is in, nil when it is no folder.
func (r *reader) levels(dir, name string) []string {
	if !strings.HasPrefix(name, ".") {
		return []string{imapwire.ReadName(name)}
	}
	if of, ok := strings.CutSuffix(name[1:], ".directory"); ok && of != "" && !r.holdsMail(files.Join(dir, name)) {
		return []string{files.Level(of)} // KMail
	}
	if !r.holdsMail(files.Join(dir, name)) {
		return nil // something hidden
	}
	var out []string
	for level := range strings.SplitSeq(name[1:], ".") {
		if level != "" {
			out = append(out, imapwire.ReadName(level))
		}
	}
	return out
}

func (r *reader) holdsMail(dir string) bool {
	for _, sub := range [...]string{"cur", "new"} {
		if info, err := r.root.Stat(files.Join(dir, sub)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

// folder counts what is in a folder.
func (r *reader) folder(ctx context.Context, f providers.Folder) (providers.Folder, error) {
	keywords, err := r.readKeywords(f.ID)
	if err != nil {
		return f, err
	}
	tally := files.NewTally()
	if err := files.Each(ctx, r.root, dirs(f.ID), func(dir string, e fs.DirEntry) error {
		tally.Add(key(e.Name()), e, path.Base(dir))
		return nil
	}); err != nil {
		return f, err
	}
	sum := fnv.New32a()
	sum.Write([]byte(keywords)) //nolint:errcheck // never fails
	f.Epoch, f.Items, f.Bytes = epoch, tally.Items(), -1
	f.Mark = tally.Mark() + "." + strconv.FormatUint(uint64(sum.Sum32()), 36)
	return f, nil
}

// dirs are the directories of a folder's files, those that count more first.
func dirs(dir string) []string { return []string{files.Join(dir, "cur"), files.Join(dir, "new")} }

// readKeywords reads dovecot-keywords, "" when there is none.
func (r *reader) readKeywords(dir string) (string, error) {
	f, err := r.root.Open(files.Join(dir, "dovecot-keywords"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", files.Failure("read the keywords of "+files.Level(dir), err)
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, 1<<16))
	return string(text), files.Failure("read the keywords of "+files.Level(dir), err)
}
