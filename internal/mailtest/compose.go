package mailtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
)

// letter is a message being written.
type letter struct {
	r    *rand.Rand
	i    int
	out  bytes.Buffer
	kind string // of its texts
}

// kinds of text, the frequent ones several times.
func kinds() []string {
	return []string{
		"utf-8 base64", "utf-8 base64", "utf-8 base64", "utf-8 base64", "utf-8 8bit", "utf-8 8bit", "utf-8 quoted-printable",
		"euc-kr 8bit", "euc-kr base64", "ks_c_5601-1987 base64", "iso-2022-kr 7bit",
	}
}

func (c Corpus) compose(i int, r *rand.Rand, size int, when time.Time) []byte {
	all := kinds()
	l := &letter{r: r, i: i, kind: all[r.IntN(len(all))]}
	l.header(c.Prefix, when)
	switch shape := r.IntN(100); {
	case shape < 45 || size < 2500:
		l.text("text/plain", size-l.out.Len()-100)
	case shape < 75:
		l.alternative(size)
	default:
		l.attachment(size)
	}
	return l.out.Bytes()
}

func (l *letter) header(prefix string, when time.Time) {
	r := l.r
	fmt.Fprintf(&l.out, "Received: from mx%d.example.com (mx%d.example.com [192.0.2.%d])\r\n\tby mail.example.co.kr with ESMTPS id %08x\r\n\tfor <user@example.co.kr>; %s\r\n",
		r.IntN(9), r.IntN(9), r.IntN(254)+1, r.Uint32(), when.Format(time.RFC1123Z))
	fmt.Fprintf(&l.out, "From: %s <u%d@example.co.kr>\r\n", l.word(l.name()), r.IntN(500))
	fmt.Fprintf(&l.out, "To: %s <user@example.co.kr>\r\n", l.word(l.name()))
	subject := l.words(2 + r.IntN(7))
	if r.IntN(33) == 0 { // raw EUC-KR, as old Korean mailers wrote it
		fmt.Fprintf(&l.out, "Subject: %s\r\n", encoded(korean.EUCKR, subject))
	} else {
		fmt.Fprintf(&l.out, "Subject: %s\r\n", l.word(subject))
	}
	if r.IntN(100) > 0 {
		fmt.Fprintf(&l.out, "Date: %s\r\n", when.Format(time.RFC1123Z))
	}
	switch n := r.IntN(100); {
	case n < 3: // none
	case n < 4: // shared by messages that have nothing else in common
		fmt.Fprintf(&l.out, "Message-ID: <%sshared%d@example.co.kr>\r\n", prefix, r.IntN(7))
	default:
		fmt.Fprintf(&l.out, "Message-ID: <%s%d.%016x@example.co.kr>\r\n", prefix, l.i, r.Uint64())
	}
	l.out.WriteString("MIME-Version: 1.0\r\n")
}

// text ends a header and writes a body of about size bytes.
func (l *letter) text(kind string, size int) {
	charset, coding, _ := strings.Cut(l.kind, " ")
	fmt.Fprintf(&l.out, "Content-Type: %s; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n", kind, charset, coding)
	grown := map[string]float64{"base64": 1.37, "quoted-printable": 2.5}[coding]
	plain := l.paragraphs(int(float64(size) / max(1, grown)))
	var raw []byte
	switch charset {
	case "utf-8":
		raw = []byte(plain)
	case "iso-2022-kr":
		raw = iso2022kr(plain)
	case "ks_c_5601-1987": // CP949: what EUC-KR has no room for
		raw = encoded(korean.EUCKR, "똠방각하 펲시콜라 뷁\r\n"+plain)
	default:
		raw = encoded(korean.EUCKR, plain)
	}
	switch coding {
	case "base64":
		wrapped(&l.out, raw)
	case "quoted-printable":
		w := quotedprintable.NewWriter(&l.out)
		_, _ = w.Write(raw) // a bytes.Buffer takes everything
		_ = w.Close()
		l.out.WriteString("\r\n")
	default:
		l.out.Write(raw)
	}
}

func (l *letter) boundary() string { return fmt.Sprintf("----=_Part_%d_%016x", l.i, l.r.Uint64()) }

