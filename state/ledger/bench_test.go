package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

func uid(n int) string { return fmt.Sprintf("%010d", n) }

// batch makes records of n consecutive keys.
func batch(from, n int) []providers.Record {
	out := make([]providers.Record, n)
	for i := range out {
		k := from + i
		r := providers.Record{Key: uid(k), Outcome: providers.Copied, Size: int64(1000 + k%90_000), Date: time.Unix(int64(1_700_000_000+k), 0).UTC(),
			Flags: []string{`\Seen`}, Target: uid(k + 7)}
		r.Print.Head[0], r.Print.Head[1], r.Print.Head[2], r.Print.Head[15] = byte(k*7), byte(k>>8), byte(k>>16), 1
		r.Print.Body[0], r.Print.Body[1], r.Print.Body[2] = byte(k), byte(k>>8), byte(k>>16)
		out[i] = r
	}
	return out
}

func BenchmarkSettle(b *testing.B) {
	f := openFolder(b, openStream(b, open(b, b.TempDir()+"/l", Options{}), "s"), "INBOX")
	b.ResetTimer()
	for n := 0; n < b.N; n += 50 {
		must(b, f.Settle(b.Context(), batch(1+n, 50)))
	}
}

func BenchmarkKnown(b *testing.B) {
	f := openFolder(b, openStream(b, open(b, b.TempDir()+"/l", Options{}), "s"), "INBOX")
	for n := 0; n < 20_000; n += 50 {
		must(b, f.Settle(b.Context(), batch(1+n, 50)))
	}
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = uid(1 + i*20)
	}
	for b.Loop() {
		known, err := f.Known(b.Context(), keys)
		must(b, err)
		if len(known) != len(keys) {
			b.Fatal(len(known))
		}
	}
}
