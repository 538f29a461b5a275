//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

type isaTool struct{ path string }

func (isaTool) name() string { return "isa" }

func buildIsa(ctx context.Context, dir string) (isaTool, error) {
	path := filepath.Join(dir, "isa")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/isaworks/isa/cmd/isa")
	if out, err := cmd.CombinedOutput(); err != nil {
		return isaTool{}, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return isaTool{path}, nil
}

type isaScene struct {
	isaTool
	dir     string
	members int
	server  *sandbox.Server
}

func (t isaTool) prepare(ctx context.Context, dir string, n int, _ time.Duration) (scene, error) {
	server, err := sandbox.New(sandbox.Options{Features: true})
	if err != nil {
		return nil, err
	}
	s := &isaScene{t, dir, n, server}
	if _, err := server.Start(ctx); err != nil {
		return nil, err
	}
	c := company.Make(company.Size{Members: n, Units: n / 10, Grades: 10, Positions: 10, Posts: n / 20, Seed: 1})
	if err := c.Write(dir); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *isaScene) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.path, args...)
	cmd.Dir, cmd.Env = s.dir, os.Environ()
	for k, v := range s.server.Env() {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

func (s *isaScene) plan(ctx context.Context, _ bool) *exec.Cmd { return s.command(ctx, "plan") }

func (s *isaScene) says(out string, fresh bool) error {
	want := "No changes."
	if fresh {
		want = fmt.Sprintf("Plan: %d to create", s.members+s.members/10+20)
	}
	if !strings.Contains(strings.ReplaceAll(out, ",", ""), want) {
		return fmt.Errorf("isa does not say %q", want)
	}
	return nil
}

func (s *isaScene) settle(ctx context.Context, limit time.Duration) error {
	_, err := within(ctx, limit, func(ctx context.Context) *exec.Cmd { return s.command(ctx, "apply", "--yes") }, nil)
	return err
}

func (s *isaScene) close() error { return s.server.Close() }
