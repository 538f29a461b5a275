//go:build unix

package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LF is a message with the line ends of Unix.
func LF(raw []byte) []byte { return bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")) }

// CRLF is a message with CRLF wherever a line ends.
func CRLF(raw []byte) []byte { return bytes.ReplaceAll(LF(raw), []byte("\n"), []byte("\r\n")) }

// WriteEML writes messages as files 000001.eml and so on, from number on, in dir and
// directories below it: folder INBOX is dir itself. write makes the bytes, such as LF;
// nil leaves them as they are.
func WriteEML(dir string, number int, write func([]byte) []byte, messages ...Message) error {
	for i, m := range messages {
		at := dir
		if m.Folder != "INBOX" {
			at = filepath.Join(dir, filepath.FromSlash(m.Folder))
		}
		name := filepath.Join(at, fmt.Sprintf("%06d.eml", number+i))
		raw := m.Raw
		if write != nil {
			raw = write(raw)
		}
		if err := errors.Join(os.MkdirAll(at, 0o755), os.WriteFile(name, raw, 0o644), os.Chtimes(name, m.Date, m.Date)); err != nil {
			return err
		}
	}
	return nil
}

// Mbox is a way of writing mbox files.
type Mbox struct {
	Quote  func(line []byte) []byte // a line that begins with ">" and "From "; nil: as it is
	Length bool                     // with Content-Length
	CRLF   bool                     // line ends
	From   func(Message) string     // the From line; nil: as sendmail writes it
	Status bool                     // flags as Status and X-Status
}

// Mboxo quotes lines that begin with "From ", which cannot be undone for certain.
func Mboxo() Mbox { return Mbox{Quote: quoteFrom} }

// Mboxrd quotes so that it can be undone.
func Mboxrd() Mbox { return Mbox{Quote: quoteAll} }

// Mboxcl has lengths, and quotes as Mboxo does.
func Mboxcl() Mbox { return Mbox{Quote: quoteFrom, Length: true} }

// Mboxcl2 has lengths and quotes nothing.
func Mboxcl2() Mbox { return Mbox{Length: true} }

func quoteAll(line []byte) []byte { return append([]byte{'>'}, line...) }

func quoteFrom(line []byte) []byte {
	if line[0] == '>' {
		return line
	}
	return quoteAll(line)
}

// Append writes a message behind what out has.
func (w Mbox) Append(out *bytes.Buffer, m Message) {
	eol := "\n"
	if w.CRLF {
		eol = "\r\n"
	}
	from := "From user@example.co.kr " + m.Date.UTC().Format(time.ANSIC)
	if w.From != nil {
		from = w.From(m)
	}
	out.WriteString(from + eol)
	header, body := divide(w.quoted(LF(m.Raw)))
	out.Write(w.ends(header))
	if w.Status {
		out.WriteString(statusFields(m.Flags, eol))
	}
	if w.Length {
		fmt.Fprintf(out, "Content-Length: %d%s", len(w.ends(body)), eol)
	}
	if body != nil {
		out.WriteString(eol)
		out.Write(w.ends(body))
	}
	if len(m.Raw) > 0 && m.Raw[len(m.Raw)-1] != '\n' {
		out.WriteString(eol)
	}
	out.WriteString(eol)
}

func (w Mbox) ends(text []byte) []byte {
	if w.CRLF {
		return CRLF(text)
	}
	return text
}

func (w Mbox) quoted(raw []byte) []byte {
	if w.Quote == nil {
		return raw
	}
	var out []byte
	for line := range bytes.Lines(raw) {
		if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			line = w.Quote(line)
		}
		out = append(out, line...)
	}
	return out
}

// divide cuts a message into its header, and its body after the empty line; body is
// nil without one.
func divide(raw []byte) (header, body []byte) {
	if bytes.HasPrefix(raw, []byte("\n")) {
		return nil, raw[1:]
	}
	if i := bytes.Index(raw, []byte("\n\n")); i >= 0 {
		return raw[:i+1], raw[i+2:]
	}
	return raw, nil
}

func statusFields(flags []string, eol string) string {
	status, x := "O", ""
	var keywords []string
	for _, f := range flags {
		switch f {
		case `\Seen`:
			status = "RO"
		case `\Answered`:
			x += "A"
		case `\Flagged`:
			x += "F"
		case `\Draft`:
			x += "T"
		case `\Deleted`:
			x += "D"
		default:
			keywords = append(keywords, f)
		}
	}
	return "Status: " + status + eol + "X-Status: " + x + eol + "X-Keywords: " + strings.Join(keywords, " ") + eol
}

// WriteMbox writes messages as an mbox for each folder, below dir: Work and
// Work.sbd/2024, behind what is there.
func (w Mbox) WriteMbox(dir string, messages ...Message) error {
	for _, m := range messages {
		levels := strings.Split(m.Folder, "/")
		for i := range levels[:len(levels)-1] {
			levels[i] += ".sbd"
		}
		name := filepath.Join(append([]string{dir}, levels...)...)
		var out bytes.Buffer
		w.Append(&out, m)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(out.Bytes())
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// WriteMaildir writes messages into the Maildir++ at dir, with flags, keywords and
// times. It is Server.LoadMessages for a directory of one's own.
func WriteMaildir(dir string, messages ...Message) error {
	w := &loader{root: dir, own: owner{os.Getuid(), os.Getgid()}, run: fmt.Sprintf("L%d", time.Now().UnixNano()), folders: map[string]*mailFolder{}}
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
