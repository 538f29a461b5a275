//go:build unix

package stock

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/isaworks/isa/internal/mailtest"
)

// Mbox writes mbox files of so many bytes in all below dir, which is made: Inbox has
// nearly all of it, quoted as mboxrd does, and one message of 60 MB when large says so;
// files beside it, a hundredth of it each, are written in the other ways.
func Mbox(dir string, size int64, large bool, seed uint64) (*Stock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := newStock()
	others := []struct {
		name string
		form mailtest.Mbox
	}{{"보관함", mailtest.Mboxo()}, {"프로젝트", mailtest.Mboxcl()}, {"계약서", mailtest.Mboxcl2()}, {"newsletter", mailtest.Mbox{Quote: mailtest.Mboxrd().Quote, CRLF: true}}}
	for i, o := range others {
		if err := s.mbox(filepath.Join(dir, o.name), o.name, o.form, size/100, false, seed+uint64(i)+1); err != nil {
			return nil, err
		}
	}
	return s, s.mbox(filepath.Join(dir, "Inbox"), "INBOX", mailtest.Mboxrd(), size-size/100*int64(len(others)), large, seed)
}

// mbox writes one file.
func (s *Stock) mbox(name, folder string, form mailtest.Mbox, size int64, large bool, seed uint64) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	all := patterns(corpus(seed, 1), func(m mailtest.Message) []byte {
		var b bytes.Buffer
		form.Append(&b, m)
		return b.Bytes()
	})
	written := int64(0)
	for n := 0; written < size; n++ {
		p := all[n%len(all)]
		p.number(n)
		if _, err := out.Write(p.file); err != nil {
			return err
		}
		written += int64(len(p.file))
		s.add(folder, p.raw)
		if large && written > size/2 {
			large = false
			if err := writeLarge(out); err != nil {
				return err
			}
			s.TooLarge++
		}
	}
	return out.Flush()
}

// writeLarge writes a message of 60 MB.
func writeLarge(out *bufio.Writer) error {
	if _, err := fmt.Fprint(out, "From user@example.co.kr Fri Mar  1 09:00:00 2019\nMessage-ID: <sixty@example.co.kr>\nSubject: 60 MB\n\n"); err != nil {
		return err
	}
	line := bytes.Repeat([]byte("0123456789"), 7)
	line = append(line, '\n')
	for n := 0; n < 60_000_000; n += len(line) {
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.WriteByte('\n')
}
