// Package archtest holds the architecture of docs/architecture.md as tests: who
// may know whom, where third-party types stay, and how packages are written.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/isaworks/isa/"

// pkg is what `go list` tells of a package. Paths are without the module's name.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Standard   bool
}

// rule forbids the packages below any of from (except those below except) to
// import anything below any of not (except those below but), for a reason.
type rule struct {
	from, except []string
	not, but     []string
	reason       string
}

var leaves = []string{
	"internal/addr", "internal/diag", "internal/value", "internal/schema", "internal/live", "internal/lanes",
	"internal/sheet", "internal/hr", "internal/secret", "internal/atomicfile", "internal/calibration", "internal/dial", "internal/imapwire", "internal/rawmail",
}

// rules is the section "Who may know whom" of the design.
func rules() []rule {
	ours := []string{"cmd", "config", "planner", "state", "providers", "examples", "internal"}
	return []rule{
		{from: leaves, not: ours, but: leaves,
			reason: "leaves know only leaves"},
		{from: []string{"internal/addr", "internal/diag", "internal/value", "internal/schema", "internal/live", "internal/lanes", "internal/hr"},
			not: []string{"net", "os", "os/exec"}, reason: "vocabulary does no I/O"},
		{from: []string{"config"}, not: ours, but: append([]string{"config"}, leaves...),
			reason: "config knows leaves; schemas arrive through an interface"},
		{from: []string{"config"}, not: []string{"net"}, but: []string{"net/netip", "net/url"},
			reason: "validate needs no network"},
		{from: []string{"planner"}, not: ours, but: append([]string{"planner", "state"}, leaves...),
			reason: "the planner sees live objects only as a serialisable snapshot"},
		{from: []string{"planner"}, not: []string{"net", "os", "internal/secret", "internal/sheet", "state/backend", "state/filelock", "state/ledger"},
			reason: "the planner is pure"},
		{from: []string{"state"}, except: []string{"state/ledger"}, not: ours, but: append([]string{"state"}, leaves...),
			reason: "state knows only leaves"},
		{from: []string{"state/ledger"}, not: ours, but: append([]string{"state", "providers"}, leaves...),
			reason: "the ledger knows the contracts and leaves"},
		{from: []string{"state/ledger"}, not: []string{"providers/", "state/backend"},
			reason: "the ledger knows contracts, no provider; and no state, only what the state says of it"},
		{from: []string{"internal/dedupe"}, not: ours, but: append([]string{"internal/dedupe", "providers"}, leaves...),
			reason: "the search for copies knows the contracts and leaves"},
		{from: []string{"internal/dedupe"}, not: []string{"providers/"}, reason: "the search for copies knows contracts, no provider"},
		{from: []string{"internal/imapgate"}, not: ours, but: append([]string{"internal/imapgate", "providers"}, leaves...),
			reason: "the gateway knows the contracts and leaves: what it serves is given to it"},
		{from: []string{"internal/spool"}, not: ours, but: append([]string{"internal/spool", "internal/imapgate", "providers"}, leaves...),
			reason: "the spool knows what the gateway wants, contracts and leaves"},
		{from: []string{"internal/imapgate", "internal/spool"}, not: []string{"providers/"}, reason: "the gateway knows contracts, no provider"},
		{from: []string{"internal/executor"}, not: ours,
			but:    append([]string{"internal/executor", "planner", "state", "providers"}, leaves...),
			reason: "the executor knows plan, state and contracts"},
		{from: []string{"internal/executor"}, not: []string{"providers/"}, reason: "the executor knows contracts, no provider"},
		{from: []string{"providers"}, not: ours, but: append([]string{"providers"}, leaves...),
			reason: "a provider knows the contracts and leaves; not config, planner or state"},
		{from: []string{"providers/directory", "providers/mail"}, except: []string{"providers/mail/"}, not: []string{"net", "os", "providers/works"}, but: []string{"net/netip", "net/url"},
			reason: "product rules do no I/O"},
		{from: []string{"providers/mail/files", "providers/mail/eml", "providers/mail/mbox", "providers/mail/maildir"}, not: []string{"net"}, but: []string{"net/mail"},
			reason: "mail in files needs no network"},
		{from: []string{"providers/works/api"}, not: []string{"providers/works/directory", "providers/works/sandbox", "providers/directory"},
			reason: "the SDK is usable alone"},
		{from: []string{"providers/works/calibrate"}, not: []string{"providers"}, but: []string{"providers/works/api", "providers/works/calibrate"},
			reason: "the probes know the SDK: what they find must not follow from what a provider, or the sandbox, believes"},
		{from: []string{"providers/works/sandbox"}, not: []string{"providers"},
			but:    []string{"providers/works/sandbox", "providers/works/api/op"},
			reason: "the sandbox follows the reference, not the client: it shares the table of operations and nothing else"},
		{from: ours, except: []string{"cmd", "examples"}, not: []string{"cmd"}, reason: "nothing knows the commands"},
		{from: []string{"internal/graph"}, not: append([]string{"net", "os"}, ours...), but: []string{"internal/graph", "internal/view"},
			reason: "a drawing knows how text is shown and nothing else"},

		// Third-party types stay where they are wrapped.
		{from: ours, except: []string{"config"}, not: []string{"github.com/hashicorp/hcl", "github.com/zclconf/go-cty"},
			reason: "HCL and cty stay in config"},
		{from: ours, except: []string{"internal/sheet", "examples"}, not: []string{"github.com/xuri/excelize"},
			reason: "excelize stays in internal/sheet"},
		{from: ours, except: []string{"internal/sheet"}, not: []string{"github.com/richardlehane"},
			reason: "compound files stay in internal/sheet"},
		{from: ours, except: []string{"cmd"}, not: []string{"github.com/spf13"}, reason: "cobra stays in the commands"},
		{from: ours, except: []string{"providers/works/api", "providers/works/sandbox"}, not: []string{"github.com/golang-jwt"},
			reason: "JWT stays in the SDK and in the sandbox that checks it"},
		{from: ours, except: []string{"internal/secret"}, not: []string{"filippo.io/age"}, reason: "age stays in internal/secret"},
		{from: ours, except: []string{"state/ledger"}, not: []string{"modernc.org/sqlite", "database/sql"}, reason: "SQL stays in the ledger"},
		{from: ours, except: []string{"internal/content"}, not: []string{"golang.org/x/time"}, reason: "rates of content are the engine's"},
		{from: []string{"internal/privacy"}, not: ours, but: append([]string{"internal/privacy", "planner"}, leaves...),
			reason: "what is hidden is decided by schemas, before any format"},
		{from: ours, except: []string{"internal/browsertest"}, not: []string{"github.com/chromedp"}, reason: "browsers belong to tests: internal/browsertest shows pages"},
		{from: ours, except: []string{"state/filelock", "providers/works/sandbox"}, not: []string{"github.com/gofrs/flock"},
			reason: "file locks belong to what is stored in files"},
	}
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Standard", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		for i := range p.Imports {
			p.Imports[i] = strings.TrimPrefix(p.Imports[i], module)
		}
		pkgs = append(pkgs, p)
	}
}

