package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
)

// handIn takes answers from a file.
func handIn(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	r, err := o.readAnswers(w)
	if err != nil {
		return err
	}
	return o.keep(w, r.Mark, r.Answers)
}

// mostAnswers bounds a file of answers, in bytes.
const mostAnswers = 1 << 20

// readAnswers reads the form that was filled in, with one answer at least.
func (o *options) readAnswers(w *workspace.Workspace) (r report, err error) {
	f, err := os.Open(o.env.Path(o.answers))
	if err != nil {
		return r, fmt.Errorf("--answers: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := json.NewDecoder(io.LimitReader(f, mostAnswers)).Decode(&r); err != nil {
		return r, fmt.Errorf("--answers %s: it is no form of answers: %w", o.answers, err)
	}
	switch {
	case r.FormatVersion != workspace.ReportVersion:
		return r, fmt.Errorf("--answers %s: it has format_version %q, and this version of isa reads %q", o.answers, r.FormatVersion, workspace.ReportVersion)
	case r.Tenant != w.Identity():
		return r, fmt.Errorf("--answers %s: it is of the tenant %s, the configuration of %s", o.answers, view.Line(r.Tenant), w.Identity())
	}
	if err := workspace.CheckAnswers(r.Answers); err != nil {
		return r, fmt.Errorf("--answers %s: %w", o.answers, err)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(r.Answers)), func(a string) bool { return a != "" }) {
		return r, fmt.Errorf("--answers %s: it holds no answer; fill in answers", o.answers)
	}
	return r, nil
}

// keep stores what answers tell, and says what of the route they contradict, and which
// are open.
func (o *options) keep(w *workspace.Workspace, mark string, answers map[string]string) error {
	found, open := workspace.Judge(answers), workspace.Unanswered(mark, answers)
	if err := w.Keep(found); err != nil {
		return err
	}
	broken, err := w.Unpromised()
	if err != nil {
		return err
	}
	if o.format == "json" {
		return workspace.WriteJSON(o.env, keptOf(found, broken, open))
	}
	lines := []string{"Kept in " + w.CalibrationPath() + ":"}
	if len(found) == 0 {
		lines = []string{"The answers tell nothing that could be kept. / 기록할 수 있는 답이 없습니다."}
	}
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("  %s = %s", f.Name, f.Value))
	}
	for _, text := range broken {
		lines = append(lines, "Warning: "+view.Line(text))
	}
	switch {
	case len(open) > 0:
		missing, err := whatIsOpen(w, mark, answers, open)
		if err != nil {
			return err
		}
		lines = append(lines, missing...)
	case len(broken) == 0:
		lines = append(lines, "Nothing contradicts what the route relies on. The three messages may be deleted.",
			"문제가 발견되지 않았습니다. 점검 메일 3통은 삭제해도 됩니다.")
	}
	return workspace.Print(o.env, lines...)
}

// whatIsOpen lists the questions without an answer, and is the form with the others.
func whatIsOpen(w *workspace.Workspace, mark string, answers map[string]string, open []workspace.Question) ([]string, error) {
	lines, given := []string{"Not answered / 답하지 않은 질문:"}, maps.Clone(answers)
	for _, q := range open {
		lines = append(lines, view.Line(fmt.Sprintf("  %s: %s / %s", q.Name, q.Text, q.Korean)))
		given[q.Name] = ""
	}
	form, err := formOf(w, mark, given)
	return append(append(lines, "Whether the route does there what it relies on is not known. / 이 부분은 아직 확인되지 않았습니다."), form...), err
}

// kept is what --format json writes of answers that were handed in.
type kept struct {
	FormatVersion string   `json:"format_version"`
	Facts         []fact   `json:"facts"`
	Unpromised    []string `json:"unpromised"` // what the route cannot promise at this tenant
	Unanswered    []string `json:"unanswered"` // questions, by name
}

func keptOf(found []workspace.Found, broken []string, open []workspace.Question) kept {
	k := kept{FormatVersion: workspace.ReportVersion, Facts: []fact{}, Unpromised: append([]string{}, broken...), Unanswered: []string{}}
	for _, f := range found {
		k.Facts = append(k.Facts, fact(f))
	}
	for _, q := range open {
		k.Unanswered = append(k.Unanswered, q.Name)
	}
	return k
}
