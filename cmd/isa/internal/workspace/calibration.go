package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/isaworks/isa/internal/calibration"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/providers/works/calibrate"
	"github.com/isaworks/isa/providers/works/sandbox"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// CalibrationVariable tells which tenant a sandbox behaves as: that of the calibration
// which it was started with. It is obeyed at sandboxes only.
const CalibrationVariable = "ISA_SANDBOX_CALIBRATION"

// Subjects are all facts that can be found out about a tenant: each switch of the
// sandbox, and what no switch stands for.
func Subjects() []calibration.Subject {
	var out []calibration.Subject
	for _, s := range sandbox.Catalogue() {
		out = append(out, calibration.Subject{Name: s.Name, Values: s.Values, About: s.About})
	}
	return append(append(out, calibrate.Beyond()...), probeSubjects()...)
}

// CalibrationPath is where the calibration is.
func (w *Workspace) CalibrationPath() string {
	return filepath.Join(w.env.ConfigDir(), calibration.File)
}

// Calibration reads what was found out about the tenant; nil when nothing was. The
// calibration of another tenant is an error, unless this is a sandbox that was started
// with it.
func (w *Workspace) Calibration() (*calibration.Calibration, error) {
	c, err := calibration.Read(w.CalibrationPath(), Subjects())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	here := w.Identity()
	switch of := c.Tenant(); {
	case of == here, rehearsed(here) && w.env.Get(CalibrationVariable) == of:
		return c, nil
	case rehearsed(here):
		return nil, fmt.Errorf("%s is of the tenant %s, and this is a sandbox that does not behave as that one (%s); "+
			"start it with isa sandbox --calibration %s, so that it behaves so, or rehearse in another directory, which does not have the file", w.CalibrationPath(), of, here, calibration.File)
	case rehearsed(of):
		return nil, fmt.Errorf("%s is of a rehearsal on a sandbox (%s), and says nothing about the service (%s); "+
			"move it away, and run isa doctor --calibrate at the service", w.CalibrationPath(), of, here)
	default:
		return nil, fmt.Errorf("%s is of the tenant %s, the configuration of %s; move it away, and run isa doctor --calibrate here", w.CalibrationPath(), of, here)
	}
}

// Learn adds facts to the calibration, in place of what was known of the same subjects.
// That of another tenant is not added to. Several processes may do so at a time: each
// waits, for 10 seconds at most, for the others.
func (w *Workspace) Learn(facts map[string]calibration.Fact) (err error) {
	lock, err := w.lockCalibration()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	c, err := w.Calibration()
	if err != nil {
		return err
	}
	if c == nil {
		c = calibration.New(w.Identity(), Subjects())
	}
	if c.Tenant() != w.Identity() {
		return fmt.Errorf("%s is of the tenant %s, as which this sandbox behaves; what is found here is no news about that one", w.CalibrationPath(), c.Tenant())
	}
	for name, f := range facts {
		if err := c.Set(name, f); err != nil {
			return err
		}
	}
	return c.Write(w.CalibrationPath())
}

// lockCalibration takes the lock of the calibration, which is held for as long as the
// file is read and written. It waits without the command's context: what was found is
// kept after Ctrl-C too.
func (w *Workspace) lockCalibration() (*filelock.Lock, error) {
	const most, again = 10 * time.Second, 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	for {
		lock, err := filelock.Take(ctx, w.CalibrationPath()+".lock", state.Holder{What: "writing " + calibration.File})
		var locked *state.LockedError
		if err == nil || ctx.Err() == nil && !errors.As(err, &locked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s is being written by another isa; run this again when that has ended", w.CalibrationPath())
		case <-time.After(again):
		}
	}
}

// readCalibration lets the tenant of the configuration know what was found out.
func (w *Workspace) readCalibration() error {
	c, err := w.Calibration()
	if err != nil || c == nil {
		return err
	}
	w.Config.Tenant.Facts = schema.Facts(c.Values())
	w.calibrated = true
	return nil
}

// NoteUncalibrated says, before the first apply at the service itself, that nothing was
// found out about the tenant yet. Later applies say nothing.
func (w *Workspace) NoteUncalibrated(st *state.State) {
	if w.calibrated || st.Lineage != "" || rehearsed(w.Identity()) {
		return
	}
	w.env.Tell("Note: nobody has found out yet how this tenant behaves where the documentation leaves it open; isa copes with what it knows of.\n" +
		"      isa doctor --calibrate finds it out in a few minutes, harmlessly, and writes " + calibration.File + ", which plans and rehearsals go by.")
}
