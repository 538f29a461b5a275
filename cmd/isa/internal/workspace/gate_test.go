package workspace

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// shared is written by a pass and by what serves for it.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestATakeoverThatCannotListenIsToldAtOnce: isa gateway ends in the middle of a pass,
// and the pass may not use its port.
func TestATakeoverThatCannotListenIsToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	certificateIn(t, dir)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	said := &shared{}
	g, err := newGate(&cli.Env{Dir: dir, Err: said, Now: time.Now}, &mail.Gateway{Host: "gate.acme.example", Port: 993, Listen: taken.Addr().String(),
		Certificate: "cert.pem", Key: "key.pem", Spool: "spool", Quota: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	other, err := filelock.Take(t.Context(), filepath.Join(g.Spool.Dir(), servingLock), state.Holder{Who: "somebody"})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := g.during(t.Context(), nil)
	if err != nil || g.Down() != nil {
		t.Fatal(err, g.Down())
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for g.Down() == nil && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	if err := g.Down(); diag.ClassOf(err) != diag.Unavailable || !strings.Contains(err.Error(), "cannot listen") {
		t.Errorf("down: %v", err)
	}
	if err := stop(); diag.ClassOf(err) != diag.Unavailable {
		t.Errorf("stop: %v", err)
	}
	for _, want := range []string{"is served by somebody", "nobody serves ", "cannot listen on " + taken.Addr().String()} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("nothing of %q in %s", want, said.String())
		}
	}
}

// certificateIn writes a certificate and its key.
func certificateIn(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"gate.acme.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
