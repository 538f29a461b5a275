package config

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// archives runs a test for every configuration in testdata.
func archives(t *testing.T, test func(t *testing.T, opts Options)) {
	for _, pattern := range []string{"testdata/good/*.txtar", "testdata/wrong/*.txtar"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no test files at %s: %v", pattern, err)
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				archive, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				test(t, archiveOptions(t, archive))
			})
		}
	}
}

func attrsOf(t *testing.T, cfg *Config) map[string]string {
	out := map[string]string{}
	for _, in := range cfg.Objects {
		text, err := json.Marshal(in.Attrs)
		if err != nil {
			t.Fatal(err)
		}
		out[in.Addr.String()] = string(text)
	}
	return out
}

func TestDirectFormsGiveWhatTheLibraryGives(t *testing.T) {
	archives(t, func(t *testing.T, opts Options) {
		cfg, list := Load(context.Background(), ".", opts)
		opts.plain = true
		plain, plainList := Load(context.Background(), ".", opts)
		if diff := cmp.Diff(plainList, list); diff != "" {
			t.Errorf("-library +direct\n%s", diff)
		}
		if diff := cmp.Diff(attrsOf(t, plain), attrsOf(t, cfg)); diff != "" {
			t.Errorf("-library +direct\n%s", diff)
		}
	})
}

func TestPlainExpressionsHaveADirectForm(t *testing.T) {
	l := newLoader(context.Background(), ".", Options{Kinds: toyKinds(), FS: companyFiles(3)})
	l.begin()
	l.rest()
	if l.diags.HasErrors() {
		t.Fatal(l.diags.Err())
	}
	for _, e := range l.exprs {
		if e.place.each && e.fast == nil {
			t.Errorf("an expression of %s at %s has no direct form", e.place.owner, e.syntax.Range())
		}
	}
}

func TestPlacesAreFoundAfterTheRowsAreGone(t *testing.T) {
	archives(t, func(t *testing.T, opts Options) {
		l := newLoader(context.Background(), ".", opts)
		l.begin()
		l.rest()
		places := func() map[string]diag.Place {
			out := map[string]diag.Place{}
			for _, in := range l.cfg.Objects {
				value.Walk(in.Attrs, func(p value.Path, _ value.Value) {
					out[in.Addr.String()+" "+p.String()] = in.Where(slices.Clone(p))
				})
			}
			return out
		}
		before := places()
		l.release()
		if diff := cmp.Diff(before, places()); diff != "" {
			t.Errorf("-with rows +without\n%s", diff)
		}
	})
}
