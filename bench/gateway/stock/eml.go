//go:build unix

package stock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/text/encoding/korean"

	"github.com/isaworks/isa/internal/mailtest"
)

// EML writes a tree of so many .eml files below dir, which is made: 30 folders with
// Korean names. With them come files that break programs: mailtest.Hostile, names
// that are EUC-KR, a link that leads round in a circle, one that leads out, and a file
// that only its owner might read if it was allowed to.
func EML(dir string, messages int, seed uint64) (*Stock, error) {
	s := newStock()
	all := patterns(corpus(seed, 30), func(m mailtest.Message) []byte { return mailtest.LF(m.Raw) })
	awkward := mailtest.Hostile("이상한 메일", 300_000)
	for _, p := range all {
		if err := os.MkdirAll(at(dir, p.folder), 0o755); err != nil {
			return nil, err
		}
	}
	for n := range max(0, messages-len(awkward)) {
		p := all[n%len(all)]
		p.number(n)
		name := fmt.Sprintf("%06d.eml", n)
		switch n % 50 {
		case 7:
			name = fmt.Sprintf("회신_ 견적 요청의 건 %d.EML", n)
		case 19:
			name = eucKR("전달 계약서") + name
		}
		if err := os.WriteFile(filepath.Join(at(dir, p.folder), name), p.file, 0o644); err != nil {
			return nil, err
		}
		s.add(p.folder, p.raw)
	}
	if err := s.awkward(dir, awkward); err != nil {
		return nil, err
	}
	return s, s.traps(dir)
}

// awkward writes messages that break programs, under names that are EUC-KR.
func (s *Stock) awkward(dir string, list []mailtest.Awkward) error {
	for i, a := range list {
		folder := filepath.Join(dir, eucKR(a.Folder))
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s%03d.eml", eucKR("메일"), i)), a.Raw, 0o644)); err != nil {
			return err
		}
		s.add(a.Folder, mailtest.CRLF(a.Raw))
	}
	return nil
}

// traps makes what leads nowhere.
func (s *Stock) traps(dir string) error {
	folder := at(dir, "총무")
	closed := filepath.Join(folder, "closed.eml")
	err := errors.Join(
		os.MkdirAll(folder, 0o755),
		os.Symlink("..", filepath.Join(folder, "round")),
		os.Symlink("/etc/passwd", filepath.Join(folder, "outside.eml")),
		os.Symlink("nothing there", filepath.Join(folder, "nowhere.eml")),
		os.WriteFile(closed, []byte("Subject: closed\n\n"), 0o644),
		os.Chmod(closed, 0))
	s.Unread += 3
	if os.Getuid() == 0 { // who reads it all the same
		s.Unread--
		s.add("총무", []byte("Subject: closed\r\n\r\n"))
	}
	return err
}

// at is the directory of a folder: the inbox is the one at the top.
func at(dir, folder string) string {
	if folder == "INBOX" {
		return dir
	}
	return filepath.Join(dir, filepath.FromSlash(folder))
}

// eucKR is a name as an old machine wrote it.
func eucKR(text string) string {
	out, err := korean.EUCKR.NewEncoder().String(text)
	if err != nil {
		panic(err) // it is one of the names above
	}
	return out
}
