package mailtest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/encoding/korean"
)

// Awkward is a message that breaks programs.
type Awkward struct {
	Name string
	Message
}

// Hostile is mail that servers and programs stumble over, all in one folder; large
// is the size in bytes of the largest, 60 MB when 0. A server may refuse some of
// it or change its bytes: what is faithful is what the source serves.
func Hostile(folder string, large int) []Awkward {
	if large == 0 {
		large = 60_000_000
	}
	h := &hostile{folder: folder, when: time.Date(2019, 3, 1, 9, 0, 0, 0, time.FixedZone("", 9*3600))}
	h.identities()
	h.bytes()
	h.shapes()
	h.dates()
	line := strings.Repeat("x", 76) + "\r\n"
	h.add("large", "Message-ID: <large@example.co.kr>\r\nSubject: large\r\n\r\n"+strings.Repeat(line, large/len(line)))
	return h.all
}

type hostile struct {
	folder string
	when   time.Time
	all    []Awkward
}

func (h *hostile) add(name, raw string, flags ...string) {
	h.when = h.when.Add(61 * time.Second)
	h.all = append(h.all, Awkward{Name: name, Message: Message{Folder: h.folder, Raw: []byte(raw), Flags: flags, Date: h.when}})
}

// again repeats the last message: a true duplicate, date included.
func (h *hostile) again(name string) {
	m := h.all[len(h.all)-1]
	m.Name = name
	h.all = append(h.all, m)
}

// identities are about Message-ID.
func (h *hostile) identities() {
	h.add("no message-id", "From: a@example.co.kr\r\nSubject: no id\r\n\r\nfirst\r\n", `\Seen`)
	h.add("no message-id, same header, other body", "From: a@example.co.kr\r\nSubject: no id\r\n\r\nsecon\r\n")
	h.add("duplicate, first", "Message-ID: <twice@example.co.kr>\r\nSubject: twice\r\n\r\nbody\r\n", `\Seen`)
	h.again("duplicate, second")
	h.again("duplicate, third")
	h.add("duplicate with another date", "Message-ID: <twice@example.co.kr>\r\nSubject: twice\r\n\r\nbody\r\n")
	h.add("equal message-id, one", "Message-ID: <equal@example.co.kr>\r\nSubject: equal\r\n\r\none body\r\n")
	h.again("equal message-id, one, again")
	m := &h.all[len(h.all)-1] // same ID, size and date: only the bytes tell them apart
	m.Name, m.Raw = "equal message-id, other body", bytes.Replace(m.Raw, []byte("one body"), []byte("two body"), 1)
	h.add("equal message-id, longer", "Message-ID: <equal@example.co.kr>\r\nSubject: equal\r\n\r\na longer body\r\n", `\Flagged`)
	h.add("empty message-id", "Message-ID:\r\nSubject: empty id\r\n\r\nbody\r\n")
	h.add("message-id without brackets", "Message-ID: not an id at all\r\n\r\nbody\r\n")
	h.add("folded message-id", "Message-ID:\r\n\t<folded@example.co.kr>\r\n\r\nbody\r\n")
	h.add("two message-ids", "Message-ID: <one@example.co.kr>\r\nMessage-ID: <two@example.co.kr>\r\n\r\nbody\r\n")
	h.add("8-bit message-id", "Message-ID: <"+string(encoded(korean.EUCKR, "가나다"))+"@example.co.kr>\r\n\r\nbody\r\n")
	h.add("very long message-id", "Message-ID: <"+strings.Repeat("a", 5000)+"@example.co.kr>\r\n\r\nbody\r\n")
}