func (l *letter) alternative(size int) {
	b := l.boundary()
	fmt.Fprintf(&l.out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n", b, b)
	l.text("text/plain", size/4)
	fmt.Fprintf(&l.out, "\r\n--%s\r\n", b)
	l.text("text/html", size*2/3-600)
	fmt.Fprintf(&l.out, "\r\n--%s--\r\n", b)
}

func (l *letter) attachment(size int) {
	names := []string{"견적서.xlsx", "회의록 2024-03.hwp", "report.pdf", "계약서(최종)_v3.docx", "photo.jpg"}
	b, name := l.boundary(), names[l.r.IntN(len(names))]
	fmt.Fprintf(&l.out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n", b, b)
	l.text("text/plain", 600)
	fmt.Fprintf(&l.out, "\r\n--%s\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n", b, l.word(name))
	switch l.r.IntN(5) {
	case 0, 1:
		fmt.Fprintf(&l.out, "Content-Disposition: attachment;\r\n filename*=UTF-8''%s\r\n", url.PathEscape(name))
	case 2, 3: // an encoded word where none may stand, as Outlook writes it
		fmt.Fprintf(&l.out, "Content-Disposition: attachment; filename=\"%s\"\r\n", l.word(name))
	default:
		fmt.Fprintf(&l.out, "Content-Disposition: attachment; filename=\"%s\"\r\n", encoded(korean.EUCKR, name))
	}
	l.out.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	raw := make([]byte, max(256, (size-l.out.Len())*73/100))
	for k := range raw {
		if k%8 == 0 {
			v := l.r.Uint64()
			for n := k; n < min(k+8, len(raw)); n++ {
				raw[n] = byte(v)
				v >>= 8
			}
		}
	}
	wrapped(&l.out, raw)
	fmt.Fprintf(&l.out, "\r\n--%s--\r\n", b)
}

// word is text as an encoded word of the letter's charset.
func (l *letter) word(text string) string {
	charset, _, _ := strings.Cut(l.kind, " ")
	if charset == "utf-8" {
		return "=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?="
	}
	if charset == "iso-2022-kr" { // headers of such mail are EUC-KR
		charset = "euc-kr"
	}
	return "=?" + charset + "?B?" + base64.StdEncoding.EncodeToString(encoded(korean.EUCKR, text)) + "?="
}

func (l *letter) name() string {
	names := []string{"홍길동", "김철수", "이영희", "박지민", "최수연", "남궁민수", "John Smith", "Ana Maria"}
	return names[l.r.IntN(len(names))]
}

func (l *letter) words(n int) string {
	all := vocabulary()
	out := make([]string, n)
	for i := range out {
		out[i] = all[l.r.IntN(len(all))]
	}
	return strings.Join(out, " ")
}

func vocabulary() [48]string {
	return [48]string{
		"회의", "자료", "보고", "드립니다", "첨부", "파일", "확인", "부탁", "일정", "변경", "계약", "견적", "검토", "완료", "이번", "주", "다음", "분기",
		"매출", "예산", "승인", "요청", "담당자", "연락", "바랍니다", "감사합니다", "안녕하세요", "프로젝트", "진행", "상황", "공유", "시스템", "점검", "안내",
		"please", "find", "attached", "the", "quarterly", "report", "meeting", "schedule", "invoice", "approval", "server", "ticket", "regards", "team",
	}
}

func (l *letter) paragraphs(size int) string {
	var b strings.Builder
	all := vocabulary()
	for line := 0; b.Len() < size || b.Len() == 0; {
		w := all[l.r.IntN(len(all))]
		b.WriteString(w)
		if line += len(w) + 1; line > 70 {
			b.WriteString("\r\n")
			line = 0
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteString("\r\n")
	return b.String()
}

// encoded replaces what the charset has no room for.
func encoded(e encoding.Encoding, text string) []byte {
	raw, err := encoding.ReplaceUnsupported(e.NewEncoder()).Bytes([]byte(text))
	if err != nil {
		return []byte(text)
	}
	return raw
}

// iso2022kr is RFC 1557: Korean as seven-bit bytes between SO and SI.
func iso2022kr(text string) []byte {
	out := []byte("\x1b$)C\r\n")
	shifted := false
	for _, b := range encoded(korean.EUCKR, text) {
		if korean := b >= 0x80; korean != shifted {
			shifted = korean
			if shifted {
				out = append(out, 0x0e)
			} else {
				out = append(out, 0x0f)
			}
		}
		out = append(out, b&0x7f)
	}
	return out
}

// wrapped writes base64 in lines of 76 characters.
func wrapped(out *bytes.Buffer, raw []byte) {
	text := base64.StdEncoding.EncodeToString(raw)
	for len(text) > 76 {
		out.WriteString(text[:76])
		out.WriteString("\r\n")
		text = text[76:]
	}
	out.WriteString(text)
	out.WriteString("\r\n")
}
