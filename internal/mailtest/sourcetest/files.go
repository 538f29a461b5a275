//go:build unix

package sourcetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// Messages are all messages of a corpus.
func Messages(c mailtest.Corpus) []mailtest.Message {
	var all []mailtest.Message
	for i := range c.Messages {
		all = append(all, c.Message(i))
	}
	return all
}

// Wanted is what a source shows of messages: bytes with CRLF, flags where it has some.
func Wanted(all []mailtest.Message, flags bool) mailtest.Mailbox {
	out := mailtest.Mailbox{}
	for _, m := range all {
		m.Raw = mailtest.CRLF(m.Raw)
		if !flags {
			m.Flags = nil
		}
		out[m.Folder] = append(out[m.Folder], m.Seen())
	}
	return out
}

// Write writes files below dir, by path.
func Write(t testing.TB, dir string, all map[string]string) {
	t.Helper()
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
