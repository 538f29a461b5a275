// Command isa moves an organisation into NAVER WORKS and keeps its tenant as
// code: `isa plan`, `isa apply`. `isa demo` shows it without a tenant.
package main

import (
	"os"
	"runtime/debug"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/root"
)

// gcPercent collects garbage when half as much as is in use has come on top, not
// as much again: planning for 10,000 people then takes a fifth less memory and some
// 0.35 s more of CPU time, most of it beside the work (bench/README.md). GOGC
// overrides it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(root.Main(cli.System()))
}
