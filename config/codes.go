package config

import "maps"

// Codes explains every diagnostic code that Load raises by itself, each in one
// paragraph that ends with the way out. Codes of tables (table.*) are explained
// by the package that reads them.
func Codes() map[string]string {
	out := map[string]string{}
	for _, part := range []map[string]string{configCodes(), referenceCodes(), relocationCodes(), valueCodes()} {
		maps.Copy(out, part)
	}
	return out
}

func configCodes() map[string]string {
	return map[string]string{
		"config.address_duplicate": "Two blocks have the same type and label. Nested blocks share one space of names with those at the top, so that an object keeps its address when it moves in the tree. Give one of the blocks another label.",
		"config.as_of":             "The date given with --as-of is no date. Write it as YYYY-MM-DD.",
		"config.attribute_block":   "Some parts of an object are arguments (name = value), others are blocks (password { … }). This one was written the other way. Write it as the message shows.",
		"config.attribute_missing": "An argument that every such block needs is missing. Add it.",
		"config.attribute_unknown": "The block has no argument of this name; often it is a spelling mistake, and the message then names the closest one. Correct or remove it.",
		"config.backend":           "The state block names a backend that this version does not have. Use state \"local\".",
		"config.block_duplicate":   "A block that may stand only once stands twice, or a dynamic block makes more than one of them. Write them as one.",
		"config.block_label":       "A block has too few or too many labels, or a label that cannot be part of an address. Labels consist of letters, digits, _ and - and begin with a letter.",
		"config.block_unknown":     "There is no block of this type at this place; often it is a spelling mistake. Use one of the types that the message lists.",
		"config.cancelled":         "Reading the configuration was interrupted. Nothing was changed. Run the command again.",
		"config.domain":            "A tenant or company is identified by its mail domain (domain) or, on the plans free and lite, which have no mail, by its group name (group). Write the one that belongs to the plan, and each only once.",
		"config.domain_id":         "domain_id is the number of a domain in the developer console: greater than zero and different for each company. Copy it from there.",
		"config.dynamic":           "A dynamic block has one label (the type of the blocks to make), for_each, perhaps iterator, and one content block. Write it so, or write the blocks themselves.",
		"config.empty":             "The directory holds no *.hcl file. Write one, or name another directory with --chdir.",
		"config.expression":        "An expression could not be evaluated; the message says which part and why. Correct it.",
		"config.for_each":          "for_each takes a map or an object, whose keys become part of the addresses, or a set or list of texts, which are their own keys. Make a map of a table with { for r in local.rows : r[\"key\"] => r }.",
		"config.function":          "A function was called with arguments that it cannot use, for instance a date that is none. Correct the cell or the call.",
		"config.function_unknown":  "There is no function of this name. Use one that the language reference lists.",
		"config.guard":             "A guard limits how many objects may change at once, by max_count (0 or more), max_percent (0 to 100) or both. Set at least one of them.",
		"config.host":              "ISA_API_BASE and ISA_AUTH_BASE replace the hosts of the service, for the sandbox; they must be http or https addresses. ISA_IMAP_BASE replaces its mail host; it must be an imaps address, or an imap address of this machine, since without TLS passwords could be read on the way. Correct or unset them.",
		"config.key_duplicate":     "Two rows or elements give the same key, so two objects would have one address. The message names both cells where it can. Correct one of them, or collect several rows a key with group_by().",
		"config.key_null":          "A key is empty, so the object would have no address. Fill the cell in, or leave such rows out with if r[\"key\"] != null.",
		"config.lifecycle":         "A lifecycle block names an argument that the kind does not have, or a period that is none. Periods are days, such as 90d.",
		"config.local_duplicate":   "A local value is defined twice. Names of local values are unique over all files. Rename one.",
		"config.nested":            "A block with for_each stands for many objects, so a block inside it would not know which of them is its parent. Move the inner block out and name its parent.",
		"config.parent_twice":      "A nested block has the enclosing block as its parent and may not name another. Remove the argument, or move the block out.",
		"config.read":              "The directory or one of its files cannot be read. Check the path and the permissions.",
		"config.recipient":         "Generated passwords are encrypted to age public keys. Each begins with age1. Make a pair with age-keygen and write the public key.",
		"config.syntax":            "The file is not valid HCL at this place. Correct it; isa fmt refuses such files too and shows the same place.",
		"config.tenant_missing":    "The configuration does not say which tenant it describes. Write a tenant block with domain (or group) and domain_id.",
		"config.variable_type":     "The type of a variable must be a type, such as string, number, bool, list(string), map(string) or object({ name = string }). Correct it.",
		"config.variable_unknown":  "A value was given for a variable that no variable block declares. Correct the name, declare the variable, or remove the value.",
		"config.variable_unset":    "A variable without default has no value. Set it in a *.vars.hcl file, with --var name=value or in the environment as ISA_VAR_name.",
		"config.variable_value":    "The value of a variable does not have its type, or is not written out: values and defaults use no names and no functions. Give a value of the type.",
		"config.version":           "The configuration requires another version of isa, or the condition cannot be read. Install a version that fits, or correct required_version.",
	}
}

