//go:build unix

// Package stock makes mail in files, well formed and broken, and knows what of it has
// to arrive somewhere else.
package stock

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/mailtest"
)

// Stock is what was written.
type Stock struct {
	// Folders are the messages that have to arrive, by the path of their folder and the
	// hash of their bytes.
	Folders  map[string]map[[sha256.Size]byte]int
	Messages int   // of these
	Bytes    int64 // of these
	TooLarge int   // messages that the service takes none of
	Unread   int   // files that nobody can read
}

func newStock() *Stock { return &Stock{Folders: map[string]map[[sha256.Size]byte]int{}} }

// add counts a message with the line ends of IMAP.
func (s *Stock) add(folder string, raw []byte) {
	if s.Folders[folder] == nil {
		s.Folders[folder] = map[[sha256.Size]byte]int{}
	}
	s.Folders[folder][sha256.Sum256(raw)]++
	s.Messages++
	s.Bytes += int64(len(raw))
}

// Compare tells what is missing or too much at a target, nil when nothing is. place
// is where a folder went.
func (s *Stock) Compare(got mailtest.Mailbox, place func(folder string) string) error {
	left := map[string]map[[sha256.Size]byte]int{}
	for folder, sums := range s.Folders {
		to := place(folder)
		if left[to] == nil {
			left[to] = map[[sha256.Size]byte]int{}
		}
		for sum, n := range sums {
			left[to][sum] += n
		}
	}
	var wrong []string
	for folder, seen := range got {
		extra := 0
		for _, m := range seen {
			if left[folder][m.Sum] == 0 {
				extra++
				continue
			}
			left[folder][m.Sum]--
		}
		if extra > 0 {
			wrong = append(wrong, fmt.Sprintf("%s has %d messages that are not of the source, or once more", folder, extra))
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(left)) {
		missing := 0
		for _, n := range left[folder] {
			missing += n
		}
		if missing > 0 {
			wrong = append(wrong, fmt.Sprintf("%s lacks %d messages", folder, missing))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// pattern is a message of which many are made, which differ in a number.
type pattern struct {
	folder string
	raw    []byte // with CRLF
	file   []byte // as it stands in the file
	inRaw  []int  // where the number stands
	inFile []int
}

// token is what a number takes the place of.
const token = "N0000000000N"

// patterns are some messages as write makes files of them.
func patterns(c mailtest.Corpus, write func(mailtest.Message) []byte) []*pattern {
	var out []*pattern
	for i := range c.Messages {
		m := c.Message(i)
		m.Raw = append([]byte("X-Number: "+token+"\r\n"), bytes.Replace(m.Raw, []byte("Message-ID: <"), []byte("Message-ID: <"+token+"."), 1)...)
		if i%10 == 3 {
			m.Raw = append(m.Raw, "From here on it is quoted.\r\n"...)
		}
		if !bytes.HasSuffix(m.Raw, []byte("\n")) {
			m.Raw = append(m.Raw, "\r\n"...)
		}
		m.Raw = mailtest.CRLF(m.Raw)
		p := &pattern{folder: m.Folder, raw: m.Raw, file: write(m)}
		p.inRaw, p.inFile = places(p.raw), places(p.file)
		out = append(out, p)
	}
	return out
}

func places(text []byte) (out []int) {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(token))
		if i < 0 {
			return out
		}
		out = append(out, at+i)
		at += i + len(token)
	}
}

// number makes the pattern message n.
func (p *pattern) number(n int) {
	text := fmt.Appendf(nil, "N%010dN", n)
	for _, at := range p.inRaw {
		copy(p.raw[at:], text)
	}
	for _, at := range p.inFile {
		copy(p.file[at:], text)
	}
}

// corpus are ordinary messages of 1 to 100 KB.
func corpus(seed uint64, folders int) mailtest.Corpus {
	return mailtest.Corpus{Messages: 300, Folders: folders, Seed: seed, MedianBytes: 30_000, MaxBytes: 100_000}
}
