package mail

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// Server is where the service's mailboxes are opened by IMAP.
type Server struct {
	Host string
	Port int
	TLS  bool // false only on this machine
}

// Address is host:port.
func (s Server) Address() string { return hostPort(s.Host, s.Port) }

// TargetServer is the mail server of an edition, or the one that base names
// (imaps://host:port, imap://host:port on this machine; "" none). The host of the
// gov edition is published nowhere (41 §1), so that it must be given.
func TargetServer(edition, base string) (Server, error) {
	if base == "" {
		if edition == "gov" {
			return Server{}, &diag.Failure{Class: diag.Invalid, Op: "mail", Detail: "the mail host of the gov edition is not known",
				Fix: "set ISA_IMAP_BASE=imaps://HOST:993 with the host that the service tells for mail programs"}
		}
		return Server{Host: "imap.worksmobile.com", Port: 993, TLS: true}, nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || u.Scheme != "imap" && u.Scheme != "imaps" {
		return Server{}, &diag.Failure{Class: diag.Invalid, Op: "mail", Detail: "ISA_IMAP_BASE is no imap or imaps address", Fix: "set it to an address such as imaps://mail.example.com:993, or unset it"}
	}
	s := Server{Host: u.Hostname(), Port: map[string]int{"imap": 143, "imaps": 993}[u.Scheme], TLS: u.Scheme == "imaps"}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return Server{}, &diag.Failure{Class: diag.Invalid, Op: "mail", Detail: fmt.Sprintf("ISA_IMAP_BASE has the port %q", text), Fix: "write a port from 1 to 65535"}
		}
	}
	if !s.TLS && !loopback(s.Host) {
		return Server{}, &diag.Failure{Class: diag.Invalid, Op: "mail", Detail: "ISA_IMAP_BASE leads to another machine without TLS", Fix: "write imaps:// in front"}
	}
	return s, nil
}

func hostPort(host string, port int) string {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		host = "[" + host + "]"
	}
	return strings.ToLower(host) + ":" + strconv.Itoa(port)
}
