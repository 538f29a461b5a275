#!/usr/bin/env bash
# Sets up a tenant by curl, reads it back and checks what was read: a second opinion on
# the sandbox. Every call is written from the documentation of API 2.0; no client code
# had a part in it. Needs curl, openssl and python3.
# usage: tenant.sh WORK_FOLDER
# environment: WORKS_CLIENT_ID, WORKS_CLIENT_SECRET, WORKS_SERVICE_ACCOUNT, WORKS_PRIVATE_KEY (PEM),
#   ISA_API_BASE (…/v1.0), ISA_AUTH_BASE (…/oauth2/v2.0)
#   PACE             seconds between two writes of org units (1, as the documentation demands)
#   FIRST_LOGIN      a URL; POST FIRST_LOGIN?user=ID is that member's first login, which the API
#                    has no call for
#   SECOND_DOMAIN    name of the second company of the tenant
#   SECOND_DOMAIN_ID its domain ID
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(realpath -m "$1")
mkdir -p "$work"
api=$ISA_API_BASE
auth=$ISA_AUTH_BASE
calls=0

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# request METHOD URL [CURL ARGUMENT ...] leaves status and body of the answer in $status
# and $work/body.
request() {
  local method=$1 url=$2
  shift 2
  calls=$((calls + 1))
  status=$(curl -sS -X "$method" -D "$work/head" -o "$work/body" -w '%{http_code}' --max-time 60 "$@" "$url")
}

# call WANTED METHOD PATH [JSON] calls the API. WANTED is a status, "2xx", or several
# divided by "|" where the documentation leaves it open.
call() {
  local wanted=$1 method=$2 path=$3
  : >"$work/body"
  if [ $# -gt 3 ]; then
    request "$method" "$api$path" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "$4"
  else
    request "$method" "$api$path" -H "Authorization: Bearer $token"
  fi
  case "|${wanted/2xx/$status}|" in
  *"|$status|"*) ;;
  *) fail "$method $path answered $status, not $wanted: $(cat "$work/body")" ;;
  esac
  if [ "${wanted#2}" != "$wanted" ] && [ "${status#2}" = "$status" ]; then
    fail "$method $path was refused with $status: $(cat "$work/body")"
  fi
}

# refused STATUS METHOD PATH [JSON] wants a refusal, with a body that has code and
# description.
refused() {
  call "$@"
  grep -q '"code":"[A-Z_]*"' "$work/body" && grep -q '"description":"' "$work/body" ||
    fail "$2 $3 was refused without code and description: $(cat "$work/body")"
}

# unit is call for a write of an org unit: one at a time, PACE seconds apart.
unit() {
  sleep "${PACE:-1}"
  call "$@"
}

# field NAME prints the first text of that name in the last answer.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/body" | head -1; }

# escape prints a text as it stands in a path or a query.
escape() {
  local LC_ALL=C text=$1 c i
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $c in
    [a-zA-Z0-9._~-]) printf %s "$c" ;;
    *) printf '%%%02X' "'$c" ;;
    esac
  done
}

# keep NAME keeps the last answer for the check at the end.
keep() { cp "$work/body" "$work/$1.json"; }

# pages NAME PATH reads a list page by page, three rows at a time, into NAME.1.json …
pages() {
  local name=$1 path=$2 n=0 cursor=""
  while :; do
    n=$((n + 1))
    [ $n -lt 100 ] || fail "$path never ends"
    call 200 GET "${path}count=3${cursor:+&cursor=$(escape "$cursor")}"
    keep "$name.$n"
    cursor=$(field nextCursor)
    [ -n "$cursor" ] || break
  done
  echo "$n" >"$work/$name.pages"
}

# shellcheck source-path=SCRIPTDIR
for part in token lists units members groups properties aside companies errors readback; do
  # shellcheck disable=SC1090 # named above
  . "$here/$part.sh"
done
python3 "$here/check.py" "$work"
echo "$calls calls"
