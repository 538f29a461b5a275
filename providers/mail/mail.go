// Package mail describes the move of mail as data: the blocks mail_source,
// mail_gateway, wave and mail_migration, the product's rules for them, and how
// folders of an old server get names that the service takes. It does no I/O: what
// reads old mail is in providers/mail/imap, pop3, eml, mbox and maildir, what moves
// messages in internal/content.
//
// Facts come from reference/api/40-mail.md, 41-client-protocols.md (cited as 40
// and 41), reference/admin-formats-and-limits.md ("limits") and the rows of
// reference/migration-guide.md ("guide").
package mail

import (
	"github.com/isaworks/isa/internal/schema"
)

// The kinds.
const (
	SourceKind    = "mail_source"
	GatewayKind   = "mail_gateway"
	WaveKind      = "wave"
	MigrationKind = "mail_migration"
)

// memberKind is the kind of those whose mail moves.
const memberKind = "member"

// Schemas returns the kinds of mail, what is referred to before what refers to
// it. Each call makes new schemas, which the caller may extend before sharing
// them. Those of Objects are objects of the tenant, the others are none
// (schema.Kind.Content).
func Schemas() []*schema.Kind {
	return append([]*schema.Kind{source(), gateway(), wave(), migration()}, Objects()...)
}

// Phase is how far the move of a wave is.
type Phase string

// The phases, in their order; a wave never goes back without a guard lifted.
const (
	Presync Phase = "presync" // repeated passes
	Cutover Phase = "cutover" // the last pass; closed when nothing is left
	Live    Phase = "live"    // people work in the new mailbox: only what is new is added
)

// Phases lists them in their order.
func Phases() []Phase { return []Phase{Presync, Cutover, Live} }

// The ways on which mail that arrives during the move reaches both sides.
const (
	CoexistNone       = "none"
	CoexistForwarding = "forwarding" // the old server passes each arriving mail on
	CoexistRouting    = "routing"    // the old server delivers to both; equal addresses only
)

// The modes of logging in to an account of the old server.
const (
	LoginPassword = "password"
	LoginMaster   = "master"
	LoginOAuth    = "oauth"
)

// The ways in which servers are told whom a master user opens.
const (
	StyleAuthzid = "authzid"     // SASL PLAIN: the user to act as beside the master user
	StyleStar    = "user*master" // both in the login name (Dovecot)
)

// The types of sources: the block inside mail_source that says what it is.
const (
	TypeIMAP    = "imap"
	TypePOP3    = "pop3"
	TypeEML     = "eml"     // a folder of .eml files
	TypeMbox    = "mbox"    // mbox files
	TypeMaildir = "maildir" // a Maildir
)

// The routes on which mail reaches the new mailbox.
const (
	// RouteAppend: isa puts each message there by IMAP, with the member's app password.
	RouteAppend = "append"
	// RouteGateway: the service's own migration fetches from isa what isa offers.
	RouteGateway = "gateway"
	// RouteServer: the service's own migration fetches from the old server, once.
	RouteServer = "server"
)

func routes() []string { return []string{RouteAppend, RouteGateway, RouteServer} }

// DefaultMaxSize is the size in bytes up to which a message is offered to the
// service unless max_size says otherwise (41 §4: no limit is published, 40 MB is
// the careful value).
const DefaultMaxSize = 40 << 20

// serviceMaxSize is what the vendor's own import leaves out without a word (guide
// 0-28), in bytes. "50MB" may be meant in either unit; this is the smaller one.
const serviceMaxSize = 50_000_000

// serverMaxSize is the largest message that the service fetches from the old server by
// itself, in bytes.
const serverMaxSize = serviceMaxSize - 1
