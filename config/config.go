// Package config reads a directory of HCL files and the tables they name into
// plain data: declared objects, the tenant, guards. It never uses the network.
package config

import (
	"context"
	"io/fs"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// Config is an evaluated configuration. It is read-only and safe to share.
type Config struct {
	Dir     string
	Isa     Isa
	Tenant  schema.Tenant
	Access  Access
	Objects []*schema.Instance // in the order of writing (Seq)
	Guards  []Guard
	// Moves, Removals and Imports are the moved, removed and import blocks, an entry for
	// each of their instances, as written.
	Moves    []schema.Move
	Removals []schema.Removal
	Imports  []schema.Import
	Tables   []Table
	Digest   string // of all files, tables, variables and as_of that were read
	AsOf     string // YYYY-MM-DD, "" when not given

	// Sources are the texts of the HCL files by name relative to Dir, for showing
	// snippets.
	Sources map[string][]byte

	commands *sync.Map // handles that secret_command() made
}

// HasCommand tells whether an expression of the configuration made the handle of a
// command, so that it may be run.
func (c *Config) HasCommand(handle value.Secret) bool {
	_, ok := c.commands.Load(handle)
	return ok
}

// Isa is the `isa` block.
type Isa struct {
	RequiredVersion string
	StateBackend    string // "local"
	StatePath       string // relative to Dir unless absolute; default isa.state.json; "": not known, the block has an error
	// HandoutRecipients are age public keys that generated passwords are encrypted
	// to; HandoutPath is where (default isa.handout.age; "" as above).
	HandoutRecipients []string
	HandoutPath       string
}

// Access is how to reach the service: the `credentials` block and its hosts.
type Access struct {
	ClientID       string
	ServiceAccount string
	ClientSecret   value.Secret
	PrivateKey     value.Secret
	// APIBase and AuthBase override the hosts of the edition, e.g. for the sandbox.
	APIBase, AuthBase string
	// IMAPBase overrides the mail host of the edition: imaps://host:port, or
	// imap://host:port without TLS on this machine. "" when not given.
	IMAPBase string
	Range    diag.Range
}

// Guard is a `guard` block.
type Guard struct {
	Code       string
	MaxCount   *int
	MaxPercent *float64
	Range      diag.Range
}

// Table is a table that was read and how full it was.
type Table struct {
	File, Sheet, Encoding string
	Rows                  int
	Filled                map[string]int // heading → cells that are not empty, of columns in use
	Key, Digest           string         // as in the state (state.Table)
}

// Options steer Load.
type Options struct {
	Kinds   []*schema.Kind
	Vars    map[string]string           // --var name=value: HCL expressions or plain text
	Env     func(string) (string, bool) // ISA_VAR_name and env(); os.LookupEnv in real life
	AsOf    string                      // as_of(), "" when not given
	Version string                      // of isa, checked against required_version
	// FS is read instead of the directory when not nil.
	FS fs.FS

	plain bool // evaluate without direct forms; tests compare the two
}

// Load reads, evaluates and checks the configuration in dir. All problems of all
// files come back at once, sorted; the Config holds what could be read even so.
// Load needs no network, no state and no secret.
func Load(ctx context.Context, dir string, opts Options) (*Config, diag.List) {
	return Begin(ctx, dir, opts).Finish()
}
