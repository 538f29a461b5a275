package mail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMailRulesOfTheMigrationGuide: each rule of the vendor's migration guide, section 2,
// has a configuration that breaks it, with what is then said, or a test of what isa does at
// the service. Rows are those of reference/migration-guide.md.
func TestMailRulesOfTheMigrationGuide(t *testing.T) {
	for _, rule := range []struct {
		row, rule string
		file      string // in testdata/wrong, or a file by its path
		has       string // what is said, or the test that the file holds
	}{
		{"0-21", "the old server is reached from outside", "guide_0-21_server_private", "mail.server"},
		{"0-22", "import of external mail is switched on", "guide_0-22_import_off", "error mail.import_switch"},
		{"0-22", "import of external mail: not known", "guide_0-22_import_unknown", "warning mail.import_switch"},
		{"2.4", "not with designated addresses only", "designated_addresses", "error mail.designated_addresses"},
		{"0-27", "a second run stores duplicates", "guide_0-27_run_once", "warning mail.server_once"},
		{"0-28", "50 MB and more is not fetched", "guide_0-28_50MB", "error mail.max_size"},
		{"0-29", "no special characters in names of folders", "folders_test.go", "special characters"},
		{"0-30", "at most 5 levels", "folders_test.go", "more than 5 levels"},
		{"0-31", "security is none or SSL", "server_starttls", "error mail.server"},
		{"0-31", "the login is an e-mail address", "server_login", "error mail.server"},
		{"0-32", "consent", "guide_0-32_consent", "error mail.consent"},
		{"0-36", "POP3: no sent mail", "guide_0-36_pop3_sent", "warning mail.inbox_only"},
		{"0-37", "POP3: one folder", "guide_0-37_pop3_one_folder", "error mail.inbox_only"},
		{"0-39", "POP3: 24 hours after failures", "guide_0-36_pop3_sent", "no more for 24 hours"},
		{"0-40", "POP3: 10 accounts", "guide_0-40_pop3_accounts", "error mail.import_accounts"},
		{"0-46", "EML files are on this machine", "server_files", "error mail.server"},
		{"0-53", "no gap before people work there", "../../planner/testdata/content/waves.txtar", "wave.gap"},
		{"0-54", "forwarding", "guide_0-54_server_dual", "warning mail.server_dual"},
		{"0-56", "routing wants equal addresses", "guide_0-56_routing", "error wave.routing"},
		{"0-22", "import of external mail is off at the service", "../../internal/e2e/gateway_switches_test.go", `"mail-import=off":`},
		{"2.4", "designated addresses only at the service", "../../internal/e2e/gateway_switches_test.go", `"designated-ips=on":`},
		{"0-26", "trouble stops it", "../../internal/e2e/gateway_safety_test.go", "func TestGatewaySurvivesKills("},
		{"0-27", "and isa refuses one", "../../internal/e2e/gateway_server_test.go", "func TestServerRunsOnce("},
		{"0-28", "and such a message does not keep others from being proven", "../../internal/content/pull_more_test.go", `"some are too large":`},
		{"0-36", "POP3: what arrives", "../../internal/e2e/gateway_server_test.go", "func TestServerFetchesByPOP3("},
		{"0-39", "POP3: 24 hours after failures, at the service", "../../internal/e2e/gateway_server_test.go", `"locked out":`},
		{"0-39", "POP3: isa gives the service no wrong password", "../../internal/e2e/gateway_server_test.go", "func TestServerNeverGivesAWrongPassword("},
		{"0-40", "POP3: 10 accounts, at the service", "../../internal/e2e/gateway_server_test.go", `"ten accounts":`},
		{"0-43", "POP3: consent", "guide_0-43_pop3_consent", "error mail.consent"},
		{"0-25", "notices at begin and end", "../../planner/testdata/content/runs.txtar", `"notices":6`},
	} {
		path := rule.file
		if filepath.Ext(path) == "" {
			path = filepath.Join("testdata", "wrong", path+".txtar")
		}
		data, err := os.ReadFile(path)
		_, said, wrong := strings.Cut(string(data), "-- want --")
		if !wrong {
			said = string(data)
		}
		if err != nil || !strings.Contains(said, rule.has) {
			t.Errorf("%s, %s: %s does not hold %q: %v", rule.row, rule.rule, path, rule.has, err)
		}
	}
}
