# A token of the service account: a JWT assertion, signed with RS256.

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# assertion SECONDS prints an assertion that ends so long from now.
assertion() {
  local now text
  now=$(date +%s)
  text=$(printf '{"alg":"RS256","typ":"JWT"}' | base64url).$(printf '{"iss":"%s","sub":"%s","iat":%d,"exp":%d}' \
    "$WORKS_CLIENT_ID" "$WORKS_SERVICE_ACCOUNT" "$((now - 60))" "$((now + $1))" | base64url)
  printf '%s.%s' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "$work/key.pem" | base64url)"
}

# ask_token SECRET ASSERTION SCOPE asks for a token.
ask_token() {
  request POST "$auth/token" --data-urlencode "assertion=$2" --data-urlencode "client_secret=$1" \
    --data-urlencode 'grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer' \
    --data-urlencode "client_id=$WORKS_CLIENT_ID" --data-urlencode "scope=$3"
}

(umask 077 && printf '%s\n' "$WORKS_PRIVATE_KEY" >"$work/key.pem")
good=$(assertion 600)
ask_token wrong "$good" directory
[ "$status" = 401 ] && [ "$(field error)" = invalid_client ] || fail "a wrong secret: $status $(cat "$work/body")"
ask_token "$WORKS_CLIENT_SECRET" "$(assertion -10)" directory
[ "$status" = 400 ] && [ "$(field error)" = invalid_grant ] || fail "an assertion that is over: $status $(cat "$work/body")"
ask_token "$WORKS_CLIENT_SECRET" "${good%?????}AAAAA" directory
[ "$status" = 400 ] && [ "$(field error)" = invalid_grant ] || fail "a wrong signature: $status $(cat "$work/body")"
ask_token "$WORKS_CLIENT_SECRET" "$(assertion 600)" no.such.scope
[ "$status" = 400 ] && [ "$(field error)" = invalid_scope ] || fail "a scope that does not exist: $status $(cat "$work/body")"

ask_token "$WORKS_CLIENT_SECRET" "$(assertion 600)" directory.read
[ "$status" = 200 ] || fail "a token to read: $status $(cat "$work/body")"
reader=$(field access_token)
ask_token "$WORKS_CLIENT_SECRET" "$(assertion 600)" 'directory user group orgunit'
[ "$status" = 200 ] && [ "$(field token_type)" = Bearer ] || fail "a token: $status $(cat "$work/body")"
token=$(field access_token)
refresh=$(field refresh_token)
request POST "$auth/token" --data-urlencode "refresh_token=$refresh" --data-urlencode grant_type=refresh_token \
  --data-urlencode "client_id=$WORKS_CLIENT_ID" --data-urlencode "client_secret=$WORKS_CLIENT_SECRET"
[ "$status" = 200 ] || fail "refresh: $status $(cat "$work/body")"
token=$(field access_token)
rm "$work/key.pem"

# Who is there: the administrator. His company is ours.
call 200 GET /users
grep -q '"isAdministrator":true' "$work/body" || fail "the tenant has no administrator: $(cat "$work/body")"
admin=$(field userId)
domain_id=$(sed -n 's/.*"domainId":\([0-9]*\).*/\1/p' "$work/body" | head -1)
domain=$(field email)
domain=${domain#*@}
