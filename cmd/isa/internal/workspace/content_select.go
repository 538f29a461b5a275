package workspace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/providers/mail"
)

// RegisterWave adds the flag that restricts content to waves.
func (s *Selection) RegisterWave(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.Waves, "wave", nil, "mail of this `wave` only; may be repeated")
}

// RegisterContent adds the flags of commands that are about content alone.
func (s *Selection) RegisterContent(cmd *cobra.Command) {
	s.RegisterInputs(cmd)
	s.RegisterWave(cmd)
}

// RegisterLost adds the flag that accepts a ledger that was lost.
func (s *Selection) RegisterLost(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.Allow, "allow", nil, "ledger.lost=1 goes on with a ledger that is missing or older than the state remembers, as `CODE=COUNT`")
}

// chosenContent is the part of the content that was asked for.
type chosenContent struct {
	waves   []addr.Address        // nil: all
	named   []addr.Address        // streams, blocks, waves, members, sources; nil: all
	streams map[addr.Address]bool // nil: all
	phases  map[addr.Address]bool // waves besides those of streams, where streams is set
}

func (c chosenContent) all() bool { return c.waves == nil && c.named == nil && c.streams == nil }

// wave reports whether a wave as a whole was asked for.
func (c chosenContent) wave(a addr.Address) bool {
	switch {
	case c.streams != nil:
		return c.phases[a]
	case c.waves != nil:
		return slices.Contains(c.waves, a)
	}
	return c.named == nil || slices.Contains(c.named, a)
}

// stream reports whether a migration was asked for.
func (c chosenContent) stream(m *mail.Migration) bool {
	if c.streams != nil && !c.streams[m.Address] || c.waves != nil && !slices.Contains(c.waves, m.Wave) {
		return false
	}
	return c.named == nil || slices.ContainsFunc(c.named, func(a addr.Address) bool {
		for _, b := range []addr.Address{m.Address, m.Wave, m.Member, m.Source.Address} {
			if a == b || !a.Keyed && a == b.Block() {
				return true
			}
		}
		return false
	})
}

// inContent reads what was asked for, and refuses names that name nothing.
func (w *Workspace) inContent() (chosenContent, error) {
	var c chosenContent
	known := map[addr.Address]bool{}
	waves := map[addr.Address]bool{}
	for _, wave := range w.Mail.Waves {
		waves[wave.Address], known[wave.Address] = true, true
	}
	for _, m := range w.Mail.Migrations {
		for _, a := range []addr.Address{m.Address, m.Member, m.Source.Address} {
			known[a], known[a.Block()] = true, true
		}
	}
	for _, text := range w.selected.waves {
		if !strings.HasPrefix(text, mail.WaveKind+".") {
			text = mail.WaveKind + "." + text
		}
		a, err := addr.Parse(text)
		if err != nil {
			return c, fmt.Errorf("--wave: %w; write it as one or wave.one", err)
		}
		if !waves[a] {
			return c, fmt.Errorf("--wave: the configuration has no %s%s", a, closest(a, waves))
		}
		c.waves = append(c.waves, a)
	}
	for _, a := range w.selected.content {
		if !known[a] {
			return c, fmt.Errorf("the configuration moves no mail of %s%s", a, closest(a, known))
		}
		c.named = append(c.named, a)
	}
	if w.selected.streams != nil {
		c.streams, c.phases = w.selected.streams, w.selected.phases
	}
	return c, nil
}

// Only restricts content to what a saved plan has, instead of --wave.
func (s *Selection) Only(streams, waves []addr.Address) {
	s.streams, s.phases = map[addr.Address]bool{}, map[addr.Address]bool{}
	for _, a := range streams {
		s.streams[a] = true
	}
	for _, a := range waves {
		s.phases[a] = true
	}
}

// chosen are the migrations that were asked for, in the order of writing.
func (w *Workspace) chosen() ([]*mail.Migration, error) {
	c, err := w.inContent()
	if err != nil {
		return nil, err
	}
	var out []*mail.Migration
	for _, m := range w.Mail.Migrations {
		if c.stream(m) {
			out = append(out, m)
		}
	}
	if len(w.Mail.Migrations) == 0 {
		return nil, fmt.Errorf("the configuration moves no mail: it has no mail_migration block")
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing fits the selection: no mail_migration is in it")
	}
	return out, nil
}
