//go:build unix

package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// passing is what isa status says of a pass in JSON.
type passing struct {
	Pass struct {
		State string
		End   time.Time
		Total pace
	}
	Mailboxes []struct {
		Address string
		Pass    *pace
	}
}

type pace struct {
	Items, Bytes, Expected int64
	Rate                   float64 `json:"items_per_second"`
	ByteRate               float64 `json:"bytes_per_second"`
	Left                   float64 `json:"seconds_left"`
}

// TestMailStatusOfAPass: while another process makes a pass isa status shows how far it
// is, how fast, and how long it takes, for each mailbox and in total; it notices that the
// process was killed, and tells when the last pass ended.
func TestMailStatusOfAPass(t *testing.T) {
	t.Parallel()
	m := newMove(t, moveOptions{target: mailtest.Dovecot})
	if err := m.source.Load("kim", mailtest.Corpus{Messages: 600, Folders: 4, MedianBytes: 2_000}); err != nil {
		t.Fatal(err)
	}
	if r := m.isa(t, m.dir, "status"); strings.Contains(r.stdout, "pass is under way") {
		t.Errorf("before the first pass: %v", r)
	}
	fast, err := os.ReadFile(filepath.Join(m.dir, "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	slow := strings.Replace(string(fast), "connections = 16", "connections = 16\n    messages_per_second = 20", 1)
	m.file("main.hcl", slow)
	cmd := m.command(m.dir, "sync")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var p passing
	for p.Pass.Total.Left == 0 || p.Mailboxes[0].Pass == nil {
		time.Sleep(100 * time.Millisecond)
		if p = m.passing(); p.Pass.State == "ended" {
			t.Fatalf("the pass ended before it was seen: %+v\n%s", p, out.String())
		}
	}
	one := *p.Mailboxes[0].Pass
	if p.Pass.State != "under way" || one.Items == 0 || one.Items >= 600 || one.Expected != 600 || one.Bytes == 0 || one.Rate <= 0 || one.ByteRate <= 0 || one.Left <= 0 || p.Pass.Total.Expected != 600 {
		t.Errorf("while it is under way: %+v, the mailbox %+v", p, one)
	}
	m.isa(t, m.dir, "status").says(t, "A pass is under way, begun", "of 600 messages", "/s", "left (0 of 1 mailbox)", "messages/s", "moving")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the pass ended before it was killed")
	}
	if p = m.passing(); p.Pass.State != "cut off" {
		t.Errorf("after it was killed: %+v", p)
	}
	m.isa(t, m.dir, "status").says(t, "No pass is under way; the last one was cut off")
	m.file("main.hcl", string(fast))
	m.sync(0)
	if p = m.passing(); p.Pass.State != "ended" || p.Pass.End.IsZero() || p.Pass.Total.Items == 0 || p.Pass.Total.Rate <= 0 || p.Pass.Total.Left != 0 {
		t.Errorf("after the last one: %+v", p)
	}
	m.isa(t, m.dir, "status").says(t, "No pass is under way; the last one ended", "messages, ", "/s.")
	rows, err := csv.NewReader(strings.NewReader(m.isa(t, m.dir, "status", "--format", "csv").stdout)).ReadAll()
	if err != nil || len(rows) < 3 {
		t.Fatal(rows, err)
	}
	cells := map[string]string{}
	for i, heading := range rows[0] {
		cells[heading] = rows[1][i]
	}
	if cells["pass"] != "ended" || cells["pass_messages"] == "" || cells["messages_per_second"] == "" || cells["seconds_left"] != "0.0" {
		t.Errorf("in CSV: %v", cells)
	}
}

func (m *move) passing() (p passing) {
	m.t.Helper()
	r := m.isa(m.t, m.dir, "status", "--format", "json")
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil {
		m.t.Fatalf("%v: %v", err, r)
	}
	return p
}
