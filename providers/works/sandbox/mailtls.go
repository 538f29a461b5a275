package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/isaworks/isa/internal/atomicfile"
)

// The files of the IMAP port's certificate. The certificate lies in a folder of its
// own, which programs can take for one of certificates to trust (SSL_CERT_DIR).
const (
	certificateDir = "imap-tls"
	certificate    = "certificate.pem"
	certificateKey = "imap-key.pem"
)

// mailTLS makes a certificate for loopback and the host that is listened on, or
// reads the one of the data folder.
func (s *Server) mailTLS() (*tls.Config, error) {
	dir := s.opt.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "isa-sandbox-tls-*"); err != nil {
			return nil, fmt.Errorf("sandbox certificate: %w", err)
		}
		s.mail.temp = dir
	}
	s.mail.trust = filepath.Join(dir, certificateDir)
	certFile, keyFile := filepath.Join(s.mail.trust, certificate), filepath.Join(dir, certificateKey)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && time.Now().Before(pair.Leaf.NotAfter) {
		return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("sandbox certificate: %w; remove %s and %s to have another made", err, certFile, keyFile)
	}
	certPEM, keyPEM, err := s.selfSigned()
	if err == nil {
		err = os.MkdirAll(s.mail.trust, 0o700)
	}
	if err == nil {
		err = atomicfile.Write(keyFile, 0o600, keyPEM)
	}
	if err == nil {
		err = atomicfile.Write(certFile, 0o600, certPEM)
	}
	if err == nil {
		pair, err = tls.X509KeyPair(certPEM, keyPEM)
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func (s *Server) selfSigned() (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "isa sandbox"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(2, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}}
	if host, _, err := net.SplitHostPort(s.opt.IMAP); err == nil && host != "" {
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// dropCertificate removes a certificate that is not kept.
func (s *Server) dropCertificate() error {
	if s.mail.temp == "" {
		return nil
	}
	return os.RemoveAll(s.mail.temp)
}
