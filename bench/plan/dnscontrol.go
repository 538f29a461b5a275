//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// dnscontrol is DNSControl with A records of one zone file.
type dnscontrol struct{ path string }

func (dnscontrol) name() string { return "dnscontrol" }

type dnsScene struct {
	dnscontrol
	dir string
	n   int
}

func (t dnscontrol) prepare(_ context.Context, dir string, n int, _ time.Duration) (scene, error) {
	var b strings.Builder
	b.WriteString(`var R=NewRegistrar("none"); var B=NewDnsProvider("bind");` + "\n" + `D("example.com", R, DnsProvider(B),` + "\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  A(\"h%d\",\"10.%d.%d.%d\"),\n", i, i>>16, i>>8&255, i&255)
	}
	b.WriteString(`  TXT("end","x"));` + "\n")
	if err := os.Mkdir(filepath.Join(dir, "zones"), 0o700); err != nil {
		return nil, err
	}
	if err := write(dir, "creds.json", `{"bind":{"TYPE":"BIND","directory":"zones"},"none":{"TYPE":"NONE"}}`); err != nil {
		return nil, err
	}
	return &dnsScene{t, dir, n}, write(dir, "dnsconfig.js", b.String())
}

func (s *dnsScene) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.path, args...)
	cmd.Dir = s.dir
	return cmd
}

func (s *dnsScene) plan(ctx context.Context, _ bool) *exec.Cmd { return s.command(ctx, "preview") }

func (s *dnsScene) says(out string, fresh bool) error {
	if none := strings.Contains(out, "Done. 0 corrections."); none == fresh {
		return fmt.Errorf("dnscontrol does not say what it should: %.500s", out)
	}
	return nil
}

func (s *dnsScene) settle(ctx context.Context, limit time.Duration) error {
	_, err := within(ctx, limit, func(ctx context.Context) *exec.Cmd { return s.command(ctx, "push") }, nil)
	return err
}

func (s *dnsScene) close() error { return nil }
