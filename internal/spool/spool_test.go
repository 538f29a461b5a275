package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/providers"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, quota int64) *Spool {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "spool"), quota)
	must(t, err)
	return s
}

func message(n int, body []byte) providers.Message {
	return providers.Message{Item: providers.Item{Size: int64(len(body)), Date: time.Unix(int64(1_700_000_000+n), 0).In(time.FixedZone("", 9*3600)),
		Flags: [][]string{nil, {`\Seen`}, {"$한글", `\Seen`}}[n%3]}, Body: bytes.NewReader(body)}
}

// mail is what a batch must hold, by number.
type mail struct {
	folder string
	date   int64
	zone   int
	flags  string
	body   string
}

// put puts messages and returns their numbers.
func put(w providers.Writer, path []string, use providers.Use, messages ...providers.Message) ([]uint32, error) {
	ctx := context.Background()
	f, err := w.Create(ctx, path, use)
	if err != nil {
		return nil, err
	}
	ds, err := w.Put(ctx, f, messages)
	var numbers []uint32
	for _, d := range ds {
		var n uint32
		if _, err := fmt.Sscanf(d.ID, "%d", &n); err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, err
}

// read logs in and reads everything, as the gateway does.
func read(t testing.TB, s *Spool, id string) map[uint32]mail {
	t.Helper()
	password, err := s.Secret(id)
	must(t, err)
	o, err := s.Offers().Open(strings.ToUpper(id)+"@gate.example", password)
	must(t, err)
	defer func() { must(t, o.Close()) }()
	return all(t, o)
}

func all(t testing.TB, o imapgate.Offer) map[uint32]mail {
	t.Helper()
	out := map[uint32]mail{}
	for f, folder := range o.Folders() {
		last := uint32(0)
		for n, m := range o.Messages(f) {
			if m.UID <= last || m.UID >= folder.UIDNext || folder.UIDValidity == 0 {
				t.Errorf("folder %v: UID %d after %d, next %d", folder.Path, m.UID, last, folder.UIDNext)
			}
			last = m.UID
			r, err := o.Body(f, n)
			must(t, err)
			body, err := io.ReadAll(r)
			must(t, err)
			if int64(len(body)) != m.Size {
				t.Errorf("%d bytes, the index says %d", len(body), m.Size)
			}
			_, zone := m.Date.Zone()
			out[m.UID] = mail{strings.Join(folder.Path, "/") + ":" + string(folder.Use), m.Date.Unix(), zone, fmt.Sprint(m.Flags), string(body)}
		}
	}
	return out
}

// TestABatchIsServedAsItWasPut: whatever is put by several workers, and however it is
// divided and put together again.
func TestABatchIsServedAsItWasPut(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := open(t, 0)
		b, err := s.Begin("batch-one", Share{})
		must(t, err)
		want := map[uint32]mail{}
		var mu sync.Mutex
		var group sync.WaitGroup
		for worker := range 4 {
			seeds := r.Uint64()
			group.Go(func() {
				r := rand.New(rand.NewPCG(seeds, 2))
				w := b.Writer()
				for i := range 10 {
					path, use := []string{"보낸", fmt.Sprint(r.IntN(3))}, providers.Use("")
					if r.IntN(3) == 0 {
						path, use = []string{"whatever"}, providers.UseInbox
					}
					var messages []providers.Message
					var mails []mail
					for range r.IntN(5) {
						body := make([]byte, r.IntN(3000))
						for k := range body {
							body[k] = byte(r.IntN(256))
						}
						m := message(worker*100+i, body)
						messages = append(messages, m)
						shown := strings.Join(path, "/") + ":" + string(use)
						if use == providers.UseInbox {
							shown = "INBOX:inbox"
						}
						mails = append(mails, mail{shown, m.Date.Unix(), 9 * 3600, fmt.Sprint(m.Flags), string(body)})
					}
					if r.IntN(6) == 0 && len(messages) > 0 { // one that breaks: none of them is there
						messages[len(messages)-1].Size += int64(1 - 2*r.IntN(2))
						if messages[len(messages)-1].Size < 0 {
							continue
						}
						if _, err := put(w, path, use, messages...); diag.ClassOf(err) != diag.Invalid {
							t.Errorf("a message of another size: %v", err)
						}
						continue
					}
					numbers, err := put(w, path, use, messages...)
					if err != nil || len(numbers) != len(mails) {
						t.Errorf("%v, %v", numbers, err)
						return
					}
					mu.Lock()
					for i, n := range numbers {
						want[n] = mails[i]
					}
					mu.Unlock()
				}
			})
		}
		group.Wait()
		if ok, err := s.Frozen("batch-one"); ok || err != nil {
			t.Errorf("frozen %v, %v", ok, err)
		}
		must(t, b.Freeze())
		if diff := cmp.Diff(want, read(t, s, "batch-one"), cmp.AllowUnexported(mail{})); diff != "" {
			t.Fatal(diff)
		}
		divide(t, s, r, want)
	}
}

