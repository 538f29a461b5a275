package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"

	"github.com/isaworks/isa/internal/diag"
)

// Names of encodings as tables tell them.
const (
	utf8Name  = "UTF-8"
	cp949Name = "CP949"
	utf16Name = "UTF-16"
)

const utf8Mark = "\xEF\xBB\xBF"

// charset is how the bytes of a text become characters.
type charset struct {
	name   string
	skip   int64             // bytes of the byte order mark
	decode encoding.Encoding // nil for UTF-8
}

// reader returns the text in UTF-8, with U+FFFD for bytes that are no text.
func (c charset) reader(in *input) io.Reader {
	r := io.NewSectionReader(in.at, c.skip, in.size-c.skip)
	if c.decode == nil {
		return transform.NewReader(r, runes.ReplaceIllFormed())
	}
	return c.decode.NewDecoder().Reader(r)
}

// namedEncoding knows the values of Options.Encoding.
func namedEncoding(name string) (charset, bool) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return charset{name: utf8Name}, true
	case "cp949", "euc-kr", "ms949", "uhc", "ks_c_5601-1987":
		return charset{name: cp949Name, decode: korean.EUCKR}, true
	case "utf-16", "utf16", "utf-16le":
		return charset{name: utf16Name, decode: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, true
	case "utf-16be":
		return charset{name: utf16Name, decode: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, true
	}
	return charset{}, false
}

// charset finds the encoding of a text: what the options say, else a byte order
// mark, else declared if that is no Korean encoding nor UTF-8, else UTF-8 if the file
// is that, else CP949 unless that has more broken bytes. Pages often declare wrongly
// which of these two they are in.
func (s source) charset(declared string) (charset, *diag.Diagnostic) {
	marked, err := s.marked()
	if err != nil {
		return charset{}, s.unreadable(err)
	}
	if given, ok := namedEncoding(s.opts.Encoding); ok {
		if given.name == marked.name {
			return marked, nil
		}
		return given, nil
	}
	if marked.name != "" {
		return marked, nil
	}
	if other, err := declaredEncoding(declared); err != nil {
		return charset{}, s.problem(CodeFormat, fmt.Sprintf("It says that its encoding is %q, which is not read.", clipped(declared)), `Open it in Excel and save it as .xlsx, or set encoding.`)
	} else if other.name != "" {
		return other, nil
	}
	c, err := s.guessCharset()
	if err != nil {
		return charset{}, s.unreadable(err)
	}
	return c, nil
}

// marked returns the encoding that a byte order mark tells, or none.
func (s source) marked() (charset, error) {
	head, err := s.head(3)
	switch {
	case err != nil:
		return charset{}, err
	case string(head) == utf8Mark:
		return charset{name: utf8Name, skip: 3}, nil
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return charset{utf16Name, 2, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, nil
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return charset{utf16Name, 2, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, nil
	}
	return charset{}, nil
}

// declaredEncoding returns the encoding of a declaration, or none when the content
// tells better.
func declaredEncoding(name string) (charset, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if _, known := namedEncoding(name); known || name == "" || name == "us-ascii" || name == "ascii" {
		return charset{}, nil // UTF-16 without a mark would not have been readable so far
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return charset{}, err
	}
	return charset{name: strings.ToUpper(name), decode: e}, nil
}

func (s source) guessCharset() (charset, error) {
	plain, korean := charset{name: utf8Name}, charset{name: cp949Name, decode: korean.EUCKR}
	valid, err := validUTF8(s.bytes())
	if err != nil || valid {
		return plain, err
	}
	asUTF8, err := broken(plain.reader(s.input))
	if err != nil {
		return plain, err
	}
	asCP949, err := broken(korean.reader(s.input))
	if err != nil {
		return plain, err
	}
	if asCP949 > asUTF8 {
		return plain, nil
	}
	return korean, nil
}

// validUTF8 reads a text to its end or its first bad byte.
func validUTF8(r io.Reader) (bool, error) {
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		data := buf[:kept+n]
		for len(data) > 0 {
			c, size := utf8.DecodeRune(data)
			if c == utf8.RuneError && size == 1 {
				if err == nil && !utf8.FullRune(data) {
					break
				}
				return false, nil
			}
			data = data[size:]
		}
		kept = copy(buf, data)
		if errors.Is(err, io.EOF) {
			return kept == 0, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// broken counts the replacement characters of a text.
func broken(r io.Reader) (int, error) {
	count := 0
	mark := []byte(string(utf8.RuneError))
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		data := buf[:kept+n]
		count += bytes.Count(data, mark)
		tail := min(len(data), len(mark)-1) // a mark may lie across two reads
		if i := bytes.LastIndex(data, mark); i >= 0 {
			tail = min(tail, len(data)-i-len(mark))
		}
		kept = copy(buf, data[len(data)-tail:])
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
	}
}