func referenceCodes() map[string]string {
	return map[string]string{
		"reference.attribute": "An expression reads an argument of another object that the kind does not have, that is a secret, or that only the service knows. Refer to the object itself, or read another argument.",
		"reference.column":    "An expression names a column that the table does not have, or that occurs twice. The message names the closest heading. Correct the name, or header_row if the headings stand further down.",
		"reference.cycle":     "Objects, local values or for_each need one another in a circle, so none can come first. The message lists the path. Break it at one place.",
		"reference.gone":      "find() did not find an object with this key. It gives null, so the element is left out of the list. Remove it from the configuration, or correct the key.",
		"reference.key":       "A block with for_each has no object with this key, or a map no such element. The message names the closest key. Correct the key or the cell it comes from; find() and lookup() accept a missing one.",
		"reference.kind":      "A reference points to an object of a kind that does not fit this argument. Refer to an object of the kind that the message names.",
		"reference.not_known": "A value or a key depends on something that is known only later. Use only values that are written in the configuration.",
		"reference.null":      "An expression takes a part of a value that is null, often because a cell is empty. Compare it with null first: x == null ? null : x.name.",
		"reference.text":      "The argument needs a reference to an object, not a text. Write the address without quotes: org_unit.hq or org_unit.hr[\"S100\"].",
		"reference.unknown":   "A name is not declared: no such block, local value or variable, or a text without quotes. The message names the closest one. Correct or declare it.",
	}
}

func valueCodes() map[string]string {
	return map[string]string{
		"secret.handle":         "The arguments of a secret_ function do not name a secret. Fill them in as the message says.",
		"secret.location":       "A table of secrets lies in the directory of the configuration and is not encrypted, so it could be published with it. Encrypt it with age, or move it out of the directory.",
		"secret.plain":          "An argument for a secret was given a text. Secrets are never written in a configuration: use secret_env, secret_file, secret_table, secret_command or secret_prompt. If the text was a real secret, change it.",
		"secret.use":            "A secret was used where its text would become visible: in a template, a condition, a key or an argument that takes no secret. Give it, by itself, to an argument that takes one.",
		"value.clear":           "clear empties an argument at the tenant. It stands for a whole argument or an entry of a map (names = { en_US = clear }), not for an element of a list, and not every argument can be emptied. Leave the argument out to leave it alone.",
		"value.enum":            "The argument takes only the values that the message lists. Use one of them.",
		"value.file":            "An argument names a file that cannot be read or that the service would refuse: too large, or in another format. Correct the path, which is relative to the directory of the configuration, or the file.",
		"value.file_advice":     "An argument names a file that the service takes, but that is not as the product advises. Change the file, or leave it as it is.",
		"value.missing":         "An argument that every object needs is null or empty in this object, often because a cell is empty. Fill it in, or leave the row out of for_each.",
		"value.name_unsure":     "split_name() could not tell with certainty where the family name ends: a foreign name, or one that can be split in two ways. Check it, and write last_name and first_name yourself if it is wrong.",
		"value.resident_number": "An expression reads a column of resident registration numbers. The law restricts their use, and no service needs them. Use another column and remove this one from the file.",
		"value.rule":            "The service would refuse this value; the message says by which rule. Correct the value or the cell it comes from.",
		"value.type":            "The value has a type that does not fit the argument, such as a text where a number is needed. Convert it: number(), == \"Y\", or an element of the list.",
		"table.outside":         "A table lies outside of the configuration, and the configuration is not read from a disk, so it cannot be reached. Put the table into the directory of the configuration.",
	}
}
