package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
)

// errLeft tells that questions were left unanswered.
var errLeft = errors.New("the questions were left")

// ask asks one question after another; errLeft when nobody answers any more.
func (o *options) ask(ctx context.Context, p *workspace.Probe, run workspace.ProbeRun, person *cli.Person) (map[string]string, error) {
	for _, line := range append([]string{"", fmt.Sprintf("NAVER WORKS has fetched %d messages and counted %d.", run.Fetched, run.Counted)}, o.lookAt(p)...) {
		o.env.Tell(view.Line(line))
	}
	answers := map[string]string{}
	for _, q := range workspace.Questions(p.Mark) {
		if !q.Asked(answers) {
			continue
		}
		value, err := choose(ctx, o.env, person, q)
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil, errLeft
		}
		if err != nil {
			return nil, err
		}
		answers[q.Name] = value
	}
	return answers, nil
}

// choose asks one question until an answer fits.
func choose(ctx context.Context, env *cli.Env, person *cli.Person, q workspace.Question) (string, error) {
	env.Tell("")
	env.Tell(view.Line(q.Text))
	env.Tell(view.Line(q.Korean))
	for i, a := range q.Answers {
		env.Tell(fmt.Sprintf("  %d  %s / %s", i+1, view.Line(a.Text), view.Line(a.Korean)))
	}
	for {
		text, err := person.Answer(ctx, fmt.Sprintf("1–%d: ", len(q.Answers)))
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(q.Answers) {
			return q.Answers[n-1].Value, nil
		}
		env.Tell(fmt.Sprintf("Write a number from 1 to %d. / 1부터 %d까지의 숫자를 입력하세요.", len(q.Answers), len(q.Answers)))
	}
}
