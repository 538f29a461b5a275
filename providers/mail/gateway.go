package mail

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// Gateway is where the service's own migration fetches what isa offers.
type Gateway struct {
	Address addr.Address
	Host    string // the public name
	Port    int    // the public port
	// Listen is where isa itself listens, "address:port" or ":port".
	Listen string
	// Certificate and Key are PEM files, Spool a directory; relative to the
	// configuration.
	Certificate, Key, Spool string
	Quota                   int64          // bytes of the spool
	Allow                   []netip.Prefix // who may connect; empty: everybody
	Batch                   Batch
	Place                   diag.Place
	declared                *schema.Instance
}

// Public is host:port, as the service is told.
func (g *Gateway) Public() string { return hostPort(g.Host, g.Port) }

// Batch is how much one run of the service's migration fetches. Each run mails the
// member twice, and fails as a whole.
type Batch struct {
	Messages int           // at most
	Bytes    int64         // at most, unless a single message is larger
	Smallest int           // so few messages wait for more, unless it is the cutover
	Interval time.Duration // between two runs of one member, unless it is the cutover
	Runs     int           // at most, to find a message that makes a run fail
}

// DefaultBatch is what a mail_gateway says that has no batch block.
func DefaultBatch() Batch {
	return Batch{Messages: 2000, Bytes: 500 << 20, Smallest: 20, Interval: 6 * time.Hour, Runs: 16}
}

const (
	gatewayPort  = 993
	defaultQuota = 10 << 30
	longestPause = 30 * 24 * time.Hour
)

func gateway() *schema.Kind {
	return &schema.Kind{
		Type: GatewayKind, Version: 1, Content: true,
		Attrs: []schema.Attr{
			{Name: "host", Type: schema.Text(), Required: true, Check: texts(hostText), Doc: "The public name by which NAVER WORKS reaches the gateway. The certificate is for it."},
			{Name: "port", Type: schema.Whole(), Check: whole(1, 65535), Doc: "The public port; 993 when not given."},
			{Name: "listen", Type: schema.Text(), Check: texts(listenText), Doc: "Where isa listens, such as `10.0.0.5:1993` behind a port that is passed on; `:` and port when not given."},
			{Name: "certificate", Type: schema.Text(), Required: true, Doc: "PEM file of the certificate with those between it and a publicly trusted authority. Read again when it changes."},
			{Name: "key", Type: schema.Text(), Required: true, Doc: "PEM file of the certificate's private key."},
			{Name: "spool", Type: schema.Text(), Required: true, Doc: "Directory that holds messages from when they are read until their run is confirmed. On a disk with room for quota, and of nobody else."},
			{Name: "quota", Type: schema.Text(), Check: texts(sizeText), Doc: "How much the spool may hold, such as 50GB; 10GB when not given. When it is full, reading waits."},
			{Name: "allow", Type: schema.ListOf(schema.Text()), Check: texts(prefixText), Doc: "Addresses that may connect, such as 203.0.113.0/24; all when not given (the service's addresses are published nowhere)."},
			{Name: "batch", Block: true, Doc: "How much one run of the service's migration fetches. Each run mails the member twice and fails as a whole.", Type: schema.ObjectOf(
				schema.Attr{Name: "messages", Type: schema.Whole(), Check: whole(1, 100_000), Doc: "Messages at most; 2000 when not given."},
				schema.Attr{Name: "size", Type: schema.Text(), Check: texts(sizeText), Doc: "Bytes at most; 500MB when not given."},
				schema.Attr{Name: "smallest", Type: schema.Whole(), Check: whole(1, 100_000), Doc: "Fewer messages wait for more, except in the cutover; 20 when not given."},
				schema.Attr{Name: "interval", Type: schema.Text(), Check: texts(pauseText), Doc: "Shortest time between two runs of one member, such as 6h (when not given) or 30m; the cutover does not wait."},
				schema.Attr{Name: "runs", Type: schema.Whole(), Check: whole(1, 100), Doc: "Runs at most to find the message that makes a run fail; 16 when not given. Then what is left of the failing part is set aside."},
			)},
		},
		Prepare: prepareGateway,
		Title:   func(attrs value.Object) string { return value.Text(attrs["host"]) },
	}
}

func prepareGateway(in *schema.Instance) []schema.Problem {
	p := &problems{}
	g := gatewayOf(in)
	if ip, err := netip.ParseAddr(g.Host); err == nil && !ip.IsLoopback() {
		p.add(ruleGatewayHost.at(value.Of("host"), g.Host+" is an address, for which no usual authority makes certificates", "give the gateway a name in the DNS, and write that"))
	}
	if g.Batch.Smallest > g.Batch.Messages {
		p.add(ruleBatch.at(value.Of("batch", "smallest"), fmt.Sprintf("a run of at most %d messages never has %d", g.Batch.Messages, g.Batch.Smallest), "write a smallest that is not above messages"))
	}
	if g.Quota < g.Batch.Bytes {
		p.add(ruleQuota.at(value.Of("quota"), fmt.Sprintf("the spool may hold %s, one batch %s", bytesText(g.Quota), bytesText(g.Batch.Bytes)),
			"write a quota of several batches, or a smaller batch { size = … }"))
	}
	return p.list
}

