#!/usr/bin/env bash
# Installs what the tests need and runs all of them: the second command of the README.
# usage: ./test.sh [--fuzz [PACKAGE ...]]    --fuzz also fuzzes each target of the packages (all) for ten seconds
#        ./test.sh --install                 only installs: a C compiler (for the race detector), Dovecot, Cyrus IMAP, mail clients, Graphviz, Chromium
set -euo pipefail
cd "$(dirname "$0")"

sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
updated=""

# apt_update fetches the lists of packages, once.
apt_update() {
  [ -n "$updated" ] || $sudo apt-get update -qq
  updated=yes
}

# apt_install keeps what it installs from starting: policy-rc.d answers for services
# meanwhile, and is put back as it was.
apt_install() {
  apt_update
  local policy=/usr/sbin/policy-rc.d kept=""
  if [ -e $policy ]; then
    kept=$(mktemp)
    cp -p $policy "$kept"
  fi
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod 755 $policy
  local failed=0
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || failed=$?
  if [ -n "$kept" ]; then
    $sudo cp -p "$kept" $policy
    rm "$kept"
  else
    $sudo rm $policy
  fi
  return $failed
}

# unpack_cyrus puts Cyrus where internal/mailtest looks for it, with the libraries
# that the system lacks. It cannot be installed: its packages exclude Dovecot's.
unpack_cyrus() {
  local cache=/var/cache
  [ "$(id -u)" = 0 ] || cache=${XDG_CACHE_HOME:-$HOME/.cache}
  local to=$cache/isa-test/cyrus
  [ ! -x "$to/usr/lib/cyrus/bin/imapd" ] || return 0
  apt_update
  mkdir -p "$cache/isa-test"
  local work
  work=$(mktemp -d "$cache/isa-test/unpack.XXXXXX")
  chmod 755 "$work"
  (
    cd "$work"
    needed=$(apt-get install -qq --no-install-recommends --print-uris cyrus-common libsasl2-modules |
      sed -n "s/^'[^']*' \(lib[^_]*\)_.*/\1/p")
    # shellcheck disable=SC2086 # one word a package
    apt-get download -qq -o APT::Sandbox::User="$(id -un)" cyrus-common cyrus-imapd cyrus-pop3d $needed
    mkdir root
    for deb in *.deb; do dpkg -x "$deb" root; done
  )
  rm -rf "$to"
  mv "$work/root" "$to"
  rm -rf "$work"
}

# fuzz_target fuzzes one target for ten seconds. When the time is over while an input is
# being run, Go reports "context deadline exceeded" as a failure although nothing was
# found (golang.org/issue/48591): what is found has an input, which Go writes down.
fuzz_target() {
  local log failed=0
  log=$(mktemp)
  go test -run '^$' -fuzz "^$2\$" -fuzztime 10s -fuzzminimizetime 1x -parallel 2 "$1" </dev/null 2>&1 | tee "$log" || failed=1
  if [ $failed = 1 ] && grep -q '^ *context deadline exceeded' "$log" && ! grep -qE 'Failing input|panic:|fatal error:|hanged|minimizing' "$log"; then
    echo "fuzz $1 $2: nothing found"
    failed=0
  fi
  rm "$log"
  return $failed
}

has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

has_browser() {
  has chromium || has chromium-browser || has google-chrome || has google-chrome-stable ||
    [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ] || [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

case "$(uname -s)" in
Linux)
  if has apt-get; then
    missing=()
    has cc || has gcc || missing+=(gcc libc6-dev)
    [ -x /usr/lib/dovecot/imap ] || missing+=(dovecot-imapd)
    [ -x /usr/lib/dovecot/pop3 ] || missing+=(dovecot-pop3d)
    has mbsync || missing+=(isync)
    has offlineimap || missing+=(offlineimap3)
    has fetchmail || missing+=(fetchmail)
    has curl || missing+=(curl)
    has dot || missing+=(graphviz)
    has python3 || missing+=(python3)
    has openssl || missing+=(openssl)
    if ! has_browser; then
      if grep -qs '^ID=ubuntu' /etc/os-release; then # its chromium only brings a snap, which cannot read the files of tests
        echo "The tests need a browser, and Ubuntu has no package of one: install Google's google-chrome-stable, then run this again." >&2
        exit 1
      fi
      missing+=(chromium)
    fi
    perl -MMail::IMAPClient -MIO::Socket::SSL -e1 2>/dev/null || missing+=(libmail-imapclient-perl libio-socket-ssl-perl)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
    unpack_cyrus
  elif ! has cc || ! has dovecot || ! has_browser; then
    echo "The tests need a C compiler, Dovecot, mail clients, Chromium, and Cyrus IMAP from Debian's packages: this script installs them on Debian and, but for the browser, on Ubuntu." >&2
    exit 1
  fi
  ;;
Darwin)
  has cc || { echo "The race detector needs a C compiler: run 'xcode-select --install', then this again." >&2; exit 1; }
  has dovecot || [ -x /opt/homebrew/sbin/dovecot ] || [ -x /usr/local/sbin/dovecot ] || brew install --quiet dovecot
  has dot || brew install --quiet graphviz
  has_browser || brew install --quiet --cask google-chrome
  ;;
esac
[ "${1-}" != --install ] || exit 0

fuzz=()
if [ "${1-}" = --fuzz ]; then
  shift
  fuzz=("${@:-./...}")
fi

unformatted=$(gofmt -l cmd config planner state providers examples internal bench)
if [ -n "$unformatted" ]; then
  printf 'not gofmt-clean:\n%s\n' "$unformatted" >&2
  exit 1
fi

CGO_ENABLED=0 go build ./...
go vet ./...
CGO_ENABLED=1 go test -race -timeout 28m ./...

if [ ${#fuzz[@]} -gt 0 ]; then
  go list -f '{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}{{"\n"}}{{end}}' "${fuzz[@]}" |
    while read -r pkg file; do
      [ -n "$pkg" ] || continue
      { grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" || true; } | while read -r _ target; do
        echo "fuzz $pkg $target"
        fuzz_target "$pkg" "$target"
      done
    done
fi
