package workspace

// codeMovedMailbox is of a moved block that takes one mailbox for another.
const codeMovedMailbox = "moved.mailbox"

// Codes explains each code that is raised where configuration, planner and product
// rules meet, with the way out.
func Codes() map[string]string {
	return map[string]string{
		codeMovedMailbox:     "A moved block says that a mail_migration was known by another address, and what stands there is the move of another account or into another mailbox: following it, somebody's mail would be taken for moved, or be moved twice. Take the moved block away, or correct it. A mailbox whose block got another label or key is known by its account and its member; it needs no moved block.",
		"handout.recipients": "A member has password { generate = true }, and isa { handout { recipients } } names no key, so that nobody could ever read the password. Make a key with age-keygen and write its public key there; isa handout --identity KEYFILE shows the passwords.",
		"guard.ledger.lost":  "The state remembers a ledger of mail that is missing, older or another one, so that isa does not know any more what it has moved. Restore the file beside the state (with those named like it and ending in -wal and -shm) from a backup. If there is none, move what is left of it away and run isa sync --allow ledger.lost=1 (or apply, or survey): isa then looks into the new mailboxes, recognises what is there and copies only the rest.",
		"guard.unknown":      "A guard block names a guard that there is not, so that its limit would hold nowhere. isa explain lists the guards; write them without guard. in front.",
	}
}
