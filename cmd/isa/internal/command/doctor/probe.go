package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
)

// registerProbe adds the flags of a probe.
func (o *options) registerProbe(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.member, "probe-mail", "", "send three messages through the gateway to this `member` (an address or a login), and ask a person what arrived")
	cmd.Flags().StringVar(&o.answers, "answers", "", "take a person's answers to --probe-mail from this `file`")
}

// probeMail tries the route by gateway with one member.
func probeMail(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	if o.format == "json" && !o.yes {
		return errors.New("--format json asks nobody: look at what is done without it, then add --yes")
	}
	ctx, _, stop := o.env.Until(ctx, func(n int) {
		if n == 1 {
			o.env.Tell("Stopping.")
		}
	})
	defer stop()
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	p, err := w.NewProbe(ctx, o.member)
	if err != nil {
		return err
	}
	person := o.env.Person()
	if err := o.agreeToProbe(ctx, p, person); err != nil {
		return err
	}
	run, err := p.Run(ctx)
	if err != nil {
		return err
	}
	keeping := w.Keep(run.Facts)
	if run.End != workspace.ProbeDone || keeping != nil {
		return errors.Join(o.tellRun(w, p, run), keeping, ended(run))
	}
	if o.format == "json" || !o.env.InTerminal {
		return o.later(w, p, run)
	}
	answers, err := o.ask(ctx, p, run, person)
	if errors.Is(err, errLeft) {
		return errors.Join(o.later(w, p, run), &cli.Exit{Code: cli.CodeInterrupted, Err: errors.New("the questions were left; what isa saw itself is kept. Answer them later, as told above, or delete the three messages")})
	}
	if err != nil {
		return err
	}
	return o.keep(w, p.Mark, answers)
}

// agreeToProbe says what a probe does and asks; only "yes" is taken.
func (o *options) agreeToProbe(ctx context.Context, p *workspace.Probe, person *cli.Person) error {
	lines := []string{
		fmt.Sprintf("NAVER WORKS is asked to fetch three messages from %s into the mailbox of %s.", p.Gateway(), p.Login),
		"The member gets them and two notices by mail (import begins, import is complete). isa itself changes nothing else.",
		"But a run that fails is undone by the service, and isa has one deleted that is cut off (Ctrl-C, an error, nothing fetched for half an hour):",
		"nobody has confirmed what else that takes away of the mailbox. Name a member whose mailbox is of no value.",
		fmt.Sprintf("%s 님의 메일함으로 점검 메일 3통을 가져오게 합니다. 본인에게 알림 메일 2통(가져오기 시작, 완료)도 갑니다.", p.Login),
		"가져오기가 실패하거나 중단되면(Ctrl-C, 오류, 30분간 진행 없음) 서비스가 가져온 내용을 되돌립니다. 이때 메일함의 다른 메일까지 삭제되지 않는지는 확인되지 않았습니다.",
		"중요한 메일이 없는 메일함(예: 점검용 구성원)으로 하세요.",
	}
	for _, note := range p.Notes {
		lines = append(lines, "- "+note)
	}
	for _, line := range lines {
		o.env.Tell(view.Line(line))
	}
	if o.yes {
		return nil
	}
	agreed, err := person.Agrees(ctx, "Only yes is taken as an answer / yes 라고 입력해야 시작합니다: ")
	if err == nil && !agreed {
		err = &cli.Exit{Code: cli.CodeFailed, Err: errors.New("not agreed; nothing was sent")}
	}
	return err
}

// ended is how a command ends whose probe did not come to its end.
func ended(run workspace.ProbeRun) error {
	code, text := cli.CodeFailed, ""
	switch run.End {
	case workspace.ProbeDone:
		return nil
	case workspace.ProbeRolledBack:
		text = fmt.Sprintf("the service gave its run up after %d of %d messages, and took back what it had brought: the notice to the member may say why. Look at the access log of the gateway, and probe again", run.Fetched, run.Offered)
	case workspace.ProbeSilent:
		text = fmt.Sprintf("the service says that its run is under way, and has fetched nothing for too long (%d of %d messages); %s", run.Fetched, run.Offered, run.Suspects)
	case workspace.ProbeOther:
		text = "the service tells of another run than that of the probe: somebody else began one for this member meanwhile. Probe again when it is done"
	case workspace.ProbeCut:
		code, text = cli.CodeInterrupted, "interrupted; the member has the notice that an import began"
	}
	if run.Stays != "" {
		text += "; " + run.Stays
	}
	return &cli.Exit{Code: code, Err: errors.New(text)}
}

