package workspace

// Codes explains each code that is raised where configuration, planner and product
// rules meet, with the way out.
func Codes() map[string]string {
	return map[string]string{
		"handout.recipients": "A member has password { generate = true }, and isa { handout { recipients } } names no key, so that nobody could ever read the password. Make a key with age-keygen and write its public key there; isa handout --identity KEYFILE shows the passwords.",
		"guard.unknown":      "A guard block names a guard that there is not, so that its limit would hold nowhere. isa explain lists the guards; write them without guard. in front.",
	}
}
