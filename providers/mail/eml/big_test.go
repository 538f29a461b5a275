//go:build unix

package eml_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/eml"
)

// TestManyFiles: what a directory takes of memory does not grow with it beyond the
// names of a page and eight bytes a file. ISA_EML_FILES makes it larger.
func TestManyFiles(t *testing.T) {
	n := int(sourcetest.Number(t, "ISA_EML_FILES", manyFiles))
	dir := sourcetest.Memory(t)
	for i := range n {
		text := fmt.Sprintf("Message-ID: <%d@example.co.kr>\nDate: Fri, 01 Mar 2019 09:00:00 +0900\nSubject: 안녕하세요 %d\n\nbody\n", i, i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s %06d.eml", "받은 메일", (i*7919)%n)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	heap := sourcetest.NewHeap()
	began := time.Now()
	r := sourcetest.Open(t, eml.Origin(dir))
	f := sourcetest.Folder(t, r, "INBOX")
	listed := time.Since(began)
	full := fmt.Errorf("full")
	var window []providers.Item
	items, read, last := 0, 0, ""
	for {
		window = window[:0]
		now, err := r.Scan(t.Context(), f, providers.Scan{From: last}, func(it providers.Item) error {
			if it.Key <= last {
				return nil
			}
			last = it.Key
			if window = append(window, it); len(window) == 2048 {
				return full
			}
			return nil
		})
		if err != nil && err != full {
			t.Fatal(err)
		}
		if now.Mark != f.Mark {
			t.Errorf("the mark was %q and is %q", f.Mark, now.Mark)
		}
		items += len(window)
		if ferr := r.Fetch(t.Context(), f, window, func(providers.Message) error { read++; return nil }); ferr != nil {
			t.Fatal(ferr)
		}
		heap.Look()
		if err == nil {
			break
		}
	}
	if items != n || read != n || f.Items != int64(n) {
		t.Errorf("%d files: %d were counted, %d listed, %d read", n, f.Items, items, read)
	}
	t.Logf("%d files listed in %s, read in %s", n, listed.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	heap.AtMost(t, 24)
}
