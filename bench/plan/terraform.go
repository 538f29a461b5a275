//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// terraform is Terraform or OpenTofu with terraform_data.
type terraform struct {
	tool, path string
	forEach    bool
}

func (t terraform) name() string {
	if t.forEach {
		return t.tool + " (for_each)"
	}
	return t.tool + " (blocks)"
}

type terraformScene struct {
	terraform
	dir string
	n   int
}

// attributes are those of an object, in the order in which they are written.
func attributes(i int) [][2]string {
	return [][2]string{
		{"email", fmt.Sprintf("user%d@example.co.kr", i)}, {"name", fmt.Sprintf("홍길동%d", i)},
		{"dept", fmt.Sprintf("org%d", i%50)}, {"level", "사원"},
	}
}

func (t terraform) prepare(ctx context.Context, dir string, n int, limit time.Duration) (scene, error) {
	s := &terraformScene{t, dir, n}
	text := t.blocks(n)
	if t.forEach {
		text = t.instances(n)
	}
	if err := write(dir, "main.tf", text); err != nil {
		return nil, err
	}
	if err := write(dir, "cli.rc", ""); err != nil {
		return nil, err
	}
	_, err := within(ctx, limit, func(ctx context.Context) *exec.Cmd { return s.command(ctx, "init") }, nil)
	return s, err
}

func (terraform) blocks(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "resource \"terraform_data\" \"u%d\" {\n  input = {\n", i)
		for _, a := range attributes(i) {
			fmt.Fprintf(&b, "    %s = %q\n", a[0], a[1])
		}
		b.WriteString("  }\n}\n\n")
	}
	return b.String()
}

func (terraform) instances(n int) string {
	var b strings.Builder
	b.WriteString("locals {\n  users = {\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "    u%d = { ", i)
		for _, a := range attributes(i) {
			fmt.Fprintf(&b, "%s = %q, ", a[0], a[1])
		}
		b.WriteString("}\n")
	}
	b.WriteString("  }\n}\n\nresource \"terraform_data\" \"u\" {\n  for_each = local.users\n  input    = each.value\n}\n")
	return b.String()
}

func (s *terraformScene) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.path, append(args, "-no-color")...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_CONFIG_FILE="+filepath.Join(s.dir, "cli.rc"))
	return cmd
}

func (s *terraformScene) plan(ctx context.Context, _ bool) *exec.Cmd { return s.command(ctx, "plan") }

func (s *terraformScene) says(out string, fresh bool) error {
	want := "No changes."
	if fresh {
		want = fmt.Sprintf("Plan: %d to add", s.n)
	}
	if !strings.Contains(out, want) {
		return fmt.Errorf("%s does not say %q", s.tool, want)
	}
	return nil
}

// settle writes the state that an apply would leave: an apply of 10,000 objects takes
// these tools many minutes. That the plan then finds nothing to do proves the state.
func (s *terraformScene) settle(context.Context, time.Duration) error {
	type instance struct {
		Key        string         `json:"index_key,omitempty"`
		Schema     int            `json:"schema_version"`
		Attributes map[string]any `json:"attributes"`
		Sensitive  []any          `json:"sensitive_attributes"`
	}
	type resource struct {
		Mode      string     `json:"mode"`
		Type      string     `json:"type"`
		Name      string     `json:"name"`
		Provider  string     `json:"provider"`
		Instances []instance `json:"instances"`
	}
	of := func(i int) instance {
		values, types := map[string]string{}, map[string]string{}
		for _, a := range attributes(i) {
			values[a[0]], types[a[0]] = a[1], "string"
		}
		both := map[string]any{"value": values, "type": []any{"object", types}}
		return instance{Attributes: map[string]any{"id": fmt.Sprintf("00000000-0000-0000-0000-%012d", i), "input": both, "output": both, "triggers_replace": nil}, Sensitive: []any{}}
	}
	var all []resource
	for i := 1; i <= s.n; i++ {
		key := fmt.Sprint("u", i)
		if in := of(i); s.forEach {
			in.Key = key
			if i == 1 {
				all = []resource{{"managed", "terraform_data", "u", `provider["terraform.io/builtin/terraform"]`, nil}}
			}
			all[0].Instances = append(all[0].Instances, in)
		} else {
			all = append(all, resource{"managed", "terraform_data", key, `provider["terraform.io/builtin/terraform"]`, []instance{in}})
		}
	}
	data, err := json.Marshal(map[string]any{"version": 4, "terraform_version": "1.0.0", "serial": 1, "lineage": "bench", "outputs": map[string]any{}, "resources": all})
	if err != nil {
		return err
	}
	return write(s.dir, "terraform.tfstate", string(data))
}

func (s *terraformScene) close() error { return nil }