// below reports whether path is one of roots or below one. A root with a slash at
// its end means only what is below it.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		if inner, ok := strings.CutSuffix(root, "/"); ok {
			return strings.HasPrefix(path, inner+"/")
		}
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

func TestWhoMayKnowWhom(t *testing.T) {
	pkgs := list(t)
	for _, r := range rules() {
		if !slices.ContainsFunc(pkgs, func(p pkg) bool { return below(p.ImportPath, r.from) }) {
			t.Errorf("rule %q speaks of %v, which does not exist any more", r.reason, r.from)
		}
		for _, p := range pkgs {
			if !below(p.ImportPath, r.from) || below(p.ImportPath, r.except) {
				continue
			}
			for _, imp := range p.Imports {
				if below(imp, r.not) && !below(imp, r.but) {
					t.Errorf("%s imports %s, but %s", p.ImportPath, imp, r.reason)
				}
			}
		}
	}
}

func TestRulesBite(t *testing.T) {
	bad := pkg{ImportPath: "planner", Imports: []string{"net/http"}}
	hit := false
	for _, r := range rules() {
		if below(bad.ImportPath, r.from) && below(bad.Imports[0], r.not) && !below(bad.Imports[0], r.but) {
			hit = true
		}
	}
	if !hit {
		t.Error("a planner that imports net/http breaks no rule")
	}
}

