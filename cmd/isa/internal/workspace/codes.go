package workspace

// Codes explains each code that is raised where configuration, planner and product
// rules meet, with the way out.
func Codes() map[string]string {
	return map[string]string{
		"handout.recipients": "A member has password { generate = true }, and isa { handout { recipients } } names no key, so that nobody could ever read the password. Make a key with age-keygen and write its public key there; isa handout --identity KEYFILE shows the passwords.",
		"guard.ledger.lost":  "The state remembers a ledger of mail that is missing, older or another one, so that isa does not know any more what it has moved. Restore the file beside the state (with those named like it and ending in -wal and -shm) from a backup. If there is none, move what is left of it away and run isa sync --allow ledger.lost=1 (or apply, or survey): isa then looks into the new mailboxes, recognises what is there and copies only the rest.",
		"guard.unknown":      "A guard block names a guard that there is not, so that its limit would hold nowhere. isa explain lists the guards; write them without guard. in front.",
	}
}
