#!/usr/bin/env bash
# Installs what the tests need and runs all of them: the second command of the README.
# usage: ./test.sh [--fuzz [PACKAGE ...]]    --fuzz also fuzzes each target of the packages (all) for ten seconds
set -euo pipefail
cd "$(dirname "$0")"

fuzz=()
if [ "${1-}" = --fuzz ]; then
  shift
  fuzz=("${@:-./...}")
fi

# The race detector needs a C compiler.
if ! command -v cc >/dev/null && ! command -v gcc >/dev/null; then
  case "$(uname -s)" in
  Linux)
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends gcc libc6-dev
    ;;
  Darwin)
    echo "The race detector needs a C compiler: run 'xcode-select --install', then this again." >&2
    exit 1
    ;;
  esac
fi

unformatted=$(gofmt -l cmd config planner state providers examples internal bench)
if [ -n "$unformatted" ]; then
  printf 'not gofmt-clean:\n%s\n' "$unformatted" >&2
  exit 1
fi

CGO_ENABLED=0 go build ./...
go vet ./...
CGO_ENABLED=1 go test -race -timeout 15m ./...

if [ ${#fuzz[@]} -gt 0 ]; then
  go list -f '{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}' "${fuzz[@]}" |
    while read -r pkg file; do
      [ -n "$pkg" ] || continue
      { grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" || true; } | while read -r _ target; do
        echo "fuzz $pkg $target"
        go test -run '^$' -fuzz "^$target\$" -fuzztime 10s -fuzzminimizetime 1x -parallel 2 "$pkg"
      done
    done
fi
