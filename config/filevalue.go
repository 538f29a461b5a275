package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// examined is what is known of a file that an argument names.
type examined struct {
	sum           string // SHA-256, hexadecimal
	wrong, advice string
}

// file turns a path into what is kept of the file: its path and digest.
func (s *scope) file(rule *schema.FileRule, v cty.Value, at *step) value.Value {
	name, ok := s.text(v, at).(value.String)
	if !ok {
		return nil
	}
	f := s.l.files.examine(string(name), rule)
	if f.wrong != "" {
		s.report(at, "value.file", "A file that cannot be used", f.wrong, "correct the path, which is relative to the directory of the configuration, or the file")
		return nil
	}
	if f.advice != "" {
		s.report(at, "value.file_advice", "A file that is not as advised", f.advice, "change the file, or leave it as it is")
		s.diags[len(s.diags)-1].Severity = diag.Warning
	}
	return value.String(schema.FileText(string(name), f.sum))
}

// examine reads a file once, however many arguments name it.
func (f *files) examine(name string, rule *schema.FileRule) examined {
	if known, ok := f.examined[name]; ok {
		return known
	}
	out, err := f.readThrough(name, rule)
	if err != nil {
		out = examined{wrong: plainError(err)}
	}
	f.examined[name] = out
	return out
}

// readThrough makes the digest of a file, which is never held in memory.
func (f *files) readThrough(name string, rule *schema.FileRule) (out examined, err error) {
	file, err := f.open(name)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return out, err
	case !info.Mode().IsRegular():
		return out, fmt.Errorf("%s is no file", name)
	case info.Size() > rule.MaxBytes:
		return out, fmt.Errorf("%s has %d bytes; at most %d are allowed", name, info.Size(), rule.MaxBytes)
	}
	h := sha256.New()
	content := io.TeeReader(io.LimitReader(file, rule.MaxBytes+1), h)
	if rule.Check != nil {
		if out.wrong, out.advice = rule.Check(content); out.wrong != "" {
			out.wrong = name + " " + out.wrong
		}
		if out.advice != "" {
			out.advice = name + " " + out.advice
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return out, err
	}
	sum := [sha256.Size]byte(h.Sum(nil))
	f.digest[name] = sum
	out.sum = hex.EncodeToString(sum[:])
	return out, nil
}

// open opens a file by its path as written.
func (f *files) open(name string) (fs.File, error) {
	fsys, at, err := f.locate(name)
	if err != nil {
		return nil, err
	}
	return fsys.Open(at)
}

// OpenFile opens a file that an argument names (schema.File), by its path as written,
// for reading it once more when it is sent.
func OpenFile(dir, name string) (fs.File, error) { return newFiles(dir, nil).open(name) }
