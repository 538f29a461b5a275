# What has calls of its own: photo, leave of absence, external chat, view restriction.

# A photo is announced, then sent to the URL of the answer: as multipart with the
# token, or by PUT as it is.
printf '\377\330\377\340first photo' >"$work/first.jpg"
printf '\377\330\377\340second, a larger photo' >"$work/second.jpg"
announce() { call 200 POST "/users/$1/photo" "{\"fileName\":\"photo.jpg\",\"fileSize\":$(wc -c <"$2" | tr -d ' ')}"; }
refused 404 GET "/users/$hong/photo"
refused 400 POST "/users/$hong/photo" '{"fileName":"photo.jpg","fileSize":10485761}'
announce "$hong" "$work/first.jpg"
request POST "$(field uploadUrl)" -H "Authorization: Bearer $token" -F "Filedata=@$work/first.jpg;type=image/jpeg"
[ "${status%??}" = 2 ] || fail "upload as multipart: $status $(cat "$work/body")"
announce "$lee" "$work/second.jpg"
request PUT "$(field uploadUrl)" -H 'Content-Type: image/jpeg' --data-binary "@$work/second.jpg"
[ "${status%??}" = 2 ] || fail "upload by PUT: $status $(cat "$work/body")"
# photo ID FILE wants that photo back.
photo() {
  call 302 GET "/users/$1/photo"
  request GET "$(sed -n 's/^[Ll]ocation: *\([^[:cntrl:]]*\).*/\1/p' "$work/head")" -H "Authorization: Bearer $token"
  [ "$status" = 200 ] && cmp -s "$work/body" "$2" || fail "the photo of $1 is not the one that was sent ($status)"
}
photo "$hong" "$work/first.jpg"
photo "$lee" "$work/second.jpg"
call 2xx DELETE "/users/$hong/photo"
refused 404 GET "/users/$hong/photo"

refused 400 POST "/users/$lee/set-leave-of-absence" '{"startTime":"2020-01-01T00:00:00+09:00"}'
call 204 POST "/users/$lee/set-leave-of-absence" '{"startTime":"2020-01-01T00:00:00+09:00","endTime":"2099-01-01T00:00:00+09:00"}'
call 204 POST "/users/$hong/set-leave-of-absence" '{"startTime":"2020-01-01T00:00:00+09:00","endTime":"2099-01-01T00:00:00+09:00"}'
call 204 POST "/users/$hong/clear-leave-of-absence"

refused 403 GET "/users/$lee/link-url"
call '202|204' POST "/users/$lee/link-to-works"
call 200 GET "/users/$lee/link-url"
old=$(field linkUrl)
call 200 POST "/users/$lee/link-url/reset"
[ "$(field linkUrl)" != "$old" ] || fail "the link was not reset"
call '202|204' POST "/users/$hong/link-to-line"
call '202|204' POST "/users/$hong/unlink-to-line"

refused 404 GET "/orgunits/$sales2/orgunit-access-restrict"
unit 2xx POST "/orgunits/$sales2/orgunit-access-restrict" '{"accessRestrictType":"ONLY_ME"}'
unit 200 PUT "/orgunits/$sales2/orgunit-access-restrict" "{\"accessRestrictType\":\"ONLY_MY_AND_SPECIFIED_ORGUNIT\",\"specifiedOrgUnits\":[{\"orgUnitId\":\"externalKey:U-dev\",\"includeSubOrgUnits\":true}]}"
unit 2xx POST "/orgunits/$dev/orgunit-access-restrict" '{"accessRestrictType":"ONLY_MY_ORGUNIT"}'
unit 204 DELETE "/orgunits/$dev/orgunit-access-restrict"
refused 404 GET "/orgunits/$dev/orgunit-access-restrict"
call 200 GET "/orgunits/$sales2/orgunit-access-restrict"
keep restriction