// gatewayOf reads a block whose texts were checked.
func gatewayOf(in *schema.Instance) *Gateway {
	g := &Gateway{
		Address: in.Addr, Host: strings.ToLower(value.Text(in.Attrs["host"])), Port: number(in.Attrs["port"]), Listen: value.Text(in.Attrs["listen"]),
		Certificate: value.Text(in.Attrs["certificate"]), Key: value.Text(in.Attrs["key"]), Spool: value.Text(in.Attrs["spool"]),
		Batch: DefaultBatch(), declared: in,
	}
	if in.Where != nil {
		g.Place = in.Where(nil)
	}
	if g.Port == 0 {
		g.Port = gatewayPort
	}
	if g.Listen == "" {
		g.Listen = ":" + strconv.Itoa(g.Port)
	}
	if g.Quota, _ = parseSize(value.Text(in.Attrs["quota"])); g.Quota == 0 {
		g.Quota = defaultQuota
	}
	for _, text := range list(in.Attrs["allow"]) {
		if prefix, err := parsePrefix(text); err == nil {
			g.Allow = append(g.Allow, prefix)
		}
	}
	batch, _ := in.Attrs["batch"].(value.Object)
	if n := number(batch["messages"]); n > 0 {
		g.Batch.Messages = n
		g.Batch.Smallest = min(g.Batch.Smallest, n)
	}
	if n, _ := parseSize(value.Text(batch["size"])); n > 0 {
		g.Batch.Bytes = n
	}
	if n := number(batch["smallest"]); n > 0 {
		g.Batch.Smallest = n
	}
	if text := value.Text(batch["interval"]); text != "" {
		g.Batch.Interval, _ = time.ParseDuration(text)
	}
	if n := number(batch["runs"]); n > 0 {
		g.Batch.Runs = n
	}
	return g
}

// gateways refuses two gateways in one place.
func (r *reader) gateways() {
	for _, same := range []struct {
		name string
		of   func(*Gateway) string
		fix  string
	}{
		{"port", (*Gateway).Public, "give each a name or a port of its own, or use one gateway for all"},
		{"listen", func(g *Gateway) string { return g.Listen }, "write another listen"},
		{"spool", func(g *Gateway) string { return filepath.Clean(g.Spool) }, "give each a directory of its own"},
	} {
		first := map[string]*Gateway{}
		for _, g := range r.plan.Gateways {
			at := same.of(g)
			if other := first[at]; other != nil {
				r.report(g.declared, ruleGatewayTwice.at(value.Of(same.name), fmt.Sprintf("%s has the same %s: %s", other.Address, same.name, at), same.fix))
				continue
			}
			first[at] = g
		}
	}
}

// listenText wants "address:port" or ":port".
func listenText(text string) string {
	if _, port, ok := strings.Cut(text, ":"); ok && !strings.Contains(port, ":") {
		if n, err := strconv.Atoi(port); err == nil && strings.HasPrefix(text, ":") && n > 0 && n <= 65535 {
			return ""
		}
	}
	if at, err := netip.ParseAddrPort(text); err == nil && at.Port() > 0 {
		return ""
	}
	return fmt.Sprintf("%q is no place to listen; write :993 or 10.0.0.5:1993", text)
}

func prefixText(text string) string {
	if _, err := parsePrefix(text); err != nil {
		return fmt.Sprintf("%q is no range of addresses; write one such as 203.0.113.0/24 or 203.0.113.7", text)
	}
	return ""
}

// parsePrefix reads a range of addresses, or one address.
func parsePrefix(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

func pauseText(text string) string {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no time; write one such as 6h or 30m", text)
	case d < 0 || d > longestPause:
		return fmt.Sprintf("%s is not between 0s and 720h (30 days)", text)
	}
	return ""
}

// bytesText writes a size as configurations do.
func bytesText(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}} {
		if n >= unit.size {
			return strconv.FormatFloat(float64(n*10/unit.size)/10, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// Gateways are the gateways among the declared objects, by address. Read has them too,
// with what concerns several blocks checked.
func Gateways(objs []*schema.Instance) []*Gateway {
	var out []*Gateway
	for _, in := range objs {
		if in.Kind.Type == GatewayKind {
			out = append(out, gatewayOf(in))
		}
	}
	slices.SortFunc(out, func(a, b *Gateway) int { return addr.Compare(a.Address, b.Address) })
	return out
}
