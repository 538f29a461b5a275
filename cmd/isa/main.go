// Command isa moves an organisation into NAVER WORKS and keeps its tenant as
// code: `isa plan`, `isa apply`. `isa demo` shows it without a tenant.
package main

import (
	"os"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/root"
)

func main() { os.Exit(root.Main(cli.System())) }
