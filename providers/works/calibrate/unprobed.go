package calibrate

// Unprobed are the facts of the sandbox's switches that are not probed here, each with
// the reason (docs/doctor.md).
func Unprobed() map[string]string {
	const (
		probe   = "isa doctor --probe-mail sees it, with a member who agrees"
		login   = "it takes a member's mailbox and app password; isa asks the server at each login, or copes with either"
		console = "it is a switch of the admin console, or the member's own, which the API neither reads nor writes"
		run     = "it takes a run of the migration that fails, is ended or is repeated; isa relies on neither answer"
	)
	out := map[string]string{
		"imap-lockout":             "wrong passwords in a row might lock somebody out",
		"imap-connections":         "it would take more connections than a member should have; isa lowers its number when one is refused",
		"imap-uidvalidity":         "it takes weeks to see that it stays; isa reads it at each visit",
		"imap-folder-count":        "it would take thousands of folders in somebody's mailbox",
		"imap-append-rate":         "it would take hundreds of messages in somebody's mailbox",
		"imap-admin":               console,
		"imap-member":              console,
		"mail-import":              console,
		"designated-ips":           console,
		"migration-certificate":    "it takes a gateway with a wrong certificate; isa serves a right one only",
		"migration-logins":         "it takes many members' runs at once",
		"migration-window":         "the gateway serves whatever is asked for, however much at once",
		"migration-total":          "it takes a message of 50 MB, which isa never offers",
		"migration-rollback":       run + "; and members would see it",
		"migration-busy":           run,
		"migration-cancel":         run,
		"pop3-tls":                 "it takes a POP3 server with and without TLS on all ports; the account's own is asked when it is used",
		"leave-null":               "isa sends both times or takes the leave back",
		"leave-over":               "it takes a leave that ends; one that is over is as good as none either way",
		"photo-upload":             "it would take a picture in somebody's profile; isa takes the other way where one is refused",
		"photo-host":               "the service may name another host at any time; the token goes to its own only",
		"photo-delete-none":        "either answer is understood",
		"external-chat":            console,
		"external-chat-delay":      "it would open a member to people outside; isa does not wait for it",
		"access-restrict-none":     "either answer is understood",
		"access-restrict-again":    "isa looks before it creates, and replaces where there is one",
		"custom-properties-patch":  "it would put a property into everybody's profile; isa sends all of a member's, emptied ones as null, which comes to the same",
		"user-move-status":         "it takes a second company; either answer is understood",
		"user-move-alias":          "it takes a second company; isa writes aliases again behind a move",
		"move-external-chat":       "it takes a second company and a member open to people outside; the service's answer is told",
		"concurrent-listed":        "it takes a second company; who is listed twice counts once",
		"invitation-expired":       "it takes 30 days; the service's answer is told",
		"forwarding-again":         "a forwarding cannot be read, so that one that somebody made would be lost; isa writes either way",
		"forwarding-outside":       "mail of somebody would leave the company; the service's answer is told when a forwarding is written",
		"imap-append-limit":        "it would take messages of 40 MB in somebody's mailbox; what is refused is told by name",
		"imap-append-refusal":      "it would take messages of 40 MB in somebody's mailbox; either refusal is understood",
		"imap-connections-refusal": "it would take more connections than a member should have; either refusal is understood",
	}
	for _, name := range []string{
		"mail-service-account", "migration-pending", "migration-none", "migration-total-running", "migration-fetch", "migration-connections",
		"migration-order", "migration-rolled-back", "migration-flags", "migration-dates", "migration-again", "migration-special-folders",
	} {
		out[name] = probe
	}
	for _, name := range []string{
		"imap-uidplus", "imap-literal-plus", "imap-idle", "imap-special-use", "imap-more", "imap-delimiter", "imap-folder-language", "imap-folder-name",
		"imap-folder-depth", "imap-system-folders", "imap-append-flags", "imap-append-date", "imap-append-duplicates", "imap-keywords", "imap-bare-lf", "imap-nul",
	} {
		out[name] = login
	}
	return out
}
