package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/content"
	mailspool "github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// spoolDir is the directory of a spool that the configuration names, the same whichever
// directory isa is called in.
func spoolDir(env *cli.Env, dir string) (string, error) { return filepath.Abs(env.Path(dir)) }

// sameDir reports whether two paths are of one directory.
func sameDir(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// formerSpools are the spools that the ledger knows and that are not in the directories
// but; absent are those that are not there or cannot be read. A ledger may have relative
// paths, which are of the configuration's directory, or of the one isa is called in.
func (w *Workspace) formerSpools(ctx context.Context, l providers.Ledger, but ...string) (there []*mailspool.Spool, absent []string, err error) {
	dirs, err := l.Spools(ctx)
	if err != nil {
		return nil, nil, err
	}
	seen := append([]string(nil), but...)
	for _, known := range dirs {
		dir, err := spoolDir(w.env, known)
		if err != nil {
			return nil, nil, err
		}
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(known) {
			if here, err := filepath.Abs(known); err == nil && isDir(here) {
				dir = here
			}
		}
		if already(seen, dir) {
			continue
		}
		seen = append(seen, dir)
		if s, err := mailspool.Look(dir); err == nil {
			there = append(there, s)
		} else {
			absent = append(absent, dir) // who needs it names it
		}
	}
	return there, absent, nil
}

func already(seen []string, dir string) bool {
	for _, s := range seen {
		if sameDir(s, dir) {
			return true
		}
	}
	return false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// sweep removes what is of no use any more from all spools that the configuration or the
// ledger knows: where a route was changed, or a gateway taken away, nobody else would. What
// cannot be removed is told, and left to the next pass. What is of streams of which st
// remembers more than the ledger stays.
func (g *gates) sweep(ctx context.Context, l providers.Ledger, st *state.State) {
	failed := func(name string, err error) {
		if err != nil {
			g.w.env.Tell("Warning: " + name + ": mail that is in the spool and of no use any more could not be removed: " + view.Line(err.Error()))
		}
	}
	older, err := g.w.older(ctx, l, st)
	if err != nil {
		failed("the ledger", err)
		return
	}
	var served []string
	for _, about := range g.w.Mail.Gateways {
		name := about.Address.String()
		dir, err := spoolDir(g.w.env, about.Spool)
		if err != nil {
			failed(name, err)
			continue
		}
		served = append(served, dir)
		s, err := mailspool.Look(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was never used
		}
		if err == nil {
			_, err = content.Sweep(ctx, l, s, true, older)
		}
		failed(name, err)
	}
	former, _, err := g.w.formerSpools(ctx, l, served...)
	failed("spools of earlier passes", err)
	for _, s := range former {
		open, err := content.Sweep(ctx, l, s, false, older)
		failed(s.Dir(), err)
		if len(open) > 0 {
			g.w.env.Tell(fmt.Sprintf("Warning: no gateway serves the spool %s any more, and it is not known yet what arrived of its batches of %s. Leave it there, and make a pass over them by a gateway, this one or another, which finds out.",
				s.Dir(), view.Line(strings.Join(open, ", "))))
		}
	}
}

// older are the streams, by name, of which the state remembers more than the ledger: it is
// one of before.
func (w *Workspace) older(ctx context.Context, l providers.Ledger, st *state.State) (map[string]bool, error) {
	infos, err := l.Streams(ctx)
	if err != nil {
		return nil, err
	}
	fetched, err := w.fetchedStreams(ctx, l, infos)
	if err != nil {
		return nil, err
	}
	members, err := w.membersOf(st, infos)
	if err != nil {
		return nil, err
	}
	remembered, out := rememberedStreams(st, infos, members), map[string]bool{}
	for _, info := range infos {
		was := remembered[info.Name]
		out[info.Name] = was.Passed.After(info.Passed) || was.Batches > fetched[info.Name].batches
	}
	return out, nil
}
