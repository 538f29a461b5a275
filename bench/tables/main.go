//go:build unix

// Command tables measures the memory and the time that isa validate takes for one large
// table in each format. It ends with 1 when a table takes more than -limit.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/isatest"
)

// configuration makes members of those who are employed; %s is the table.
const configuration = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"
}

locals {
  rows = sheet(%q)
}

org_unit "hq" { name = "본사" }

member "staff" {
  for_each     = { for r in local.rows : r["사번"] => r if r["재직상태"] == "재직" }
  external_key = each.key
  login_id     = each.value["아이디"]
  last_name    = split_name(each.value["성명"]).last
  first_name   = split_name(each.value["성명"]).first
  cell_phone   = phone(each.value["휴대폰"])
  hired_on     = date(each.value["입사일"])

  belongs_to { org_unit = org_unit.hq }
}
`

// everything names no column, so that all texts are kept.
const everything = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"
}

locals {
  rows = sheet(%q)
}

org_unit "hq" { name = "열 ${length(keys(local.rows[0]))}개" }
`

func main() {
	rows := flag.Int("rows", 100_000, "rows of each table (65,535 at most in xls)")
	columns := flag.Int("columns", 20, "columns of each table, 8 at least")
	limit := flag.Float64("limit", 400, "MiB that isa validate may take")
	only := flag.String("only", "", "formats to measure, such as xlsx,csv; all if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rows, max(*columns, 8), *limit, *only); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rows, columns int, limit float64, only string) (err error) {
	dir, err := os.MkdirTemp("", "isa-tables")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	isa, err := isatest.Build(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%-10s %8s %8s  %24s  %24s\n", "table", "rows", "MiB", "5 columns, 1/5 members", "all columns kept")
	worst := 0.0
	for _, f := range formats() {
		if only != "" && !strings.Contains(","+only+",", ","+filepath.Ext(f.name)[1:]+",") && !strings.Contains(","+only+",", ","+f.name+",") {
			continue
		}
		n := f.most(rows)
		if err := f.file(dir, people(n, columns)); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		info, err := os.Stat(filepath.Join(dir, f.name))
		if err != nil {
			return err
		}
		fmt.Printf("%-10s %8d %8.1f", f.name, n, float64(info.Size())/(1<<20))
		for _, text := range []string{configuration, everything} {
			figures, err := validate(ctx, isa, dir, fmt.Sprintf(text, f.name))
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			worst = max(worst, figures.MiB)
			fmt.Printf("  %9.0f MiB, %6.1f s", figures.MiB, figures.CPU.Seconds())
		}
		fmt.Println()
	}
	if worst > limit {
		return fmt.Errorf("%.0f MiB are more than %.0f", worst, limit)
	}
	return nil
}

// validate measures isa validate of a configuration beside the tables.
func validate(ctx context.Context, isa, dir, configuration string) (measure.Figures, error) {
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(configuration), 0o600); err != nil {
		return measure.Figures{}, err
	}
	return measure.Run(ctx, func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, isa, "validate", "--chdir", dir)
	}, 5*time.Minute, nil)
}
