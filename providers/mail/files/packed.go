package files

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"

	"github.com/isaworks/isa/internal/diag"
)

// unpacked is r, unpacked when it begins as packed files do, which no message does.
func unpacked(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, lineBuffer)
	begin, _ := b.Peek(len("Dovecot-LZ4")) // an error comes again when it is read
	for _, p := range packings() {
		if !bytes.HasPrefix(begin, []byte(p.begin)) {
			continue
		}
		if p.open == nil {
			return nil, &diag.Failure{Class: diag.Invalid, Op: "read message", Detail: "the file is packed by " + p.name + ", which isa cannot unpack", Fix: "read the account by IMAP"}
		}
		return p.open(b)
	}
	return b, nil
}

// packing is a way of packing files, and how such files begin.
type packing struct {
	name, begin string
	open        func(io.Reader) (io.Reader, error) // nil: unknown
}

func packings() []packing {
	return []packing{
		{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
		{"xz", "\xfd7zXZ\x00", nil},
		{"zstd", "\x28\xb5\x2f\xfd", nil},
		{"lz4", "\x04\x22\x4d\x18", nil},
		{"lz4", "Dovecot-LZ4", nil},
	}
}
