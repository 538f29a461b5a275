package mbox

import (
	"bytes"
	"io"
	"testing"
)

// FuzzSplit: any file is read to an end, forwards, and each message is the same when
// it is read alone.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{
		"", "From ", "From \n", "From a@b Fri Mar  1 09:00:00 2019\nA: 1\n\nx\n\nFrom a@b Fri Mar  1 09:00:00 2019\n>From\n>>From x\n",
		"From \nContent-Length: 4\nStatus: RO\n\nFrom\nFrom \nB: 2\n\n", "From \r\nContent-Length: 0\r\n\r\nFrom \r\nX-Keywords: a\r\n b\r\n\r\n\r\n",
		"\xef\xbb\xbf\n\nFrom -\nContent-Length: 9999999999999999999\n\n", "From \nContent-Length: 20\n\nFrom me\n>From you\n\n\nFrom \nA: 1\n\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newSplitter(bytes.NewReader(text), int64(len(text)), unknown)
		last := int64(-1)
		for {
			ok, err := s.next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			if s.start <= last {
				t.Fatalf("a message at %d after one at %d", s.start, last)
			}
			last = s.start
			body, err := io.ReadAll(s)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(body)) > s.off-s.start {
				t.Fatalf("%d bytes of %d", len(body), s.off-s.start)
			}
			alone := newSplitter(bytes.NewReader(text), int64(len(text)), s.style)
			if err := alone.seek(s.start); err != nil {
				t.Fatal(err)
			}
			if ok, err := alone.next(); !ok || err != nil {
				t.Fatalf("no message at %d: %v", s.start, err)
			}
			again, err := io.ReadAll(alone)
			if err != nil || !bytes.Equal(again, body) || alone.off != s.off {
				t.Fatalf("at %d: %q to %d, and alone %q to %d: %v", s.start, body, s.off, again, alone.off, err)
			}
		}
		if ok, err := newSplitter(bytes.NewReader(text), int64(len(text)), unknown).next(); err == nil && ok && s.off < int64(len(text)) {
			t.Fatalf("ended at %d of %d", s.off, len(text))
		}
	})
}
