//go:build unix

// Command gateway kills isa, its gateway and the source at random moments of passes
// through the gateway, has runs undone, forbids imports and replaces the certificate,
// and checks that nothing is lost or doubled. Isa is the binary that users run, the
// sandbox the service that fetches. It tells stories of bench/soak/mail/story with one
// seed after the other.
//
//	go run ./bench/soak/gateway -stories 30
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/soak/mail/story"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

func main() {
	stories := flag.Int("stories", 30, "stories to tell")
	seed := flag.Uint64("seed", 1, "seed of the first one")
	messages := flag.Int("messages", 250, "messages at the beginning of each")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *stories, *seed, *messages); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stories int, seed uint64, messages int) (err error) {
	dir, err := os.MkdirTemp("", "isa-soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "isa")
	if err := tenant.Build(ctx, binary); err != nil {
		return err
	}
	certificates := [2]string{filepath.Join(dir, "tls0"), filepath.Join(dir, "tls1")}
	_, roots, err := mailtest.Certificate(certificates[0])
	if err != nil {
		return err
	}
	other, _, err := mailtest.Certificate(certificates[1])
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(other)
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		return errors.Join(fmt.Errorf("%s holds no authority", other), err)
	}
	var who []string
	for n := range uint64(stories) {
		who = append(who, fmt.Sprintf("s%d", seed+n))
	}
	members, err := tenant.Start(ctx, binary, filepath.Join(dir, "tenant"), who, sandbox.Options{ImportRoots: roots})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, members.Close()) }()
	began := time.Now()
	var sum story.GatewayOutcome
	for n, w := range who {
		place := filepath.Join(dir, w)
		out, err := story.TellGateway(ctx, story.GatewayOptions{Tenant: members, Who: w, Dir: place, Certificates: certificates, Seed: seed + uint64(n), Messages: messages})
		sum.Add(out)
		if err != nil {
			return fmt.Errorf("story %s: %+v: %w", w, out, err)
		}
		fmt.Printf("story %s: %+v\n", w, out)
		if err := os.RemoveAll(place); err != nil {
			return err
		}
	}
	fmt.Printf("%d stories, %+v in %s: nothing lost, nothing doubled\n", stories, sum, time.Since(began).Round(time.Second))
	return nil
}