func TestHowPackagesAreWritten(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		comments := 0
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil {
				comments++
			}
			for _, decl := range file.Decls {
				inspect(t, fset, decl)
				for _, v := range mutable(decl) {
					if name := p.ImportPath + "." + v.Name; constants()[name] == "" {
						t.Errorf("%s: %s is state of the package; make it a function that returns it, or list it with the reason why nobody can change it", fset.Position(v.Pos()), name)
					}
				}
			}
		}
		if comments != 1 {
			t.Errorf("package %s has %d package comments, want one", p.ImportPath, comments)
		}
	}
}

// inspect wants a doc comment on every exported name and refuses init functions:
// main builds values.
func inspect(t *testing.T, fset *token.FileSet, decl ast.Decl) {
	t.Helper()
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.Name == "init" && d.Recv == nil {
			t.Errorf("%s: init function; build values in main", fset.Position(d.Pos()))
		}
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			t.Errorf("%s: %s has no doc comment", fset.Position(d.Pos()), d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					t.Errorf("%s: %s has no doc comment", fset.Position(s.Pos()), s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Doc == nil && d.Doc == nil && s.Comment == nil {
					t.Errorf("%s: %s has no doc comment", fset.Position(s.Pos()), s.Names[0].Name)
				}
			}
		}
	}
}

// constants are package-level variables that nobody can change although their form
// does not show it, each with the reason.
func constants() map[string]string {
	const capsule = "a type of the expression language, which is compared by identity: it is made once and has nothing to set"
	return map[string]string{"config.refType": capsule, "config.secretType": capsule, "config.clearType": capsule}
}

// mutable lists the package-level variables of a declaration that may be, or lead
// to, memory that somebody changes: slices, maps, pointers, channels, functions,
// and results of calls. Errors, regular expressions, embedded files, assertions
// that a type implements an interface, and plain values are none.
func mutable(decl ast.Decl) []*ast.Ident {
	d, ok := decl.(*ast.GenDecl)
	if !ok || d.Tok != token.VAR {
		return nil
	}
	var out []*ast.Ident
	for _, spec := range d.Specs {
		s := spec.(*ast.ValueSpec)
		for i, name := range s.Names {
			var val ast.Expr
			if i < len(s.Values) {
				val = s.Values[i]
			}
			if name.Name != "_" && !plain(s.Type, val) {
				out = append(out, name)
			}
		}
	}
	return out
}

func plain(typ, val ast.Expr) bool {
	switch typ := typ.(type) {
	case nil:
	case *ast.Ident:
		return typ.Name == "error"
	case *ast.SelectorExpr:
		return selector(typ) == "embed.FS"
	default:
		return false
	}
	switch val := val.(type) {
	case *ast.BasicLit:
		return true
	case *ast.CallExpr:
		f, ok := val.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}, selector(f))
	case *ast.CompositeLit:
		for _, e := range val.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			if !plain(nil, e) {
				return false
			}
		}
		switch t := val.Type.(type) {
		case *ast.ArrayType:
			return t.Len != nil
		case *ast.Ident, nil: // a struct
			return true
		}
	}
	return false
}

func selector(s *ast.SelectorExpr) string {
	if pkg, ok := s.X.(*ast.Ident); ok {
		return pkg.Name + "." + s.Sel.Name
	}
	return ""
}

func TestStateOfPackagesIsFound(t *testing.T) {
	const text = `package p
import "embed"
var (
	a = []string{"x"}
	b = map[string]int{}
	c = &struct{ n int }{}
	d = make(chan int)
	e = f()
	g []int
	h sync.Mutex
	i = thing{"a", []int{1}}
	j = func() {}
	k *int
	l int
)
var (
	m = errors.New("m")
	n error = new(wrong)
	o = regexp.MustCompile("o")
	p embed.FS
	q = thing{"a", 1}
	r = [2]byte{1, 2}
	_ thinger = (*thing)(nil)
)`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, decl := range file.Decls {
		for _, v := range mutable(decl) {
			found = append(found, v.Name)
		}
	}
	if got := strings.Join(found, " "); got != "a b c d e g h i j k l" {
		t.Errorf("found %s", got)
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}