func divide(t *testing.T, s *Spool, r *rand.Rand, want map[uint32]mail) {
	t.Helper()
	part := map[uint32]int{}
	for n := range want {
		part[n] = r.IntN(3) - 1
	}
	used, err := s.Used()
	must(t, err)
	must(t, s.Regroup([]string{"batch-one"}, []string{"part-0000", "part-1111"}, func(n uint32) int { return part[n] }))
	if now, err := s.Used(); err != nil || now-used > int64(100*len(want)+4000) { // an index and a log for each
		t.Errorf("%d bytes, and divided %d, %v", used, now, err)
	}
	must(t, s.Remove("batch-one"))
	for i, id := range []string{"part-0000", "part-1111"} {
		got := read(t, s, id)
		for n, m := range want {
			if g, ok := got[n]; ok != (part[n] == i) || ok && g != m {
				t.Fatalf("message %d of part %d is in %s: %v", n, part[n], id, ok)
			}
		}
	}
	must(t, s.Regroup([]string{"part-0000", "part-1111"}, []string{"together"}, func(uint32) int { return 0 }))
	for n, m := range read(t, s, "together") {
		if part[n] < 0 || want[n] != m {
			t.Fatalf("message %d: %+v", n, m)
		}
	}
	for _, id := range []string{"part-0000", "part-1111", "together", "none-at-all"} {
		must(t, s.Remove(id))
	}
	if ids, err := s.List(""); err != nil || len(ids) > 0 {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestWhoMayLogIn(t *testing.T) {
	s := open(t, 0)
	denied := func(user, password string) {
		t.Helper()
		_, err := s.Offers().Open(user, password)
		if diag.ClassOf(err) != diag.Denied || err.Error() != denied().Error() {
			t.Errorf("%q: %v", user, err)
		}
	}
	denied("batch-one@x", "")
	b, err := s.Begin("batch-one", Share{})
	must(t, err)
	denied("batch-one@x", "")
	_, err = put(b.Writer(), []string{"a"}, "", message(1, []byte("x")))
	must(t, err)
	if _, err := s.Secret("batch-one"); diag.ClassOf(err) != diag.NotFound {
		t.Errorf("a password for what is not frozen: %v", err)
	}
	must(t, b.Freeze())
	denied("batch-one@x", "") // it has no password yet
	first, err := s.Secret("batch-one")
	must(t, err)
	second, err := s.Secret("batch-one")
	must(t, err)
	if len(second) < 26 || first == second {
		t.Errorf("%q, %q", first, second)
	}
	for _, user := range []string{"batch-one", "", "@", "../batch-one", "batch-two", "x@batch-one", "batch-one/../batch-one"} {
		if user != "batch-one" {
			denied(user, second)
		}
		denied(user, "")
	}
	// A start may have been carried out whose answer was lost: its password stays good.
	o, err := s.Offers().Open("batch-one@x", first)
	must(t, err)
	must(t, o.Close())
	for range secretsMost - 1 {
		_, err = s.Secret("batch-one")
		must(t, err)
	}
	denied("batch-one@x", first)
	o, err = s.Offers().Open("Batch-One@gate.example", second)
	must(t, err)
	if o.Name() != "batch-one" {
		t.Errorf("%q", o.Name())
	}
	must(t, s.Remove("batch-one"))
	denied("batch-one@x", second)
	if len(all(t, o)) != 1 { // who reads goes on reading
		t.Error("it is gone for its reader")
	}
	must(t, o.Close())
	must(t, o.Close())
	if len(s.open) != 0 {
		t.Errorf("%d batches are kept open", len(s.open))
	}
	dirs := 0
	must(t, filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		dirs++
		return err
	}))
	if dirs != 1 {
		t.Errorf("%d files are left", dirs-1)
	}
}

func TestOnlyItsOwnerReadsASpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	must(t, os.Mkdir(dir, 0o777))
	s, err := Open(dir, 0)
	must(t, err)
	b, err := s.Begin("batch-one", Share{})
	must(t, err)
	_, err = put(b.Writer(), []string{"a"}, "", message(1, []byte("x")))
	must(t, err)
	must(t, b.Freeze())
	password, err := s.Secret("batch-one")
	must(t, err)
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte(password)) {
			t.Errorf("%s tells the password", path)
		}
		return nil
	}))
}

