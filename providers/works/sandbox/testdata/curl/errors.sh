# Refusals of every call.

request GET "$api/users"
[ "$status" = 401 ] || fail "no token: $status"
request GET "$api/users" -H "Authorization: Bearer no-such-token"
[ "$status" = 401 ] || fail "a wrong token: $status"
request GET "$api/orgunits" -H "Authorization: Bearer $reader"
[ "$status" = 200 ] || fail "a token to read, reading: $status $(cat "$work/body")"
request POST "$api/orgunits" -H "Authorization: Bearer $reader" -H 'Content-Type: application/json' --data-binary "{\"domainId\":$domain_id,\"orgUnitName\":\"x\",\"displayOrder\":1}"
[ "$status" = 403 ] || fail "a token to read, writing: $status $(cat "$work/body")"
refused 400 GET '/users?count=101'
refused 400 GET '/users?cursor=nonsense'
refused '403|404' GET /users/me
refused 400 PATCH "/users/$hong" '{"userName":'
refused 400 PATCH "/users/$hong" '{"telephone":"call me"}'
