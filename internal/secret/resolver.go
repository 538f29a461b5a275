// Package secret turns the handles of secrets into their texts at the moment of a
// call, makes passwords, hands generated ones out encrypted, and keeps the
// process's memory from other processes. No text of a secret is in any error.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// IdentityEnv names the environment variable that holds the path of the age
// identity file for reading encrypted secrets.
const IdentityEnv = "ISA_AGE_IDENTITY"

const (
	maxFile  = 1 << 20  // bytes of a secret in a file
	maxTable = 64 << 20 // bytes of a table of secrets, decrypted
)

// Resolver resolves handles. It is safe for concurrent use; its exported fields are set
// before the first use. Tables are read and decrypted once; files, variables and
// commands at each call, since what they give may change, as tokens do.
type Resolver struct {
	// Commands tells whether the configuration itself has the handle of a command, so
	// that no plan or state from elsewhere makes isa run anything. Nil: none is run.
	Commands func(handle value.Secret) bool
	// Ask asks a person for a secret without showing it; it is called by one goroutine
	// at a time. Nil: there is nobody to ask.
	Ask func(ctx context.Context, question string) (string, error)

	dir        string
	env        func(string) (string, bool)
	identities []age.Identity

	mu     sync.Mutex
	tables map[string]*table

	asking sync.Mutex
	limit  time.Duration // that a command may take; 0 is commandTime
}

// New returns a resolver for handles of the configuration in dir, to which their
// relative paths refer. env is os.LookupEnv or the like. identities decrypt .age
// files beside those in the file that IdentityEnv names.
func New(dir string, env func(string) (string, bool), identities ...age.Identity) *Resolver {
	return &Resolver{dir: dir, env: env, identities: identities, tables: map[string]*table{}}
}

// Resolve returns the text behind a handle:
//
//	env:NAME         the environment variable NAME
//	file:PATH        the content of a file, without its last line break
//	table:PATH#KEY   the second column of the row whose first column is KEY, in a
//	                 table with a row of headings (any that sheet reads)
//	command:[…]      what a program writes, without its last line break; its name and
//	                 arguments are a JSON list
//	prompt:TEXT      what a person answers to TEXT
//
// Files whose name ends with .age are decrypted. Errors are diag.Failure, class
// Invalid, and name the handle; an empty secret is an error.
func (r *Resolver) Resolve(ctx context.Context, handle value.Secret) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	text, err := r.text(ctx, handle)
	if err == nil && text == "" {
		err = problem("is empty", "fill it in")
	}
	switch {
	case err == nil:
		return text, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	f := &diag.Failure{Class: diag.Invalid, Op: fmt.Sprintf("secret %q", string(handle)), Detail: err.Error()}
	var p *fault
	if errors.As(err, &p) {
		f.Detail, f.Fix = p.what, p.fix
	}
	return "", f
}

// text finds what is behind a handle.
func (r *Resolver) text(ctx context.Context, handle value.Secret) (string, error) {
	kind, rest, _ := strings.Cut(string(handle), ":")
	switch kind {
	case "env":
		return r.variable(rest)
	case "file":
		return r.file(rest)
	case "table":
		path, key, ok := strings.Cut(rest, "#")
		if !ok || path == "" || key == "" {
			return "", problem("does not name a file and a key", `use secret_table("file", key)`)
		}
		return r.row(path, key)
	case commandKind:
		return r.command(ctx, handle, rest)
	case promptKind:
		return r.prompt(ctx, rest)
	}
	return "", problem("is of no known kind", "use secret_env, secret_file, secret_table, secret_command or secret_prompt")
}

// fault is what is wrong with a handle, and the way out.
type fault struct{ what, fix string }

func (f *fault) Error() string { return f.what }

func problem(what, fix string) error { return &fault{what, fix} }

func (r *Resolver) variable(name string) (string, error) {
	text, ok := r.env(name)
	if !ok {
		return "", problem("the environment variable is not set", "set "+name)
	}
	return text, nil
}

func (r *Resolver) file(path string) (string, error) {
	content, err := r.read(path, maxFile)
	if err != nil {
		return "", err
	}
	return withoutEnd(content), nil
}

// withoutEnd cuts the last line break off.
func withoutEnd(content []byte) string {
	text := strings.TrimSuffix(string(content), "\n")
	return strings.TrimSuffix(text, "\r")
}

// read returns a file's content, decrypted when its name ends with .age.
func (r *Resolver) read(path string, limit int64) ([]byte, error) {
	full := filepath.FromSlash(path)
	if !filepath.IsAbs(full) {
		full = filepath.Join(r.dir, full)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close() //nolint:errcheck // read only
	var source io.Reader = f
	if encrypted(path) {
		if source, err = r.decrypt(f); err != nil {
			return nil, err
		}
	}
	content, err := io.ReadAll(io.LimitReader(source, limit+1))
	switch {
	case err != nil && encrypted(path):
		return nil, problem("the encrypted file is damaged", "encrypt it again with age")
	case err != nil:
		return nil, unreadable(err)
	case int64(len(content)) > limit:
		return nil, problem(fmt.Sprintf("the file is longer than %d bytes", limit), "check that it is the right file")
	}
	return content, nil
}

func encrypted(path string) bool { return strings.EqualFold(filepath.Ext(path), ".age") }

func unreadable(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return problem("the file cannot be read: "+err.Error(), "check the path, which is relative to the configuration's folder, and its permissions")
}

// decrypt opens an age file, binary or armored.
func (r *Resolver) decrypt(f io.Reader) (io.Reader, error) {
	identities, err := r.keys()
	if err != nil {
		return nil, err
	}
	head := make([]byte, len(armor.Header))
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, unreadable(err)
	}
	f = io.MultiReader(bytes.NewReader(head[:n]), f)
	if string(head[:n]) == armor.Header {
		f = armor.NewReader(f)
	}
	plain, err := age.Decrypt(f, identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, problem("the file is encrypted to somebody else", "use the identity that it was encrypted to in "+IdentityEnv)
	case err != nil:
		return nil, problem("the file is no age file, or damaged", "encrypt it again with age")
	}
	return plain, nil
}

// keys returns the identities given to New and those in the identity file.
func (r *Resolver) keys() ([]age.Identity, error) {
	identities := r.identities
	path, ok := r.env(IdentityEnv)
	if !ok || path == "" {
		if len(identities) == 0 {
			return nil, problem("the file is encrypted and there is no identity", "set "+IdentityEnv+" to the path of an age identity file")
		}
		return identities, nil
	}
	more, err := Identities(path)
	if err != nil {
		return nil, problem(err.Error(), "correct what "+IdentityEnv+" names")
	}
	return append(append([]age.Identity(nil), identities...), more...), nil
}

// Identities reads the age identities in a file that age-keygen made. Errors quote
// nothing of the file.
func Identities(path string) ([]age.Identity, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the identity file cannot be read: %w", err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s is no age identity file; make one with age-keygen", path)
	}
	return identities, nil
}
