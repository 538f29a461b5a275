package workspace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
)

// examineGateway checks what NAVER WORKS needs to fetch mail from this machine.
func (w *Workspace) examineGateway(ctx context.Context, g *mail.Gateway) []Check {
	name := g.Address.String()
	return []Check{
		w.examineName(ctx, name+" name", g), w.examinePort(ctx, name+" port", g),
		w.examineCertificate(name+" certificate", g), w.examineSpool(name+" spool", g),
	}
}

// examineName wants the public name to lead to public addresses. A rehearsal may stay
// on this machine.
func (w *Workspace) examineName(ctx context.Context, name string, g *mail.Gateway) Check {
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", g.Host)
	if err != nil {
		return failed(name, g.Host+" cannot be looked up", err, "enter it in the DNS, with a public address")
	}
	var all, inside []string
	for _, ip := range found {
		ip = ip.Unmap()
		all = append(all, ip.String())
		if !public(ip) {
			inside = append(inside, ip.String())
		}
	}
	c := Check{Name: name, Verdict: Fine, What: g.Host + " is " + strings.Join(all, ", ")}
	if len(inside) > 0 && !rehearsed(w.Identity()) {
		c.Verdict, c.Why, c.Fix = Failed, strings.Join(inside, ", ")+" cannot be reached from outside", "enter a public address in the public DNS; if this machine sees another DNS than the world, look from outside"
	}
	return c
}

// public reports an address that the world can reach.
func public(ip netip.Addr) bool {
	shared := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}

// examinePort connects to the public port. That proves nothing about the world, and
// nobody need be serving.
func (w *Workspace) examinePort(ctx context.Context, name string, g *mail.Gateway) Check {
	const proof = "that is no proof that it is so from outside"
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", g.Public())
	if err != nil {
		c := failed(name, g.Public()+" cannot be reached from here", err, "start isa gateway, or isa sync, which serves meanwhile, and look again; pass the port on to "+g.Listen)
		c.Verdict = Doubtful
		return c
	}
	c := Check{Name: name, Verdict: Fine, What: g.Public() + " can be reached from here; " + proof}
	if err := conn.Close(); err != nil {
		return failed(name, "the connection broke", err, "look again")
	}
	return c
}

// examineCertificate checks certificate and key as clients will.
func (w *Workspace) examineCertificate(name string, g *mail.Gateway) Check {
	pair, err := tls.LoadX509KeyPair(w.env.Path(g.Certificate), w.env.Path(g.Key))
	if err != nil {
		return failed(name, "certificate and key cannot be used together", err, "correct certificate and key: two PEM files that belong together")
	}
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return failed(name, "a certificate in the chain cannot be read", err, "get the chain from the authority again")
		}
		between.AddCert(c)
	}
	now := w.env.Now()
	if err := pair.Leaf.VerifyHostname(g.Host); err != nil {
		return failed(name, "it is for another name", err, "get one for "+g.Host)
	}
	if c := lifetime(name, pair.Leaf, now); c.Verdict == Failed {
		return c
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: now, DNSName: g.Host}); err != nil {
		c := failed(name, "this machine does not trust it", err, "get one of a public authority, and put the certificates between into the file, after it")
		if rehearsed(w.Identity()) {
			c.Verdict = Doubtful
		}
		return c
	}
	return lifetime(name, pair.Leaf, now)
}

// examineSpool checks the directory that mail waits in, and leaves it as it is.
func (w *Workspace) examineSpool(name string, g *mail.Gateway) Check {
	dir := filepath.Clean(w.env.Path(g.Spool))
	info, err := os.Stat(dir)
	at := dir
	switch {
	case errors.Is(err, fs.ErrNotExist):
		for at = filepath.Dir(dir); ; at = filepath.Dir(at) { // isa makes what is missing
			if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
				break
			}
		}
	case err != nil:
		return failed(name, dir+" cannot be looked at", err, "correct spool, or the rights of the directories above")
	case !info.IsDir():
		return Check{name, Failed, dir + " is no directory", "mail waits in files in it", "correct spool"}
	}
	if err := writable(at); err != nil {
		return failed(name, at+" cannot be written to", err, "give the user of isa the right to write there")
	}
	free, err := freeBytes(at)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return failed(name, "the room on the disk cannot be asked for", err, "look whether the disk is mounted")
	}
	known := err == nil
	switch {
	case known && free < g.Quota:
		return Check{name, Doubtful, fmt.Sprintf("%s has %s free, less than the quota of %s", at, view.Bytes(free), view.Bytes(g.Quota)), "a full disk makes reading wait, and other programs fail", "write a lower quota, or use another disk"}
	case info != nil && info.Mode().Perm()&0o077 != 0:
		return Check{name, Doubtful, fmt.Sprintf("%s can be read by others (%#o)", dir, info.Mode().Perm()), "mail waits in it; isa takes their rights away when it opens it", "chmod 700 " + dir}
	case !known:
		return Check{Name: name, Verdict: Fine, What: dir + " can be written to; the room on the disk is not known"}
	}
	return Check{Name: name, Verdict: Fine, What: fmt.Sprintf("%s can be written to, %s free for a quota of %s", dir, view.Bytes(free), view.Bytes(g.Quota))}
}

// writable makes a file in a directory and takes it away again.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".isa-doctor-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