// bytes are about what bytes there are.
func (h *hostile) bytes() {
	h.add("zero bytes", "")
	h.add("EUC-KR header", "Subject: "+string(encoded(korean.EUCKR, "안녕하세요 똠방각하"))+"\r\nFrom: "+string(encoded(korean.EUCKR, "홍길동"))+" <a@example.co.kr>\r\n\r\nbody\r\n")
	h.add("UTF-8 header", "Subject: 안녕하세요 😀\r\n\r\nbody\r\n")
	h.add("broken UTF-8", "Subject: \xff\xfe\xed\xa0\x80\r\n\r\n\xc3\x28\r\n")
	h.add("NUL in the body", "Message-ID: <nul@example.co.kr>\r\n\r\nbefore\x00after\r\n")
	h.add("NUL in the header", "Message-ID: <nulhead@example.co.kr>\r\nSubject: a\x00b\r\n\r\nbody\r\n")
	h.add("bare LF", "Message-ID: <lf@example.co.kr>\nSubject: unix\n\nline\nline\n")
	h.add("some lines with bare LF", "Message-ID: <mixed@example.co.kr>\r\nSubject: mixed\r\n\r\nline\nline\r\n")
	h.add("bare CR", "Message-ID: <cr@example.co.kr>\r\n\r\nline\rline\r\n")
	h.add("no end of line at the end", "Message-ID: <noeol@example.co.kr>\r\n\r\nbody")
	h.add("control characters", "Message-ID: <control@example.co.kr>\r\nSubject: \x1b[31mred\a\b\r\n\r\n\x1a\x04\x7f\r\n")
	h.add("one long line", "Message-ID: <line@example.co.kr>\r\n\r\n"+strings.Repeat("가", 400_000)+"\r\n")
	h.add("long header line", "Message-ID: <header@example.co.kr>\r\nReferences: "+strings.Repeat("<r@example.co.kr> ", 10_000)+"\r\n\r\nbody\r\n")
	h.add("looks like IMAP", "Message-ID: <imap@example.co.kr>\r\n\r\n)\r\n* BYE gone\r\na1 OK done\r\n{5}\r\n+ go on\r\n")
}

// shapes are about header and MIME structure.
func (h *hostile) shapes() {
	h.add("only a line end", "\r\n")
	h.add("no header", "\r\nonly a body\r\n")
	h.add("no body", "Message-ID: <nobody@example.co.kr>\r\nSubject: header only\r\n")
	h.add("no header at all", "this is no header field\r\nneither is this\r\n")
	h.add("mbox line first", "From a@example.co.kr Fri Mar  1 09:00:00 2019\r\nMessage-ID: <mbox@example.co.kr>\r\n\r\nbody\r\n>From here\r\n")
	h.add("dots", "Message-ID: <dots@example.co.kr>\r\n\r\n.\r\n..\r\n.\r\n")
	h.add("boundary that never ends", "Message-ID: <open@example.co.kr>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nopen\r\n")
	h.add("empty boundary", "Message-ID: <empty@example.co.kr>\r\nContent-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\n----\r\n")
	var parts strings.Builder
	parts.WriteString("Message-ID: <parts@example.co.kr>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range 10_000 {
		fmt.Fprintf(&parts, "--b\r\nContent-Type: text/plain\r\n\r\npart %d\r\n", i)
	}
	h.add("10,000 parts", parts.String()+"--b--\r\n")
	nested := "Subject: innermost\r\n\r\nbody\r\n"
	for range 150 {
		nested = "Content-Type: message/rfc822\r\n\r\n" + nested
	}
	h.add("messages in messages", "Message-ID: <nested@example.co.kr>\r\n"+nested)
}

// dates are about INTERNALDATE, Date and flags.
func (h *hostile) dates() {
	for _, d := range []struct {
		name string
		date time.Time
	}{
		{"received in 1971", time.Date(1971, 1, 1, 0, 0, 1, 0, time.UTC)},
		{"received after 2038", time.Date(2040, 2, 29, 23, 59, 59, 0, time.FixedZone("", -8*3600))},
		{"received at half an hour's zone", time.Date(2020, 6, 1, 0, 15, 0, 0, time.FixedZone("", 5*3600+1800))},
		{"received when clocks went back", time.Date(1988, 10, 9, 1, 30, 0, 0, time.FixedZone("", 10*3600))},
	} {
		h.add(d.name, "Message-ID: <"+strings.ReplaceAll(d.name, " ", ".")+"@example.co.kr>\r\nDate: Thu, 99 Foo 0000 99:99:99 +9999\r\n\r\nbody\r\n")
		h.all[len(h.all)-1].Date = d.date
	}
	h.add("all flags", "Message-ID: <flags@example.co.kr>\r\n\r\nbody\r\n", `\Answered`, `\Deleted`, `\Draft`, `\Flagged`, `\Seen`, "$Forwarded", "$MDNSent", "NonJunk")
}
