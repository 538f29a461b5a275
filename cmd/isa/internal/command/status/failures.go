package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
)

// failure is an item as --failures --format json writes it.
type failure struct {
	Address string    `json:"address"`
	Name    string    `json:"title,omitempty"`
	Wave    string    `json:"wave,omitempty"`
	Folder  string    `json:"folder"`
	Key     string    `json:"key"`
	Outcome string    `json:"outcome"`
	Why     string    `json:"why,omitempty"`
	Date    time.Time `json:"date,omitzero"`
	Bytes   int64     `json:"bytes"`
	Subject string    `json:"subject,omitempty"`
	Tries   int       `json:"tries,omitempty"`
}

// listFailures writes one item after another, however many there are.
func (o *options) listFailures(ctx context.Context, w *workspace.Workspace) error {
	write, end, err := o.failureWriter()
	if err != nil {
		return err
	}
	if err := w.Failures(ctx, write); err != nil {
		return err
	}
	return end()
}

func (o *options) failureWriter() (write func(workspace.Failure) error, end func() error, err error) {
	switch o.report.Format {
	case "json":
		write, end = jsonFailures(o.env.Out)
		return write, end, nil
	case "csv":
		return o.csvFailures()
	}
	n := 0
	last := ""
	return func(f workspace.Failure) error {
			n++
			if head := fmt.Sprintf("%s  %s, %s", f.Title, f.Address, f.Folder); head != last {
				last = head
				if err := workspace.Print(o.env, view.Line(head)); err != nil {
					return err
				}
			}
			text := fmt.Sprintf("  %s  %s  %s", strings.ReplaceAll(string(f.Outcome), "_", " "), day(f.Date), view.Bytes(max(f.Size, 0)))
			if f.Record.Title != "" {
				text += "  " + fmt.Sprintf("%q", view.Line(f.Record.Title))
			}
			if f.Note != "" {
				text += ": " + f.Note
			}
			return workspace.Print(o.env, view.Line(text))
		}, func() error {
			return workspace.Print(o.env, view.Plural(n, "message")+" not in the new mailboxes.")
		}, nil
}

func day(t time.Time) string {
	if t.IsZero() {
		return "no date"
	}
	return t.Format("2006-01-02 15:04")
}

func (o *options) csvFailures() (func(workspace.Failure) error, func() error, error) {
	c, err := workspace.NewCSV(o.env.Out, "address", "name", "wave", "folder", "outcome", "why", "date", "bytes", "subject", "key")
	if err != nil {
		return nil, nil, err
	}
	return func(f workspace.Failure) error {
		return c.Row(f.Address, f.Title, f.Wave, f.Folder, string(f.Outcome), f.Note, f.Date, f.Size, f.Record.Title, f.Key)
	}, c.Close, nil
}

func jsonFailures(w io.Writer) (func(workspace.Failure) error, func() error) {
	n := 0
	return func(f workspace.Failure) error {
			before := ",\n    "
			if n++; n == 1 {
				before = fmt.Sprintf("{\n  \"format_version\": %q,\n  \"failures\": [\n    ", workspace.ReportVersion)
			}
			data, err := json.Marshal(failure{
				Address: f.Address, Name: f.Title, Wave: f.Wave, Folder: f.Folder, Key: f.Key, Outcome: string(f.Outcome),
				Why: f.Note, Date: f.Date, Bytes: f.Size, Subject: f.Record.Title, Tries: f.Tries,
			})
			if err != nil {
				return err
			}
			_, err = io.WriteString(w, before+string(data))
			return err
		}, func() error {
			text := "\n  ]\n}\n"
			if n == 0 {
				text = fmt.Sprintf("{\n  \"format_version\": %q,\n  \"failures\": []\n}\n", workspace.ReportVersion)
			}
			_, err := io.WriteString(w, text)
			return err
		}
}
