package content

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// targets are the folders of a target, listed once a turn.
type targets struct {
	turn *turn

	mu     sync.Mutex
	listed bool
	all    []providers.Folder
	limits providers.Limits
	made   map[string]bool // created by this turn, by ID
	tops   map[string]*sync.Mutex
}

// list lists the folders, again when asked to. The caller holds mu.
func (s *targets) list(ctx context.Context, dst *link[adder], again bool) error {
	if s.listed && !again {
		return nil
	}
	err := dst.do(ctx, func(w adder) (err error) {
		s.all, err = w.Folders(ctx)
		s.limits = w.Limits()
		return err
	})
	s.listed = err == nil
	return err
}

func (s *targets) find(m Mapping) (providers.Folder, bool) {
	i := -1
	if m.Use != "" {
		i = slices.IndexFunc(s.all, func(f providers.Folder) bool { return f.Use == m.Use && f.Unserved == "" })
	}
	if i < 0 {
		i = slices.IndexFunc(s.all, func(f providers.Folder) bool { return samePath(f.Path, m.Path) })
	}
	if i < 0 {
		return providers.Folder{}, false
	}
	return s.all[i], true
}

func (s *targets) byID(id string) (providers.Folder, bool) {
	i := slices.IndexFunc(s.all, func(f providers.Folder) bool { return f.ID == id })
	if id == "" || i < 0 {
		return providers.Folder{}, false
	}
	return s.all[i], true
}

// there returns the folder of an ID and epoch, if the target has it.
func (s *targets) there(ctx context.Context, dst *link[adder], in providers.Folder) (f providers.Folder, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.list(ctx, dst, false); err != nil {
		return f, false, err
	}
	f, ok = s.byID(in.ID)
	return f, ok && f.Epoch == in.Epoch, nil
}

// limitsOf tells what the target takes.
func (s *targets) limitsOf(ctx context.Context, dst *link[adder]) (providers.Limits, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.list(ctx, dst, false)
	return s.limits, err
}

// missing reports whether a folder has to be created before anything can be put there.
func (s *targets) missing(ctx context.Context, dst *link[adder], m Mapping) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.list(ctx, dst, false); err != nil {
		return false, err
	}
	_, there := s.find(m)
	return !there, nil
}

// resolve returns the folder that items go to, creating it if needed. The one that
// was used before is used again, whatever it is called now.
func (s *targets) resolve(ctx context.Context, dst *link[adder], before providers.Folder, m Mapping) (f providers.Folder, made bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.list(ctx, dst, false); err != nil {
		return f, false, err
	}
	f, ok := s.byID(before.ID)
	if !ok {
		f, ok = s.find(m)
	}
	if ok && f.Unserved == "" {
		// A process that died may have made it: what holds nothing counts as made.
		return f, s.made[f.ID] || before.ID == "" && f.Items == 0 && f.Use == "", nil
	}
	if ok {
		return f, false, &diag.Failure{Class: diag.Conflict, Op: s.turn.task.job.Target.Name(),
			Detail: "the folder " + strings.Join(f.Path, "/") + " takes nothing: " + f.Unserved, Fix: "rename the folder on the way, or there"}
	}
	return s.create(ctx, dst, m)
}

// create makes a folder. Two below one folder are made one after the other, since the
// folder above may have to be made too. The caller holds mu, which is free meanwhile.
func (s *targets) create(ctx context.Context, dst *link[adder], m Mapping) (f providers.Folder, made bool, err error) {
	if s.tops == nil {
		s.tops, s.made = map[string]*sync.Mutex{}, map[string]bool{}
	}
	top := s.tops[m.Path[0]]
	if top == nil {
		top = &sync.Mutex{}
		s.tops[m.Path[0]] = top
	}
	s.mu.Unlock()
	top.Lock()
	err = dst.do(ctx, func(w adder) (err error) {
		f, err = w.Create(ctx, m.Path, m.Use)
		return err
	})
	top.Unlock()
	s.mu.Lock()
	if err != nil {
		return f, false, err
	}
	s.all = append(s.all, f)
	s.made[f.ID] = true
	return f, true, nil
}

// forget makes the next resolve look again.
func (s *targets) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = false
}

// filled notes that all keys below next are recorded, for the folders of the source
// that go to the same place.
func (s *targets) filled(id string, next int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		if s.all[i].ID == id {
			s.all[i].Next = max(s.all[i].Next, next)
		}
	}
}

// rename moves a folder that was made by an earlier pass. It returns where it is now,
// and whether that is where it should be.
func (s *targets) rename(ctx context.Context, dst *link[adder], was providers.Folder, m Mapping) (now providers.Folder, renamed, right bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = dst.do(ctx, func(w adder) (err error) {
		if s.all, err = w.Folders(ctx); err != nil {
			return err
		}
		s.listed, s.limits = true, w.Limits()
		renamed, right = false, false
		old, there := s.byID(was.ID)
		wanted, taken := s.find(m)
		switch {
		case taken && (!there || wanted.ID == was.ID):
			now, right = wanted, true // with the folder above it, or before the answer was lost
			return nil
		case !there || taken:
			now = old
			return nil
		}
		c, ok := w.(changer)
		if !ok {
			now = old
			return nil
		}
		now, err = c.Rename(ctx, old, m.Path)
		renamed, right = err == nil, err == nil
		return err
	})
	s.listed = s.listed && !renamed
	return now, renamed, right, err
}
