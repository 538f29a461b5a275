package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/isaworks/isa/internal/diag"
)

// maxFile bounds a file that is read whole: HCL, and what file() reads.
const maxFile = 64 << 20

// files reads what a configuration names. Paths are relative to the directory of
// the configuration; those that lead out of it are read from the real file
// system only when the configuration itself lies there.
type files struct {
	dir    string
	fsys   fs.FS
	real   bool
	digest map[string][32]byte // of everything that was read, by the path as written
	// examined are the files that arguments name, by the path as written.
	examined map[string]examined
}

func newFiles(dir string, fsys fs.FS) *files {
	f := &files{dir: dir, fsys: fsys, digest: map[string][32]byte{}, examined: map[string]examined{}}
	if fsys == nil {
		f.fsys, f.real = os.DirFS(dir), true
	}
	return f
}

// errOutside tells that a path leaves a configuration that is not on a disk.
var errOutside = errors.New("the path leads out of the directory of the configuration")

// locate returns the file system and the name in it for a path as written.
func (f *files) locate(name string) (fs.FS, string, error) {
	slash := filepath.ToSlash(name)
	if clean := path.Clean(slash); fs.ValidPath(clean) {
		return f.fsys, clean, nil
	}
	if !f.real {
		return nil, "", fmt.Errorf("%s: %w", name, errOutside)
	}
	full := name
	if !filepath.IsAbs(full) {
		full = filepath.Join(f.dir, full)
	}
	return os.DirFS(filepath.Dir(full)), filepath.Base(full), nil
}

// inside reports whether a path as written lies within the directory.
func (f *files) inside(name string) bool {
	if filepath.IsAbs(name) {
		base, err := filepath.Abs(f.dir)
		if err != nil {
			return false
		}
		rel, err := filepath.Rel(base, name)
		return err == nil && fs.ValidPath(filepath.ToSlash(rel))
	}
	return fs.ValidPath(path.Clean(filepath.ToSlash(name)))
}

// read returns the content of a file of at most maxFile bytes.
func (f *files) read(name string) ([]byte, error) {
	fsys, at, err := f.locate(name)
	if err != nil {
		return nil, err
	}
	info, err := fs.Stat(fsys, at)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", name)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", name, info.Size(), maxFile)
	}
	data, err := fs.ReadFile(fsys, at)
	if err != nil {
		return nil, err
	}
	f.digest[name] = sha256.Sum256(data)
	return data, nil
}

// source is one parsed file of declarations.
type source struct {
	name string
	body *hclsyntax.Body
}

// where names the directory for people.
func (f *files) where() string {
	if !f.real {
		return f.dir
	}
	if full, err := filepath.Abs(f.dir); err == nil {
		return full
	}
	return f.dir
}

// parse reads all HCL files of the directory: declarations and, apart from them,
// values of variables. Files follow one another by name.
func (l *loader) parse() (declarations, assignments []source) {
	entries, err := fs.ReadDir(l.files.fsys, ".")
	if err != nil {
		l.problem(diag.Diagnostic{
			Code: "config.read", Summary: "The configuration cannot be read",
			Detail: plainError(err), Fix: "name a directory that holds *.hcl files",
		})
		return nil, nil
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".hcl") || strings.HasPrefix(name, ".") {
			continue
		}
		body, ok := l.parseFile(name)
		if !ok {
			continue
		}
		if strings.HasSuffix(name, ".vars.hcl") {
			assignments = append(assignments, source{name, body})
		} else {
			declarations = append(declarations, source{name, body})
		}
	}
	if len(l.cfg.Sources) == 0 && len(l.diags) == 0 {
		l.problem(diag.Diagnostic{
			Code: "config.empty", Summary: "No configuration here",
			Detail: fmt.Sprintf("The directory %s holds no file whose name ends in .hcl.", l.files.where()),
			Fix:    "write a file such as main.hcl with a tenant block, or name another directory",
		})
	}
	return declarations, assignments
}

func (l *loader) parseFile(name string) (*hclsyntax.Body, bool) {
	data, err := l.files.read(name)
	if err != nil {
		l.problem(diag.Diagnostic{
			Code: "config.read", Summary: "A file cannot be read", Detail: plainError(err),
			Fix: "make the file readable or remove it", Place: fileStart(name),
		})
		return nil, false
	}
	l.cfg.Sources[name] = data
	if at, ok := firstInvalidUTF8(data); ok {
		l.problem(diag.Diagnostic{
			Code: "config.syntax", Summary: "Not valid HCL",
			Detail: fmt.Sprintf("Byte %d is not UTF-8.", at), Fix: "save the file as UTF-8",
			Place: fileStart(name),
		})
		return nil, false
	}
	file, found := hclsyntax.ParseConfig(data, name, hcl.InitialPos)
	l.diags = append(l.diags, syntaxProblems(found)...)
	if file == nil {
		return nil, false
	}
	body, ok := file.Body.(*hclsyntax.Body)
	return body, ok
}

func firstInvalidUTF8(data []byte) (int, bool) {
	if utf8.Valid(data) {
		return 0, false
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i, true
		}
		i += n
	}
	return 0, false
}

// plainError writes an error of the file system without the operation's name.
func plainError(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}

// digest is over everything the result depends on: names and contents of files,
// tables, values of variables, and the date.
func (l *loader) digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(l.files.digest)) {
		sum := l.files.digest[name]
		part(h, "file", name, string(sum[:]))
	}
	for _, t := range l.tables.sorted() {
		sum := t.table.Digest()
		part(h, "table", t.key, string(sum[:]))
	}
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		part(h, "variable", name, canonical(l.variables[name].value))
	}
	for _, name := range slices.Sorted(maps.Keys(l.tables.env)) {
		part(h, "env", name, l.tables.env[name])
	}
	part(h, "as_of", l.opts.AsOf)
	return hex.EncodeToString(h.Sum(nil))
}

func part(h hash.Hash, texts ...string) {
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
}

// fileStart places a diagnostic at the beginning of a file.
func fileStart(name string) diag.Place {
	start := diag.Pos{Line: 1, Column: 1}
	return diag.Place{Range: &diag.Range{File: name, Start: start, End: start}}
}
