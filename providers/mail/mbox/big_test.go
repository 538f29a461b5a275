//go:build unix

package mbox_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/mbox"
)

// TestABigFile: what a file takes of memory does not depend on its size. ISA_MBOX_BYTES
// makes it larger: 10000000000 for 10 GB, of which TMPDIR needs to have room.
func TestABigFile(t *testing.T) {
	bytesWanted := sourcetest.Number(t, "ISA_MBOX_BYTES", bigFile)
	dir := t.TempDir()
	if bytesWanted <= 1<<30 {
		dir = sourcetest.Memory(t)
	}
	messages := writeBig(t, filepath.Join(dir, "Inbox"), bytesWanted)
	heap := sourcetest.NewHeap()
	began := time.Now()
	r := sourcetest.Open(t, mbox.Origin(dir))
	f := sourcetest.Folder(t, r, "INBOX")
	var window []providers.Item
	items, read, from := 0, 0, ""
	for { // as the engine does: in windows, each from where the last ended
		full := fmt.Errorf("full")
		window = window[:0]
		_, err := r.Scan(t.Context(), f, providers.Scan{From: from}, func(it providers.Item) error {
			if it.Key <= from {
				return nil
			}
			if window = append(window, it); len(window) == 2048 {
				return full
			}
			return nil
		})
		if err != nil && err != full {
			t.Fatal(err)
		}
		items += len(window)
		if ferr := r.Fetch(t.Context(), f, window, func(m providers.Message) error {
			n, err := io.Copy(io.Discard, m.Body)
			if n != m.Size {
				t.Errorf("%s: %d bytes of %d", m.Key, n, m.Size)
			}
			read++
			return err
		}); ferr != nil {
			t.Fatal(ferr)
		}
		heap.Look()
		if err == nil {
			break
		}
		from = window[len(window)-1].Key
	}
	if items != messages || read != messages {
		t.Errorf("%d of %d messages were listed, %d read", items, messages, read)
	}
	t.Logf("%d messages, %d MB in %s", messages, bytesWanted/1e6, time.Since(began).Round(time.Millisecond))
	heap.AtMost(t, 16)
}

// writeBig writes ordinary mail until a file has a size, and a message of 100 MB with
// one line in the middle.
func writeBig(t *testing.T, name string, size int64) (messages int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	w := mailtest.Mboxrd()
	var some bytes.Buffer
	few := corpus(500)
	for _, m := range few {
		w.Append(&some, m)
	}
	for written := int64(0); written < size; written += int64(some.Len()) {
		if _, err := out.Write(some.Bytes()); err != nil {
			t.Fatal(err)
		}
		if messages += len(few); messages == len(few) {
			if _, err := out.WriteString("From \nSubject: one line\n\n"); err != nil {
				t.Fatal(err)
			}
			if err := out.Flush(); err != nil {
				t.Fatal(err)
			}
			at, err := f.Seek(min(100_000_000, size/4), io.SeekCurrent) // a hole
			if err != nil {
				t.Fatal(err)
			}
			written = at
			if _, err := out.WriteString("\n\n"); err != nil {
				t.Fatal(err)
			}
			messages++
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return messages
}