func TestTheLogTellsWhatWasFetched(t *testing.T) {
	s := open(t, 0)
	b, err := s.Begin("batch-one", Share{})
	must(t, err)
	for n := range 5 {
		_, err := put(b.Writer(), []string{fmt.Sprint("f", n%2)}, "", message(n, []byte("body")))
		must(t, err)
	}
	must(t, b.Freeze())
	f, err := s.Fetched("batch-one")
	must(t, err)
	if !f.Opened.IsZero() || f.Begun != 0 || f.Complete != 0 || !f.Last.IsZero() {
		t.Errorf("%+v", f)
	}
	password, err := s.Secret("batch-one")
	must(t, err)
	other, err := Open(s.Dir(), 0) // another process
	must(t, err)
	for range 3 { // however often
		o, err := other.Offers().Open("batch-one", password)
		must(t, err)
		o.Begun(0, 0) // 1
		o.Complete(0, 0)
		o.Begun(1, 1) // 4
		o.Begun(0, 1) // 3
		must(t, o.Close())
	}
	size := func() int64 {
		info, err := os.Stat(s.path("batch-one", logFile))
		must(t, err)
		return info.Size()
	}
	if size() != 6*slotSize {
		t.Errorf("the log has %d bytes", size())
	}
	if f, err = s.Fetched("batch-one"); err != nil || f.Opened.IsZero() || f.Begun != 3 || f.Complete != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	b1, c1 := f.At(1)
	b3, c3 := f.At(3)
	b4, _ := f.At(4)
	b2, _ := f.At(2)
	b9, _ := f.At(9)
	if b1.IsZero() || c1.IsZero() || !c3.IsZero() || !b3.After(b4) || !b2.IsZero() || !b9.IsZero() || !f.Last.Equal(b3) {
		t.Errorf("%v %v, %v %v, %v, %v: last %v", b1, c1, b3, c3, b4, b2, f.Last)
	}
	must(t, s.Regroup([]string{"batch-one"}, []string{"part-one"}, func(uint32) int { return 0 }))
	if f, err := s.Fetched("part-one"); err != nil || f.Begun != 0 || !f.Opened.IsZero() {
		t.Errorf("a part begins with %+v, %v", f, err)
	}
}

func TestALogThatCannotBeWrittenEndsTheServing(t *testing.T) {
	s := open(t, 0)
	b, err := s.Begin("batch-one", Share{})
	must(t, err)
	_, err = put(b.Writer(), []string{"a"}, "", message(1, []byte("x")), message(2, []byte("y")))
	must(t, err)
	must(t, b.Freeze())
	password, err := s.Secret("batch-one")
	must(t, err)
	o, err := s.Offers().Open("batch-one", password)
	must(t, err)
	must(t, s.open["batch-one"].log.file.Close())
	o.Begun(0, 0)
	if _, err := o.Body(0, 1); err == nil {
		t.Error("what is not noted is served")
	}
}

func TestADamagedIndexIsToldApart(t *testing.T) {
	s := open(t, 0)
	b, err := s.Begin("batch-one", Share{})
	must(t, err)
	_, err = put(b.Writer(), []string{"a"}, "", message(1, []byte("12345")))
	must(t, err)
	must(t, b.Freeze())
	data, err := os.ReadFile(s.path("batch-one", indexFile))
	must(t, err)
	for i := range data {
		bad := slices.Clone(data)
		bad[i] ^= 0x20
		if _, err := decode(bad, 5); !errors.Is(err, errDamaged) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if _, err := decode(data, 4); !errors.Is(err, errDamaged) {
		t.Errorf("bytes that are not there: %v", err)
	}
	if _, err := decode(data, 5); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	x := &index{folders: []imapgate.Folder{{Path: []string{"a"}, UIDValidity: 1, UIDNext: 3}},
		messages: [][]imapgate.Message{{{UID: 1, Size: 3, Date: time.Unix(1, 0)}, {UID: 2, Size: 4, Date: time.Unix(1, 0), Flags: []string{"x"}}}}, offsets: [][]int64{{0, 3}}}
	data, err := x.encode()
	must(f, err)
	f.Add(data[:len(data)-32], int64(7))
	f.Add([]byte(magic+"{}\n"), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, size int64) {
		x, err := parse(sealed(data), size)
		if err != nil {
			return
		}
		for i := range x.folders {
			for n, m := range x.messages[i] {
				if m.Size < 0 || x.offsets[i][n] < 0 || x.offsets[i][n]+m.Size > size {
					t.Fatalf("%+v at %d of %d", m, x.offsets[i][n], size)
				}
			}
		}
	})
}
