package mail

import (
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// breach is a rule that blocks can break: its code, a constant summary and what
// `isa explain CODE` says.
type breach struct{ code, summary, page string }

// at reports an error at a path.
func (b breach) at(path value.Path, detail, fix string) schema.Problem {
	return schema.Problem{Severity: diag.Error, Code: b.code, Path: path, Summary: b.summary, Detail: detail, Fix: fix}
}

// warn reports a warning at a path.
func (b breach) warn(path value.Path, detail, fix string) schema.Problem {
	p := b.at(path, detail, fix)
	p.Severity = diag.Warning
	return p
}

// The rules of one block.
var (
	ruleHost = breach{"mail.host", "No host of the mail source",
		"An IMAP or POP3 source needs the host of its server. Some presets know it; where customers have different ones, or it is not certain, it must be written: the old service tells it to users who set up a mail program."}
	rulePlain = breach{"mail.plain_text", "Connection without TLS",
		"With tls = \"none\" passwords and mail travel readable by everyone on the way. Use implicit TLS or STARTTLS if the server can; with a certificate that the server signed itself, name it in ca_file."}
	ruleTLS = breach{"mail.tls", "TLS settings that do not go together",
		"Port 993 (POP3: 995) speaks TLS from the first byte (implicit), port 143 (POP3: 110) begins in plain text and may change to TLS (starttls). Certificates mean nothing without TLS. Correct one of the two."}
	ruleLimits = breach{"mail.limits", "Limits that do not go together",
		"connections is for all accounts of the host, connections_per_account for one of them; time_zone belongs to hours; and two sources of one host have the same limits, or only one of them has some. Correct one of the two."}
	ruleRoute = breach{"mail.route", "Route that does not exist",
		"The route is the way on which mail reaches the mailbox. append: isa puts each message there by IMAP, with an app password that the member made. gateway: the service's own migration fetches batches from isa, by a mail_gateway. server: the service's own migration fetches the old mailbox itself, once."}
	ruleAppPassword = breach{"mail.app_password", "No app password",
		"The route append writes into the member's mailbox, which opens only to an app password. Members make one themselves after their first sign-in (profile > Security > 3rd-party app password; at most 5 each); no administrator can. Collect them in a table outside the repository, or age-encrypted, and read them with secret_table."}
	ruleConsent = breach{"mail.consent", "Consent is missing",
		"The vendor's rules want each member's consent to the use of their address and password for the move. Ask them, and write consent = true."}
	ruleDates = breach{"mail.dates", "Dates that leave nothing",
		"since is the first day whose mail moves, before the first whose mail does not. A since that is not earlier than before leaves no mail at all. Correct one of the two."}
	ruleLogin = breach{"mail.login", "Contradictory login block",
		"mode \"password\" takes user and password; \"master\" takes user, master_user, password and style; \"oauth\" takes user and command, a program that prints an access token. Write what the mode needs and remove the rest."}
	ruleSize = breach{"mail.max_size", "Larger than the service may take",
		"The service publishes no limit for messages put there by IMAP; its own import, which the route gateway uses, leaves out those of 50 MB and more without telling. By the route append larger ones may be refused one by one, and are listed then. Write a smaller max_size, and keep_large to keep the others as files."}
	ruleCoexistence = breach{"wave.coexistence", "Contradictory coexistence block",
		"forwarding and routing need since, the moment from which all arriving mail reaches both sides: later mail in received folders is not copied again. With mode = \"none\" there is no such moment. Correct one of the two."}
	rulePattern = breach{"mail.folder", "Folder that cannot be meant",
		"Folders are written as whole paths with / between the levels, or by their use: \\Inbox, \\Sent, \\Drafts, \\Trash, \\Junk, \\Archive, \\All, \\Flagged. A backslash is written twice in HCL: \"\\\\Junk\"."}
	ruleRename = breach{"mail.rename", "Renames that do not go together",
		"Each folder gets a name of its own: no two renames lead to one folder, none leads into the inbox, and a new name must be one that the service takes: at most 5 levels and 100 characters, letters, digits, spaces and ! @ ( ) - _ + [ ] { } , . & only. Choose other names."}
)

// The rules across blocks.
var (
	rulePlan = breach{"mail.plan", "Plan has no mail",
		"The plans free and lite have no mailboxes. Remove the mail_migration blocks, or write the right tenant.plan."}
	ruleTwice = breach{"mail.account_twice", "One account twice into one mailbox",
		"Two mail_migration blocks copy the same account into the same member's mailbox, so that every message would be moved twice. Remove one of them."}
	ruleAccount = breach{"mail.account_shared", "One account into two mailboxes",
		"Two mail_migration blocks copy the same account into different members' mailboxes: usually a login is in the wrong row, and somebody would read another person's mail. If the account is meant to be copied to both, write shared_account = true in each block."}
	ruleWaveTwice = breach{"wave.twice", "Member in two waves",
		"A member's mail moves with one wave. Take the member out of one of the two."}
	ruleWaveMember = breach{"wave.member", "Wave and migration disagree",
		"A wave with members lists everyone of the wave, each once. A mail_migration names the wave that lists its member, or none: then it is found by the member. Correct one of the two."}
	ruleWaveEmpty = breach{"wave.empty", "Wave without mail",
		"No mail_migration belongs to the wave, so that nothing is moved with it. Write mail_migration blocks for its members, or remove the wave."}
	ruleRouting = breach{"wave.routing", "Routing needs equal addresses",
		"With routing the old server delivers each mail to NAVER WORKS under the address it was sent to, so that the old address must be the member's address or an alias there. Write mode = \"forwarding\", or give the member the old address."}
	ruleLoginID = breach{"mail.address", "Member without an address",
		"The mailbox is opened by the member's login ID. Write login_id in the member's block."}
)

func breaches() []breach {
	return append(gatewayRules(),
		ruleHost, rulePlain, ruleTLS, ruleLimits, ruleRoute, ruleAppPassword, ruleConsent, ruleDates, ruleLogin, ruleSize,
		ruleCoexistence, rulePattern, ruleRename,
		rulePlan, ruleTwice, ruleAccount, ruleWaveTwice, ruleWaveMember, ruleWaveEmpty, ruleRouting, ruleLoginID, ruleForwardingLoop, ruleUnpromised,
	)
}

// Codes explains every code that Prepare and Read raise: what it means and the
// way out.
func Codes() map[string]string {
	codes := map[string]string{}
	for _, b := range breaches() {
		codes[b.code] = b.summary + ". " + b.page
	}
	return codes
}
