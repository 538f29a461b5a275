# Members.

# person NAME LOGIN KEY REST makes a member whose password the administrator chose; REST
# is more of the body, beginning with a comma. Without SSO the member is pending.
person() {
  call 2xx POST /users "{\"domainId\":$domain_id,\"email\":\"$2@$domain\",\"userExternalKey\":\"$3\",\"userName\":{\"lastName\":\"${1%% *}\",\"firstName\":\"${1#* }\"},\"passwordConfig\":{\"passwordCreationType\":\"ADMIN\",\"password\":\"Ab1!$(openssl rand -hex 8)\",\"changePasswordAtNextLogin\":false}$4}"
}

# first_login ID is what the member does with the password.
first_login() {
  request POST "$FIRST_LOGIN?user=$(escape "$1")"
  [ "$status" = 204 ] || fail "the first login of $1: $status $(cat "$work/body")"
}

# seat UNIT HEAD [POSITION] is the organizations of a member with one post.
seat() {
  printf ',"organizations":[{"domainId":%s,"primary":true,"levelId":"externalKey:EXEC","orgUnits":[{"orgUnitId":"%s","primary":true,"isManager":%s,"positionId":%s}]}]' \
    "$domain_id" "$1" "$2" "${3:-null}"
}

refused 400 POST /users "{\"domainId\":$domain_id,\"email\":\"nobody@$domain\",\"userName\":{\"lastName\":\"무\"}}" # the invitation needs privateEmail
refused 400 POST /users "{\"domainId\":$domain_id,\"email\":\"No.Body@$domain\",\"userName\":{\"lastName\":\"무\"},\"privateEmail\":\"no@example.com\"}"
person '홍 길동' gildong.hong E1001 "$(seat "$sales" true "\"$head_of\""),\"nickName\":\"길동이\",\"telephone\":\"02-1234-5678\",\"hiredDate\":\"2020-03-02\",\"employeeNumber\":\"1001\",\"userTypeId\":\"externalKey:T1\",\"i18nNames\":[{\"language\":\"en_US\",\"firstName\":\"Gildong\",\"lastName\":\"Hong\"}]"
hong=$(field userId)
grep -q '"isPending":true' "$work/body" || fail "a new member is not pending: $(cat "$work/body")"
person '김 건창' gc.kim E1002 "$(seat externalKey:U-dev false)"
kim=$(field userId)
person '이 명진' mj.lee E1003 "$(seat "$sales1" false)"
lee=$(field userId)
person '박 서연' sy.park E1004 ""
park=$(field userId)
call 2xx POST /users "{\"domainId\":$domain_id,\"email\":\"sj.oh@$domain\",\"userName\":{\"lastName\":\"오\",\"firstName\":\"수진\"},\"privateEmail\":\"sj.oh@example.com\"}"
oh=$(field userId)
refused '400|409' POST /users "{\"domainId\":$domain_id,\"email\":\"gc.kim@$domain\",\"userName\":{\"lastName\":\"김\"},\"privateEmail\":\"x@example.com\"}"
refused 404 GET "/users/$(escape externalKey:E9999)"

# PATCH keeps, PUT resets.
call 200 PATCH "/users/$hong" '{"task":"영업 총괄","location":"서울 3층"}'
call 200 PATCH "/users/$hong" '{"location":null}'
call 200 PATCH "/users/$park" '{"nickName":"서연","telephone":"031-1"}'
call 200 PUT "/users/$(escape externalKey:E1004)" "{\"domainId\":$domain_id,\"email\":\"sy.park@$domain\",\"userExternalKey\":\"E1004\",\"userName\":{\"lastName\":\"박\",\"firstName\":\"서연\"},\"cellPhone\":\"010-2222-3333\",\"organizations\":[{\"domainId\":$domain_id,\"primary\":true,\"orgUnits\":[{\"orgUnitId\":\"$platform\",\"primary\":true,\"positionId\":\"externalKey:P3\"},{\"orgUnitId\":\"$support\",\"primary\":false,\"visible\":false,\"useTeamFeature\":false}]}]}"

# A new head makes the former one an ordinary member, without an error.
call 200 PATCH "/users/$kim" "{\"organizations\":[{\"domainId\":$domain_id,\"primary\":true,\"levelId\":\"$manager\",\"orgUnits\":[{\"orgUnitId\":\"$dev\",\"primary\":true},{\"orgUnitId\":\"$sales\",\"primary\":false,\"isManager\":true}]}]}"
unit '400|403|409' DELETE "/orgunits/$sales" # it has members
call 403 DELETE "/directory/levels/$manager?domainId=$domain_id"

# A new login ID; alias addresses.
call 200 PATCH "/users/$lee" "{\"email\":\"myungjin.lee@$domain\"}"
call 201 POST "/users/$kim/alias-emails/$(escape "ceo@$domain")"
call 201 POST "/users/$kim/alias-emails/$(escape "kim@$domain")"
call 204 DELETE "/users/$(escape "gc.kim@$domain")/alias-emails/$(escape "ceo@$domain")"

# States: suspended only in use, deleted for seven days, gone.
refused 400 POST "/users/$kim/suspend"
first_login "$kim"
first_login "$lee"
call 204 POST "/users/$kim/suspend"
refused 400 POST "/users/$kim/suspend"
call 204 POST "/users/$lee/suspend"
call 204 POST "/users/$lee/unsuspend"
call 204 POST "/users/$oh/send-invitation-email" '{"usePrivateEmail":true}'
refused 400 POST "/users/$lee/send-invitation-email" '{"usePrivateEmail":true}' # not pending
call 204 DELETE "/users/$oh"
call 200 POST "/users/$oh/undelete"
person '남궁 재현' jh.namgung E1005 ""
call 204 DELETE "/users/$(escape externalKey:E1005)/forcedelete"
refused 404 GET "/users/$(escape externalKey:E1005)"
refused '400|403' DELETE "/users/$admin"

refused 409 POST /users/external-keys "{\"users\":[{\"id\":\"$oh\",\"externalKey\":\"E1001\"}]}"
call 204 POST /users/external-keys "{\"users\":[{\"id\":\"sj.oh@$domain\",\"externalKey\":\"E1006\"}]}"
call 200 GET "/users/external-keys?domainId=$domain_id&hasExternalKey=false"
keep user-keyless
