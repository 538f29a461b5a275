package workspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/calibrate"
)

// Calibrating is a run of the probes at the tenant. The state is locked meanwhile, so
// that nobody applies. It is not safe for concurrent use.
type Calibrating struct {
	w     *Workspace
	tool  *calibrate.Calibrator
	book  *probeBook
	calls atomic.Int64
	task  *view.Task
	kept  bool // what was found is in the calibration
}

// Calibrate begins a run. Nothing is sent yet.
func (w *Workspace) Calibrate() (*Calibrating, error) {
	if err := checkAccess(w.Config.Access); err != nil {
		return nil, err
	}
	c := &Calibrating{w: w, book: &probeBook{path: w.probeBookPath(), tenant: w.Identity()}}
	o := w.clientOptions(lanes.New(w.pace.budget(lanes.Budget{PerMinute: w.PerMinute(), WriterGap: lanes.OrgUnitGap}), lanes.QuietSince(w.env.Now())))
	o.Trace = func(api.TraceEvent) {
		n := c.calls.Add(1)
		if c.task != nil {
			c.task.Set(int(n))
		}
	}
	company := w.probed()
	var err error
	c.tool, err = calibrate.New(calibrate.Options{
		API: o, DomainID: company.DomainID, Domain: company.Domain, SSO: w.Config.Tenant.Features.SSO, Off: w.listsOff(),
		Book: c.book, Now: w.env.Now, Pause: func(ctx context.Context, d time.Duration) error { return rest(ctx, w.pace.pause(d)) },
	})
	return c, err
}

// rest is sleep that a polite stop ends too.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-lanes.Stopping(ctx):
		return context.Canceled
	case <-timer.C:
		return nil
	}
}

// listsOff are the lists that the configuration says are switched off.
func (w *Workspace) listsOff() []string {
	var out []string
	f := w.Config.Tenant.Features
	on := map[string]bool{"job_grades": f.JobGrades, "positions": f.Positions, "user_types": f.UserTypes}
	for i, name := range []string{"job_grades", "positions", "user_types"} {
		if f.Says(name) && !on[name] {
			out = append(out, calibrate.Lists()[i])
		}
	}
	return out
}

// probed is the company in which objects are made for probes.
func (w *Workspace) probed() schema.Company { return w.Config.Tenant.Companies[0] }

// Where names the company in which objects are made, and its tenant.
func (c *Calibrating) Where() string {
	company := c.w.probed()
	return fmt.Sprintf("the company %s (domain_id %d) of the tenant %s", company.Domain, company.DomainID, c.w.Identity())
}

// Leftovers are what an earlier run could not remove.
func (c *Calibrating) Leftovers() (int, error) {
	all, err := c.book.Things()
	return len(all), err
}

// Clear removes what an earlier run left.
func (c *Calibrating) Clear(ctx context.Context) error { return c.tool.Clear(ctx) }

// Look finds out what can be found by reading alone, and records it.
func (c *Calibrating) Look(ctx context.Context) error {
	err := c.shown("reading", func() error { return c.tool.Look(ctx) })
	return errors.Join(because("reading the tenant", err), c.record())
}

// Try finds out the rest with objects of its own, removes them, and records what was
// found, however it ends. once stops the probes, abort the removal of what they made
// too. probes says why not all were made, after what else went wrong.
func (c *Calibrating) Try(once, abort context.Context) (probes, after error) {
	var left error
	probes = c.shown("probing", func() error {
		err := c.tool.Try(once, abort)
		left = c.tool.Clear(abort)
		return err
	})
	return because("not everything was found out", probes), errors.Join(because("not everything that was made is removed", left), c.record())
}

// because puts what an error is about before it.
func because(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// shown shows how many calls were made while work goes on.
func (c *Calibrating) shown(what string, work func() error) error {
	p := c.w.env.Progress(nil)
	defer p.Close()
	c.calls.Store(0)
	c.task = p.Task(what, "call", 0)
	defer func() {
		c.task.Drop()
		c.task = nil
	}()
	return work()
}

func (c *Calibrating) record() error {
	facts := c.tool.Facts(c.w.env.Now())
	if len(facts) == 0 {
		return nil
	}
	err := c.w.Learn(facts)
	c.kept = err == nil
	return because("what was found is not recorded", err)
}

// Kept reports whether what was found, if only something, is in the calibration.
func (c *Calibrating) Kept() bool { return c.kept }

// Calibrated is what a run found out about one subject.
type Calibrated struct {
	calibrate.Result
	Inferred string // what the reference infers; "" for a measurement
}

// Results are what was found out, in the order of the reference.
func (c *Calibrating) Results() []Calibrated {
	inferred := map[string]string{}
	for _, s := range Subjects() {
		inferred[s.Name] = s.Values[0]
	}
	delete(inferred, calibrate.ReadLag) // a measurement
	var out []Calibrated
	for _, r := range c.tool.Results() {
		out = append(out, Calibrated{r, inferred[r.Name]})
	}
	return out
}

// Strays are names of objects that look like a probe's and are not of this directory's
// isa.
func (c *Calibrating) Strays() []string { return c.tool.Strays() }

// probeBookName is the file with what was made for probes, beside the configuration.
const probeBookName = "calibration.probes.json"

func (w *Workspace) probeBookPath() string {
	return filepath.Join(w.env.ConfigDir(), probeBookName)
}

// probeBook keeps what was made for probes in a file, which is there only as long as
// something is. It is for one process.
type probeBook struct {
	path, tenant string
}

// probeDocument is the file.
type probeDocument struct {
	FormatVersion string            `json:"format_version"`
	Tenant        string            `json:"tenant"`
	Things        []calibrate.Thing `json:"things"`
}

// Things reads the file.
func (b *probeBook) Things() ([]calibrate.Thing, error) {
	data, err := os.ReadFile(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var d probeDocument
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("%s, the list of what was made for probes, cannot be read: %w; restore it, or remove what is called %s… in the admin console and then the file",
			b.path, err, calibrate.Prefix)
	}
	if d.FormatVersion != calibration.FormatVersion || d.Tenant != b.tenant {
		return nil, fmt.Errorf("%s lists what was made for probes at the tenant %s (format %s), and this is %s; run isa doctor --calibrate there first, which removes it, or move the file away",
			b.path, d.Tenant, d.FormatVersion, b.tenant)
	}
	return d.Things, nil
}

// Save replaces the file, and removes it when nothing is left.
func (b *probeBook) Save(all []calibrate.Thing) error {
	if len(all) == 0 {
		if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return atomicfile.SyncDir(filepath.Dir(b.path))
	}
	data, err := json.MarshalIndent(probeDocument{calibration.FormatVersion, b.tenant, all}, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(b.path, 0o600, append(data, '\n'))
}