// report is what --format json writes, and what --answers reads once its answers are
// filled in (docs/formats.md).
type report struct {
	FormatVersion string             `json:"format_version"`
	Tenant        string             `json:"tenant"`
	Member        string             `json:"member"`
	Gateway       string             `json:"gateway"`
	Mark          string             `json:"mark"`
	End           workspace.ProbeEnd `json:"end"`
	Offered       int                `json:"offered"`
	Fetched       int                `json:"fetched"`
	Counted       int64              `json:"counted"`
	Stays         string             `json:"stays,omitempty"`
	Facts         []fact             `json:"facts"`
	Messages      []message          `json:"messages"`
	Questions     []question         `json:"questions"`
	Answers       map[string]string  `json:"answers"`
}

type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	How   string `json:"how"`
}

type message struct {
	Subject string `json:"subject"`
	Folder  string `json:"folder"`
	Is      string `json:"is"`
}

type question struct {
	Name    string   `json:"name"`
	Text    string   `json:"text"`
	Korean  string   `json:"korean"`
	Answers []choice `json:"answers"`
}

type choice struct {
	Value  string `json:"value"`
	Text   string `json:"text"`
	Korean string `json:"korean"`
}

func (o *options) reportOf(w *workspace.Workspace, p *workspace.Probe, run workspace.ProbeRun) report {
	r := report{FormatVersion: workspace.ReportVersion, Tenant: w.Identity(), Member: p.Login, Gateway: p.Gateway(), Mark: p.Mark, End: run.End,
		Offered: run.Offered, Fetched: run.Fetched, Counted: run.Counted, Stays: run.Stays, Facts: []fact{}, Messages: []message{}, Questions: []question{}, Answers: map[string]string{}}
	for _, f := range run.Facts {
		r.Facts = append(r.Facts, fact(f))
	}
	for _, m := range p.Messages(o.env.Now()) {
		r.Messages = append(r.Messages, message{m.Subject, m.Folder, m.Is})
	}
	if run.End != workspace.ProbeDone {
		return r
	}
	for _, q := range workspace.Questions(p.Mark) {
		one := question{Name: q.Name, Text: q.Text, Korean: q.Korean}
		for _, a := range q.Answers {
			one.Answers = append(one.Answers, choice(a))
		}
		r.Questions = append(r.Questions, one)
		r.Answers[q.Name] = ""
	}
	return r
}

// tellRun says what isa itself saw.
func (o *options) tellRun(w *workspace.Workspace, p *workspace.Probe, run workspace.ProbeRun) error {
	if o.format == "json" {
		return workspace.WriteJSON(o.env, o.reportOf(w, p, run))
	}
	lines := []string{fmt.Sprintf("%d of %d messages were fetched, and the service counted %d.", run.Fetched, run.Offered, run.Counted)}
	for _, f := range run.Facts {
		lines = append(lines, fmt.Sprintf("  %s = %s: %s", f.Name, f.Value, view.Line(f.How)))
	}
	return workspace.Print(o.env, lines...)
}

// later prints what is to be looked at, for a person who answers another time.
func (o *options) later(w *workspace.Workspace, p *workspace.Probe, run workspace.ProbeRun) error {
	if err := o.tellRun(w, p, run); err != nil || o.format == "json" {
		return err
	}
	r := o.reportOf(w, p, run)
	lines := append([]string{""}, o.lookAt(p)...)
	for _, q := range r.Questions {
		lines = append(lines, "", q.Name+": "+q.Text, "  "+q.Korean)
		for _, a := range q.Answers {
			lines = append(lines, fmt.Sprintf("  %-8s  %s / %s", a.Value, a.Text, a.Korean))
		}
	}
	form, err := formOf(w, p.Mark, r.Answers)
	return errors.Join(err, workspace.Print(o.env, append(append(lines, ""), form...)...))
}

// formOf says how answers are handed in, and is the file for it.
func formOf(w *workspace.Workspace, mark string, answers map[string]string) ([]string, error) {
	form, err := json.Marshal(struct {
		FormatVersion string            `json:"format_version"`
		Tenant        string            `json:"tenant"`
		Mark          string            `json:"mark"`
		Answers       map[string]string `json:"answers"`
	}{workspace.ReportVersion, w.Identity(), mark, answers})
	return []string{"Write the answers into a file and hand it in: isa doctor --answers FILE", "답을 파일에 적어 제출하세요: isa doctor --answers FILE", string(form)}, err
}

// lookAt lists the messages.
func (o *options) lookAt(p *workspace.Probe) []string {
	out := []string{fmt.Sprintf("Look into the mailbox of %s with NAVER WORKS Mail / %s 님의 메일함을 열어 보세요:", p.Login, p.Login)}
	for _, m := range p.Messages(o.env.Now()) {
		out = append(out, fmt.Sprintf("  %s  in %s: %s", m.Subject, m.Folder, m.Is))
	}
	return out
}
