package initial

import (
	"fmt"
	"slices"
	"strings"
)

// company is what the configuration is written from.
type company struct {
	domain   string
	domainID int
	plan     string
	people   *table   // nil: none
	units    *table   // nil: none
	today    string   // as 2024-03-02, in Seoul
	posts    *table   // nil: none
	tables   []string // paths of all tables of people, units and posts that were found
}

// quote writes text as a literal of the language.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{", "\n", `\n`).Replace(text) + `"`
}

// has reports whether the people's table has a field.
func (c *company) has(f field) bool { return c.people != nil && c.people.fields[f] != "" }

// cellOf is the cell of a field in a row: row["사번"].
func cellOf(row string, t *table, f field) string { return row + "[" + quote(t.fields[f]) + "]" }

// key is the field that people are told apart by.
func (c *company) key() field {
	for _, f := range []field{number, login, workMail} {
		if c.has(f) {
			return f
		}
	}
	return number
}

// home is the table that says who belongs where; nil: none does.
func (c *company) home() *table {
	for _, t := range []*table{c.posts, c.people} {
		if t != nil && (t.fields[unitCode] != "" || t.fields[unitName] != "") {
			return t
		}
	}
	return nil
}

// unit is the field of the home table by which units are known.
func (c *company) unit() field {
	h := c.home()
	if c.units == nil || h.fields[unitCode] == "" || h.fields[unitName] == "" {
		if h.fields[unitCode] != "" {
			return unitCode
		}
		return unitName
	}
	// both: the one whose texts are codes of the units' table
	codes, _ := c.units.values(unitCode)
	texts, _ := h.values(unitCode)
	for _, text := range texts {
		if slices.Contains(codes, text) {
			return unitCode
		}
	}
	return unitName
}

// several tells that a person may have several rows.
func (c *company) several() bool {
	return c.home() == c.posts && c.posts != nil || c.people != nil && c.people.repeated(c.key())
}

// tenantFile is who the tenant is and how it is reached.
func (c *company) tenantFile() string {
	var b strings.Builder
	fmt.Fprintf(&b, "isa {\n  required_version = \">= 0.1\"\n}\n\ntenant {\n  %s = %s\n  domain_id = %d\n  plan = %s\n\n", c.named(), quote(c.domain), c.domainID, quote(c.plan))
	var on []string
	for _, f := range []struct {
		field field
		name  string
	}{{grade, "job_grades"}, {position, "positions"}, {userType, "user_types"}} {
		if c.column(f.field) != nil {
			on = append(on, f.name+" = true")
		}
	}
	if c.english() {
		on = append(on, `multilingual_names = ["en_US"]`)
	}
	b.WriteString("  # What is switched on in the admin console; isa cannot read it.\n")
	if len(on) == 0 {
		b.WriteString("  # features { job_grades = true }\n")
	} else {
		b.WriteString("  features {\n")
		for _, feature := range on {
			fmt.Fprintf(&b, "    %s\n", feature)
		}
		b.WriteString("  }\n")
	}
	b.WriteString(`
  # From an app with a service account in the Developer Console, scope "directory".
  # Secrets stay in the environment: isa reads them when it sends a request, and
  # writes them nowhere.
  credentials {
    client_id = env("WORKS_CLIENT_ID")
    client_secret = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key = secret_env("WORKS_PRIVATE_KEY")
  }
}
`)
	return b.String()
}

// named is the argument that names the tenant: plans without mail have a group name
// and no domain.
func (c *company) named() string {
	if c.plan == "free" || c.plan == "lite" {
		return "group"
	}
	return "domain"
}

// column is the table that has a field of people and posts; nil: none.
func (c *company) column(f field) *table {
	for _, t := range []*table{c.people, c.posts} {
		if t != nil && t.fields[f] != "" {
			return t
		}
	}
	return nil
}
