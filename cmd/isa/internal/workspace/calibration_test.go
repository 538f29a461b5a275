package workspace

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers/works/calibrate"
	"github.com/isaworks/isa/state"
)

// tenantAt is a workspace of a tenant whose API is at base, "" for the service.
func tenantAt(t *testing.T, dir, base string, env map[string]string) (*Workspace, *bytes.Buffer) {
	t.Helper()
	var told bytes.Buffer
	cfg := &config.Config{Tenant: schema.Tenant{Companies: []schema.Company{{DomainID: 10000001, Domain: "acme.co.kr"}}}}
	cfg.Access.APIBase = base
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return &Workspace{Config: cfg, env: &cli.Env{Dir: dir, Err: &told, Lookup: lookup, Now: time.Now}}, &told
}

const (
	here     = "commercial/www.worksapis.com/10000001"
	sandboxA = "http://127.0.0.1:1234/a/v1.0"
)

func TestACalibrationBelongsToItsTenant(t *testing.T) {
	facts := map[string]calibration.Fact{"patch-null": {Value: "rejects", How: "It was tried.", At: time.Now()}}
	for name, c := range map[string]struct {
		of, base, want string
		env            map[string]string
		learns         bool
	}{
		"its own":                        {of: here, learns: true},
		"another tenant's":               {of: "commercial/www.worksapis.com/10000002", want: "of the tenant commercial/www.worksapis.com/10000002"},
		"a rehearsal's":                  {of: "commercial/sandbox/a/10000001", want: "of a rehearsal"},
		"its own sandbox's":              {of: "commercial/sandbox/a/10000001", base: sandboxA, learns: true},
		"another sandbox's":              {of: "commercial/sandbox/b/10000001", base: sandboxA, want: "isa sandbox --calibration"},
		"the service's, in a sandbox":    {of: here, base: sandboxA, want: "isa sandbox --calibration calibration.json, so that it behaves so, or rehearse in another directory"},
		"the one that the sandbox is as": {of: here, base: sandboxA, env: map[string]string{CalibrationVariable: here}},
		"the variable, at the service":   {of: "commercial/www.worksapis.com/10000002", env: map[string]string{CalibrationVariable: "commercial/www.worksapis.com/10000002"}, want: "of the tenant"},
	} {
		dir := t.TempDir()
		kept := calibration.New(c.of, Subjects())
		if err := kept.Set("deleted-get", calibration.Fact{Value: "404", How: "It was tried.", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := kept.Write(filepath.Join(dir, calibration.File)); err != nil {
			t.Fatal(err)
		}
		w, _ := tenantAt(t, dir, c.base, c.env)
		switch err := w.readCalibration(); {
		case c.want == "" && (err != nil || !w.Config.Tenant.Facts.Is("deleted-get", "404")):
			t.Errorf("%s: %v, %v", name, err, w.Config.Tenant.Facts)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", name, err)
		}
		if err := w.Learn(facts); (err == nil) != c.learns {
			t.Errorf("%s: learns: %v", name, err)
		}
		back, err := calibration.Read(w.CalibrationPath(), Subjects())
		if err != nil {
			t.Fatal(err)
		}
		if _, learnt := back.Of("patch-null"); learnt != c.learns || back.Tenant() != c.of {
			t.Errorf("%s: afterwards %v of %s", name, back.Values(), back.Tenant())
		}
	}
}

func TestTheFirstApplyWithoutCalibrationIsNoted(t *testing.T) {
	for name, c := range map[string]struct {
		base  string
		facts bool
		st    state.State
		noted bool
	}{
		"the first":                  {noted: true},
		"a later one":                {st: state.State{Lineage: "l"}},
		"the first, calibrated":      {facts: true},
		"the first, in a sandbox":    {base: sandboxA},
		"a later one, in a sandbox":  {base: sandboxA, st: state.State{Lineage: "l"}},
		"a later one, and facts too": {facts: true, st: state.State{Lineage: "l"}},
	} {
		w, told := tenantAt(t, t.TempDir(), c.base, nil)
		if c.facts {
			if err := w.Learn(map[string]calibration.Fact{"deleted-get": {Value: "404", How: "It was tried.", At: time.Now()}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.readCalibration(); err != nil {
			t.Fatal(err)
		}
		w.NoteUncalibrated(&c.st)
		if noted := strings.Contains(told.String(), "isa doctor --calibrate"); noted != c.noted {
			t.Errorf("%s: told %q", name, told)
		}
	}
}

// TestLearningTogether: who learns at a time with others forgets nothing of theirs.
func TestLearningTogether(t *testing.T) {
	dir := t.TempDir()
	subjects := Subjects()
	errs := make(chan error)
	for _, s := range subjects {
		w, _ := tenantAt(t, dir, "", nil)
		go func() {
			errs <- w.Learn(map[string]calibration.Fact{s.Name: {Value: s.Values[0], How: "It was tried.", At: time.Now()}})
		}()
	}
	for range subjects {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	w, _ := tenantAt(t, dir, "", nil)
	c, err := w.Calibration()
	if err != nil || len(c.Names()) != len(subjects) {
		t.Errorf("%v, %d of %d facts", err, len(c.Names()), len(subjects))
	}
}

// TestTheRecordOfProbes: it is there as long as something is in it, and of one tenant.
func TestTheRecordOfProbes(t *testing.T) {
	b := &probeBook{path: filepath.Join(t.TempDir(), probeBookName), tenant: here}
	things := []calibrate.Thing{{Sort: "user", Name: "isa-probe-x-1", DomainID: 1, Domain: "acme.co.kr"}, {Sort: "orgunit", Name: "isa-probe-x-2", ID: "i", DomainID: 1, Domain: "acme.co.kr"}}
	if err := b.Save(things); err != nil {
		t.Fatal(err)
	}
	if back, err := b.Things(); err != nil || len(back) != 2 || back[1] != things[1] {
		t.Errorf("%v, %v", back, err)
	}
	other := &probeBook{path: b.path, tenant: "commercial/www.worksapis.com/2"}
	if _, err := other.Things(); err == nil || !strings.Contains(err.Error(), here) {
		t.Errorf("at another tenant: %v", err)
	}
	if err := b.Save(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.path); !os.IsNotExist(err) {
		t.Errorf("an empty one: %v", err)
	}
	if back, err := b.Things(); err != nil || len(back) != 0 {
		t.Errorf("%v, %v", back, err)
	}
	if err := os.WriteFile(b.path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Things(); err == nil || !strings.Contains(err.Error(), "admin console") {
		t.Errorf("a torn one: %v", err)
	}
}
