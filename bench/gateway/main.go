//go:build unix

// Command gateway measures how fast a mail program reads a mailbox from isa's gateway,
// beside how fast it reads the same mailbox from Dovecot: mbsync, over TLS with the same
// certificate, into empty maildirs, in turns. The gateway serves a spool in this
// process. What mbsync wrote is compared, byte by byte.
//
// Also, only when asked for: how much mail in files goes through a gateway whose spool
// is small, and how a gateway bears abuse.
//
//	go run ./bench/gateway -messages 20000 -runs 3
//	go run ./bench/gateway -eml 100000
//	go run ./bench/gateway -mbox 10GB
//	go run ./bench/gateway -abuse 10m
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// batch is the name of the only offer.
const batch = "benchmark-1"

// options are the flags.
type options struct {
	messages, median, runs int
	least                  float64
	profile                string
	size                   size
	abuse                  time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.messages, "messages", 20_000, "messages of the mailbox")
	flag.IntVar(&o.median, "median", 0, "median size of a message in bytes; 0: 7.5 KB")
	flag.IntVar(&o.runs, "runs", 3, "runs from each server, in turns")
	flag.Float64Var(&o.least, "least", 0.7, "the gateway's rate, as a part of Dovecot's, below which this fails")
	flag.StringVar(&o.profile, "cpuprofile", "", "file for the gateway's CPU profile")
	flag.IntVar(&o.size.eml, "eml", 0, "move so many .eml files through a gateway instead")
	flag.Func("mbox", "move an mbox of this `size` through a gateway instead, such as 10GB", bytesFlag(&o.size.mbox))
	flag.IntVar(&o.size.members, "members", 4, "members whose mail the files of -eml are")
	o.size.quota = 200e6
	flag.Func("quota", "`size` of the spool with -eml and -mbox (200MB)", bytesFlag(&o.size.quota))
	flag.DurationVar(&o.size.limit, "limit", 2*time.Hour, "a pass of -eml and -mbox that takes longer is given up")
	flag.DurationVar(&o.abuse, "abuse", 0, "abuse a gateway for so long instead, while a rightful client reads it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.play(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play is what the flags ask for.
func (o options) play(ctx context.Context) error {
	switch {
	case o.size.eml > 0 || o.size.mbox > 0:
		return o.size.play(ctx)
	case o.abuse > 0:
		return o.abused(ctx)
	}
	return o.compareRates(ctx)
}

// source is a server to read from.
type source struct {
	name           string
	addr           string
	user, password string
	took           []time.Duration
	cpu            []time.Duration // of mbsync
}

// compareRates reads from both servers in turns.
func (o options) compareRates(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp(inMemory(), "isa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	corpus := mailtest.Corpus{Messages: o.messages, MedianBytes: o.median, Seed: 1}
	dovecot, err := mailtest.StartDovecot(ctx, mailtest.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dovecot.Close()) }()
	if err := dovecot.Load("user", corpus); err != nil {
		return err
	}
	gate, end, err := serve(ctx, filepath.Join(dir, "spool"), filepath.Join(dovecot.Dir, "tls"), corpus)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	sources := []*source{{name: "Dovecot", addr: dovecot.IMAPS, user: "user", password: mailtest.Password}, gate}
	fmt.Printf("%d messages, %.1f MB, %d CPUs.\n", o.messages, float64(corpus.Bytes())/1e6, runtime.NumCPU())
	stop, err := o.startProfile()
	if err != nil {
		return err
	}
	if err := errors.Join(o.measure(ctx, dir, dovecot.CAFile, sources), stop()); err != nil {
		return err
	}
	return o.report(sources)
}

// inMemory is where files cost the least; "": the system's folder for such.
func inMemory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// serve puts the corpus into a spool and serves it.
func serve(ctx context.Context, dir, certificates string, corpus mailtest.Corpus) (*source, func() error, error) {
	s, err := spool.Open(dir, 0)
	if err != nil {
		return nil, nil, err
	}
	password, err := fill(ctx, s, corpus)
	if err != nil {
		return nil, nil, err
	}
	server, err := imapgate.New(imapgate.Options{Offers: s.Offers(), Certificate: filepath.Join(certificates, "cert.pem"), Key: filepath.Join(certificates, "key.pem")})
	if err != nil {
		return nil, nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	end := func() error { cancel(); return <-ended }
	return &source{name: "gateway", addr: l.Addr().String(), user: batch + "@gateway.example.com", password: password}, end, nil
}

func fill(ctx context.Context, s *spool.Spool, corpus mailtest.Corpus) (password string, err error) {
	b, err := s.Begin(batch, spool.Share{Items: corpus.Messages, Bytes: corpus.Bytes()})
	if err != nil {
		return "", err
	}
	w := b.Writer()
	folders := map[string]providers.Folder{}
	err = corpus.Each(func(_ int, m mailtest.Message) error {
		f, made := folders[m.Folder]
		if !made {
			var use providers.Use
			if m.Folder == "INBOX" {
				use = providers.UseInbox
			}
			if f, err = w.Create(ctx, strings.Split(m.Folder, "/"), use); err != nil {
				return err
			}
			folders[m.Folder] = f
		}
		_, err := w.Put(ctx, f, []providers.Message{{Item: providers.Item{Size: int64(len(m.Raw)), Date: m.Date, Flags: m.Flags}, Body: bytes.NewReader(m.Raw)}})
		return err
	})
	if err != nil {
		return "", err
	}
	if err := b.Freeze(); err != nil {
		return "", err
	}
	return s.Secret(batch)
}

func (o options) startProfile() (stop func() error, err error) {
	if o.profile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(o.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

// measure reads from each server in turns. What the last two runs wrote is compared.
func (o options) measure(ctx context.Context, dir, caFile string, sources []*source) error {
	for n := range o.runs {
		sums := make([]map[[sha256.Size]byte]int, len(sources))
		for i, s := range sources {
			mail := filepath.Join(dir, "mail")
			if err := s.read(ctx, mail, caFile); err != nil {
				return err
			}
			if n == o.runs-1 {
				var err error
				if sums[i], err = sum(mail); err != nil {
					return err
				}
			}
			if err := os.RemoveAll(mail); err != nil {
				return err
			}
			fmt.Printf("run %d, %-7s %7.2f s\n", n+1, s.name, s.took[n].Seconds())
		}
		if n == o.runs-1 {
			if err := o.compare(sums); err != nil {
				return err
			}
		}
	}
	return nil
}

// read is one run of mbsync into an empty folder.
func (s *source) read(ctx context.Context, mail, caFile string) error {
	if err := os.Mkdir(mail, 0o700); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	conf := filepath.Join(mail, "rc")
	text := fmt.Sprintf("FSync no\nIMAPAccount a\nHost localhost\nPort %s\nUser %s\nPass %s\nTimeout 120\nAuthMechs LOGIN\nSSLType IMAPS\nCertificateFile %s\n\nIMAPStore far\nAccount a\n\n"+
		"MaildirStore near\nPath %[5]s/folders/\nInbox %[5]s/folders/INBOX\nSubFolders Verbatim\n\nChannel c\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nCopyArrivalDate yes\nSyncState %[5]s/\n",
		port, s.user, s.password, caFile, mail)
	if err := errors.Join(os.WriteFile(conf, []byte(text), 0o600), os.Mkdir(filepath.Join(mail, "folders"), 0o700)); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "mbsync", "-q", "-c", conf, "-a")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("mbsync from %s: %w: %s", s.name, err, said.Bytes()[max(0, said.Len()-1000):])
	}
	s.took = append(s.took, time.Since(began))
	s.cpu = append(s.cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	return nil
}

// sum counts the messages of a tree of maildirs by their bytes, without the field that
// mbsync adds.
func sum(mail string) (map[[sha256.Size]byte]int, error) {
	out := map[[sha256.Size]byte]int{}
	err := filepath.WalkDir(filepath.Join(mail, "folders"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if in := filepath.Base(filepath.Dir(path)); in != "cur" && in != "new" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if at := bytes.Index(raw, []byte("X-TUID: ")); at >= 0 {
			if end := bytes.IndexByte(raw[at:], '\n'); end > 0 {
				raw = append(raw[:at], raw[at+end+1:]...)
			}
		}
		out[sha256.Sum256(raw)]++
		return err
	})
	return out, err
}

func (o options) compare(sums []map[[sha256.Size]byte]int) error {
	all := 0
	for key, n := range sums[0] {
		all += n
		if sums[1][key] != n {
			return fmt.Errorf("a message was read %d times from Dovecot and %d times from the gateway", n, sums[1][key])
		}
	}
	if all != o.messages || len(sums[0]) != len(sums[1]) {
		return fmt.Errorf("%d of %d messages were read", all, o.messages)
	}
	return nil
}

func (o options) report(sources []*source) error {
	fmt.Printf("\n| server | wall s, median | messages/s | mbsync's CPU s |\n| --- | --- | --- | --- |\n")
	var rates []float64
	for _, s := range sources {
		took := median(s.took)
		rates = append(rates, float64(o.messages)/took.Seconds())
		fmt.Printf("| %s | %.2f | %.0f | %.2f |\n", s.name, took.Seconds(), float64(o.messages)/took.Seconds(), median(s.cpu).Seconds())
	}
	ratio := rates[1] / rates[0]
	fmt.Printf("\nThe gateway serves mbsync at %.2f of Dovecot's rate.\n", ratio)
	if ratio < o.least {
		return fmt.Errorf("that is less than %.2f", o.least)
	}
	return nil
}

func median(list []time.Duration) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
