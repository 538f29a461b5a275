package imapgate

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire/wiretest"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
)

const (
	testUser     = "batch-1@gate.example.com"
	testPassword = "0123456789abcdef0123456789abcdef"
)

// file is an offer whose messages are in one file.
type file struct {
	data     *os.File
	folders  []Folder
	messages [][]Message
	at       [][]int64

	mu       sync.Mutex
	begun    map[place]int
	complete map[place]int
	fail     func(p place) (io.ReaderAt, error) // what Body does instead; nil: as it is
}

// Open lets one user in.
func (f *file) Open(user, password string) (Offer, error) {
	if user != testUser || password != testPassword {
		return nil, &diag.Failure{Class: diag.Denied, Op: "gateway-login", Detail: "wrong name or password"}
	}
	return f, nil
}

func (f *file) Name() string                  { return "batch-1" }
func (f *file) Folders() []Folder             { return f.folders }
func (f *file) Messages(folder int) []Message { return f.messages[folder] }
func (f *file) Close() error                  { return nil }

func (f *file) Body(folder, n int) (*io.SectionReader, error) {
	size := f.messages[folder][n].Size
	if f.fail != nil {
		if r, err := f.fail(place{folder, n}); r != nil || err != nil {
			return io.NewSectionReader(r, 0, size), err
		}
	}
	return io.NewSectionReader(f.data, f.at[folder][n], size), nil
}

func (f *file) Begun(folder, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun[place{folder, n}]++
}

func (f *file) Complete(folder, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.complete[place{folder, n}]++
}

func (f *file) completed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.complete)
}

// newFile makes an offer. Every third UID is left out.
func newFile(t testing.TB, each func(yield func(mailtest.Message) error) error) *file {
	t.Helper()
	data, err := os.Create(filepath.Join(t.TempDir(), "messages"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	f := &file{data: data, begun: map[place]int{}, complete: map[place]int{}}
	w := bufio.NewWriterSize(data, 1<<20)
	numbers := map[string]int{}
	at := int64(0)
	err = each(func(m mailtest.Message) error {
		i, known := numbers[m.Folder]
		if !known {
			i = len(f.folders)
			numbers[m.Folder] = i
			f.folders = append(f.folders, Folder{Path: strings.Split(m.Folder, "/"), UIDValidity: uint32(1700000000 + i), UIDNext: 1})
			f.messages, f.at = append(f.messages, nil), append(f.at, nil)
		}
		if m.Raw == nil {
			return nil
		}
		uid := f.folders[i].UIDNext
		f.folders[i].UIDNext = uid + 1 + uid%3/2
		f.messages[i] = append(f.messages[i], Message{UID: uid, Size: int64(len(m.Raw)), Date: m.Date, Flags: m.Flags})
		f.at[i] = append(f.at[i], at)
		at += int64(len(m.Raw))
		_, err := w.Write(m.Raw)
		return err
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	for i := range f.folders {
		switch f.folders[i].Path[len(f.folders[i].Path)-1] {
		case "Sent", "보낸메일함":
			f.folders[i].Use = providers.UseSent
		}
	}
	return f
}

func corpusFile(t testing.TB, c mailtest.Corpus) *file {
	t.Helper()
	return newFile(t, func(yield func(mailtest.Message) error) error {
		for _, name := range c.Names() {
			if err := yield(mailtest.Message{Folder: name}); err != nil {
				return err
			}
		}
		return c.Each(func(_ int, m mailtest.Message) error { return yield(m) })
	})
}

func messages(t testing.TB, list ...mailtest.Message) *file {
	t.Helper()
	return newFile(t, func(yield func(mailtest.Message) error) error {
		for _, m := range list {
			if err := yield(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// gate is a running gateway.
type gate struct {
	*Server
	addr   string
	caFile string
	roots  *x509.CertPool
	end    context.CancelFunc

	mu     sync.Mutex
	events []Event
	ended  chan error
}

// start serves offers until the test ends.
func start(t testing.TB, offers Offers, change ...func(*Options, *Server)) *gate {
	t.Helper()
	g := &gate{ended: make(chan error, 1)}
	dir := t.TempDir()
	opt := Options{Offers: offers, Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	writeCertificate(t, opt.Certificate, opt.Key)
	opt.Log = func(e Event) {
		if strings.Contains(e.Reason, "internal error") {
			t.Error(e.String())
		}
		if strings.Contains(e.String(), testPassword) {
			t.Error("the log holds a password")
		}
		g.mu.Lock()
		g.events = append(g.events, e)
		g.mu.Unlock()
	}
	for _, c := range change {
		c(&opt, nil)
	}
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&Options{}, s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.Server, g.addr, g.caFile = s, l.Addr().String(), opt.Certificate
	ctx, cancel := context.WithCancel(context.Background())
	g.end = cancel
	go func() { g.ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-g.ended; err != nil {
			t.Error(err)
		}
	})
	g.roots = x509.NewCertPool()
	pemBytes, err := os.ReadFile(g.caFile)
	if err != nil || !g.roots.AppendCertsFromPEM(pemBytes) {
		t.Fatal("no certificate", err)
	}
	return g
}

func writeCertificate(t testing.TB, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (g *gate) tls() *tls.Config { return &tls.Config{RootCAs: g.roots, ServerName: "localhost"} }

func (g *gate) account() mailtest.Account {
	return mailtest.Account{Addr: g.addr, User: testUser, Password: testPassword, TLS: g.tls()}
}

// told waits for an event.
func (g *gate) told(t testing.TB, match func(Event) bool) Event {
	t.Helper()
	for range 2000 {
		g.mu.Lock()
		events := slices.Clone(g.events)
		g.mu.Unlock()
		if i := slices.IndexFunc(events, match); i >= 0 {
			return events[i]
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the log does not tell of it")
	return Event{}
}

// talk is a conversation on a raw connection.
type talk struct{ *wiretest.Talk }

// converse connects from 127.0.0.1, or from another address of that network.
func (g *gate) converse(t testing.TB, from ...string) *talk {
	t.Helper()
	d := net.Dialer{}
	if len(from) > 0 {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from[0])}
	}
	raw, err := d.Dial("tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	if err := raw.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, g.tls())
	return &talk{wiretest.NewTalk(t, conn)}
}

func (k *talk) login() {
	k.T.Helper()
	k.Line()
	if got := k.Command("LOGIN " + testUser + " " + testPassword); !strings.HasPrefix(got, "x OK") {
		k.T.Fatal(got)
	}
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// until2 sends something and reads a line.
func (k *talk) until2(text string) string {
	k.T.Helper()
	k.Send("%s", text)
	return k.Line()
}

// tagged is the tagged answer to a command.
func (k *talk) tagged(line string) string {
	k.T.Helper()
	got := k.Command(line)
	return got[strings.LastIndex(got, "\n")+1:]
}

// below is the line of a LIST that names a folder below another.
func (k *talk) below(list string) string {
	for _, l := range strings.Split(list, "\n") {
		if strings.Contains(l, "-/&") {
			return l
		}
	}
	return ""
}

func itoa(n int) string { return strconv.Itoa(n) }

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// fastClock passes whenever somebody waits.
type fastClock struct {
	mu     sync.Mutex
	at     time.Time
	waited time.Duration
}

func (c *fastClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fastClock) after(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.waited += d
	done := make(chan time.Time, 1)
	done <- c.at
	return done
}

func limits(l Limits) func(*Options, *Server) {
	return func(o *Options, _ *Server) { o.Limits = l }
}
