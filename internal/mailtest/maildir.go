//go:build unix

package mailtest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Load writes mail straight into the Maildir of user, much faster than any
// client could. The user must not be logged in. The server must be a Dovecot whose
// format is maildir.
func (s *Server) Load(user string, c Corpus) error {
	w := s.loader(user)
	for _, name := range append([]string{"INBOX"}, c.Names()...) {
		if err := w.folder(name); err != nil {
			return err
		}
	}
	return errors.Join(c.Each(w.write), w.close())
}

// LoadMessages is Load for single messages, in their order.
func (s *Server) LoadMessages(user string, messages ...Message) error {
	w := s.loader(user)
	if err := w.folder("INBOX"); err != nil {
		return err
	}
	for i, m := range messages {
		if err := w.folder(m.Folder); err != nil {
			return err
		}
		if err := w.write(i, m); err != nil {
			return err
		}
	}
	return w.close()
}

// Wipe removes all mail of user, who must not be logged in.
func (s *Server) Wipe(user string) error {
	home := filepath.Join(s.Dir, "mail", user)
	if err := removeAll(home); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(home, 0o755), os.Chown(home, s.owner.uid, s.owner.gid))
}

// ResetUIDValidity makes the server number a folder anew: another UIDVALIDITY, UIDs
// from 1. The user must not be logged in.
func (s *Server) ResetUIDValidity(user, folder string) error {
	dir := maildirFolder(s.maildir(user), folder)
	names, err := filepath.Glob(filepath.Join(dir, "dovecot*"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no UIDVALIDITY yet", folder)
	}
	for _, name := range names {
		switch base := filepath.Base(name); {
		case base == "dovecot-uidlist", strings.HasPrefix(base, "dovecot.index") && !strings.HasPrefix(base, "dovecot.list"):
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}

// Forbid lets user see a folder and not open it: SELECT is answered NO.
func (s *Server) Forbid(user, folder string) error {
	path := filepath.Join(maildirFolder(s.maildir(user), folder), "dovecot-acl")
	return errors.Join(os.WriteFile(path, []byte("owner l\n"), 0o644), os.Chown(path, s.owner.uid, s.owner.gid))
}

// Permit takes Forbid back.
func (s *Server) Permit(user, folder string) error {
	return os.Remove(filepath.Join(maildirFolder(s.maildir(user), folder), "dovecot-acl"))
}

func (s *Server) maildir(user string) string { return filepath.Join(s.Dir, "mail", user, "Maildir") }

// loader writes files as Dovecot would.
type loader struct {
	root    string
	own     owner
	run     string // tells the files of one loader from another's
	folders map[string]*mailFolder
}

// mailFolder is a folder on disk, with its keywords in the order of their letters.
type mailFolder struct {
	dir      string
	keywords []string
}

func (s *Server) loader(user string) *loader {
	return &loader{
		root: s.maildir(user), own: s.owner, run: fmt.Sprintf("L%d", time.Now().UnixNano()), folders: map[string]*mailFolder{},
	}
}

func maildirFolder(root, name string) string {
	if name == "INBOX" {
		return root
	}
	return filepath.Join(root, "."+strings.ReplaceAll(ModifiedUTF7(name), "/", "."))
}

// folder makes a folder, with those above it.
func (w *loader) folder(name string) error {
	if _, ok := w.folders[name]; ok {
		return nil
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		if err := w.folder(name[:i]); err != nil {
			return err
		}
	}
	if strings.Contains(name, ".") {
		return fmt.Errorf("a Maildir cannot hold a folder whose name has a dot: %s", name)
	}
	f := &mailFolder{dir: maildirFolder(w.root, name)}
	w.folders[name] = f
	for _, sub := range []string{"", "cur", "new", "tmp"} {
		dir := filepath.Join(f.dir, sub)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.Chown(dir, w.own.uid, w.own.gid); err != nil {
			return err
		}
	}
	listed, err := os.ReadFile(filepath.Join(f.dir, "dovecot-keywords"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(listed)) {
		_, keyword, _ := strings.Cut(strings.TrimSpace(line), " ")
		f.keywords = append(f.keywords, keyword)
	}
	if name != "INBOX" {
		return w.put(filepath.Join(f.dir, "maildirfolder"), "")
	}
	return nil
}

// put writes a file that belongs to the owner of the mail.
func (w *loader) put(path, text string) error {
	return errors.Join(os.WriteFile(path, []byte(text), 0o644), os.Chown(path, w.own.uid, w.own.gid))
}

func (w *loader) write(i int, m Message) error {
	folder := w.folders[m.Folder]
	letters := make([]byte, 0, len(m.Flags))
	for _, f := range m.Flags {
		letters = append(letters, folder.letter(f))
	}
	slices.Sort(letters)
	// S is the size on disk, W that with CRLF at the end of each line.
	lone := bytes.Count(m.Raw, []byte("\n")) - bytes.Count(m.Raw, []byte("\r\n"))
	name := fmt.Sprintf("%d.%sM%07d.mailtest,S=%d,W=%d:2,%s", m.Date.Unix(), w.run, i, len(m.Raw), len(m.Raw)+lone, letters)
	path := filepath.Join(folder.dir, "cur", name)
	if err := os.WriteFile(path, m.Raw, 0o644); err != nil {
		return err
	}
	return errors.Join(os.Chtimes(path, m.Date, m.Date), os.Chown(path, w.own.uid, w.own.gid))
}

// letter is how a file's name shows a flag: keywords are a, b … as
// dovecot-keywords lists them.
func (f *mailFolder) letter(flag string) byte {
	switch flag {
	case `\Answered`:
		return 'R'
	case `\Draft`:
		return 'D'
	case `\Flagged`:
		return 'F'
	case `\Seen`:
		return 'S'
	case `\Deleted`:
		return 'T'
	}
	i := slices.Index(f.keywords, flag)
	if i < 0 {
		i = len(f.keywords)
		f.keywords = append(f.keywords, flag)
	}
	return byte('a' + i)
}

// close writes the lists of keywords and of subscriptions.
func (w *loader) close() error {
	var subscribed strings.Builder
	path := filepath.Join(w.root, "subscriptions")
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(before) == 0 {
		before = []byte("V\t2\n\n")
	}
	subscribed.Write(before)
	for _, name := range slices.Sorted(maps.Keys(w.folders)) {
		line := strings.ReplaceAll(ModifiedUTF7(name), "/", "\t") + "\n"
		if !strings.Contains(string(before), "\n"+line) {
			subscribed.WriteString(line)
		}
		var keywords strings.Builder
		for i, k := range w.folders[name].keywords {
			fmt.Fprintf(&keywords, "%d %s\n", i, k)
		}
		if err := w.put(filepath.Join(w.folders[name].dir, "dovecot-keywords"), keywords.String()); err != nil {
			return err
		}
	}
	return w.put(path, subscribed.String())
}

// ModifiedUTF7 is a folder's name as IMAP writes it (RFC 3501, 5.1.3).
func ModifiedUTF7(name string) string {
	var out strings.Builder
	var wide []rune
	flush := func() {
		if len(wide) == 0 {
			return
		}
		var raw []byte
		for _, u := range utf16.Encode(wide) {
			raw = append(raw, byte(u>>8), byte(u))
		}
		out.WriteString("&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(raw), "/", ",") + "-")
		wide = wide[:0]
	}
	for _, r := range name {
		if r < 0x20 || r > 0x7e {
			wide = append(wide, r)
			continue
		}
		flush()
		if out.WriteRune(r); r == '&' {
			out.WriteByte('-')
		}
	}
	flush()
	return out.String()
}
