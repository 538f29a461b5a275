package config

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// loader is one run of Load. Evaluation is demand-driven: an expression makes the
// locals and blocks that it names ready before it is evaluated. A block whose
// evaluation is under way is seen as placeholders, references that know only
// their address; instances that turn out to need more are evaluated again.
type loader struct {
	ctx   context.Context
	opts  Options
	files *files
	cfg   *Config
	diags diag.List

	kinds  map[string]*kind
	heads  heads
	blocks []*block // in the order of writing
	byName map[addr.Address]*block
	byType map[string][]*block

	variables map[string]*variable
	locals    map[string]*local
	exprs     []*expr // all that were compiled, for the search of columns

	torn    bool // a file could not be parsed whole
	root    *hcl.EvalContext
	stack   []string // what is being made ready, for the path of a cycle
	stale   map[string]bool
	reads   map[string]bool // attribute names read anywhere
	columns *columns
	tables  *tables

	specs map[string]*function.Spec    // of isa's own functions, by name
	refs  map[addr.Address]value.Value // equal references share one value

	mu       sync.Mutex // of finding places, which may be asked for by many once Load is done
	released bool

	firstKeys map[*hclsyntax.ForExpr]map[string]int
	noted     []note // warnings of functions, placed by whoever called evaluate
}

// kind is a kind of block that declares objects; company is one too.
type kind struct {
	*schema.Kind
	attrs   []schema.Attr // with lifecycle and company
	refType cty.Type
	exposed []schema.Attr // readable through references
}

// Reading is a configuration of which the first part has been read.
type Reading struct{ loader *loader }

// Begin parses the configuration and evaluates what it says about isa, its state and the
// tenant. What takes long, tables and the objects made from them, is left to Finish,
// unless these blocks name them.
func Begin(ctx context.Context, dir string, opts Options) *Reading {
	l := newLoader(ctx, dir, opts)
	l.begin()
	return &Reading{l}
}

// Config is the part that has been read: Isa, Tenant, Access and Guards. What could not
// be read has its default, and where files are is "" then; Finish returns why.
func (r *Reading) Config() *Config { return r.loader.cfg }

// Finish evaluates the rest and returns what Load does. It may be called once, also
// while others read what Config returned.
func (r *Reading) Finish() (*Config, diag.List) {
	l := r.loader
	l.rest()
	l.diags.Sort()
	l.diags = onceACell(l.diags)
	l.release()
	return l.cfg, l.diags
}

func newLoader(ctx context.Context, dir string, opts Options) *loader {
	if opts.Env == nil {
		opts.Env = func(string) (string, bool) { return "", false }
	}
	l := &loader{
		ctx: ctx, opts: opts, files: newFiles(dir, opts.FS),
		cfg:    &Config{Dir: dir, AsOf: opts.AsOf, Sources: map[string][]byte{}, commands: &sync.Map{}},
		kinds:  map[string]*kind{},
		byName: map[addr.Address]*block{}, byType: map[string][]*block{},
		variables: map[string]*variable{}, locals: map[string]*local{},
		firstKeys: map[*hclsyntax.ForExpr]map[string]int{},
		stale:     map[string]bool{}, reads: map[string]bool{}, refs: map[addr.Address]value.Value{},
	}
	l.tables = newTables(l.files, l.note)
	l.specs = l.ownFunctions()
	return l
}

// onceACell leaves one of the warnings that say the same of one cell: an
// expression per attribute may read it, such as both halves of split_name().
func onceACell(list diag.List) diag.List {
	type warning struct {
		cell                  diag.Cell
		code, address, detail string
	}
	said := map[warning]bool{}
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		if d.Cell == nil || d.Severity != diag.Warning {
			return false
		}
		w := warning{*d.Cell, d.Code, d.Address, d.Detail}
		again := said[w]
		said[w] = true
		return again
	})
}

func (l *loader) begin() {
	l.cfg.Isa = Isa{StateBackend: "local", StatePath: defaultState, HandoutPath: defaultHandout}
	l.checkAsOf()
	sources, assignments := l.parse()
	l.torn = l.diags.HasErrors()
	l.declareKinds()
	l.collect(sources)
	l.assignVariables(assignments)
	l.compile()
	l.findReads()
	l.makeRoot()
	l.columns = l.findColumns()
	l.tables.use(l.columns)
	l.evaluateHeads()
}

func (l *loader) rest() {
	l.evaluateBlocks()
	l.finish()
}

// declareKinds gives every kind the arguments that all kinds share.
func (l *loader) declareKinds() {
	var trees []string
	for _, k := range l.opts.Kinds {
		if k.Parent != "" {
			trees = append(trees, k.Type)
		}
	}
	for _, k := range l.opts.Kinds {
		l.kinds[k.Type] = &kind{Kind: k, attrs: withShared(k, trees)}
	}
	company := companyKind()
	l.kinds[company.Type] = &kind{Kind: company, attrs: company.Attrs}
}

// finish turns what was evaluated into the Config.
func (l *loader) finish() {
	seq := 0
	for _, b := range l.blocks {
		if b.kind.Type == companyType || b.speaks != nil {
			continue
		}
		for _, in := range b.instances {
			if in.object == nil {
				continue
			}
			in.object.Seq = seq
			seq++
			l.cfg.Objects = append(l.cfg.Objects, in.object)
		}
	}
	l.relocations()
	l.checkCycles()
	l.cfg.Tables = l.tables.report()
	l.diags = append(l.diags, l.tables.diags...)
	l.cfg.Digest = l.digest()
}

// kindNames lists the block types that declare objects.
func (l *loader) kindNames() []string {
	return slices.Sorted(maps.Keys(l.kinds))
}
