# Groups, their members and masters.

refused 400 POST /groups "{\"domainId\":$domain_id,\"groupName\":\"주인 없음\",\"members\":[]}"
call 2xx POST /groups "{\"domainId\":$domain_id,\"groupName\":\"이사 준비 TF\",\"groupExternalKey\":\"G1\",\"description\":\"도입 준비\",\"useMessage\":true,\"useNote\":true,\"administrators\":[{\"userId\":\"$hong\"}],\"members\":[{\"id\":\"$hong\",\"type\":\"USER\"},{\"id\":\"$dev\",\"type\":\"ORGUNIT\"}]}"
tf=$(field groupId)
call 2xx POST /groups "{\"domainId\":$domain_id,\"groupName\":\"전체 공지\",\"administrators\":[{\"userId\":\"externalKey:E1002\"}],\"members\":[{\"id\":\"$tf\",\"type\":\"GROUP\"}],\"useMail\":true,\"groupEmail\":\"notice@$domain\",\"canReceiveExternalMail\":true}"
notice=$(field groupId)
refused '409|400' POST /groups "{\"domainId\":$domain_id,\"groupName\":\"이사 준비 tf\",\"administrators\":[{\"userId\":\"$hong\"}],\"members\":[]}" # names ignore case
call 201 POST "/groups/$tf/members" "{\"id\":\"externalKey:E1003\",\"type\":\"USER\"}"
refused 409 POST "/groups/$tf/members" "{\"id\":\"$lee\",\"type\":\"USER\"}"
refused 400 DELETE "/groups/$tf/members/$dev" # type is required
call 204 DELETE "/groups/$tf/members/$dev?type=ORGUNIT"
refused 404 DELETE "/groups/$tf/members/$dev?type=ORGUNIT"
call 201 POST "/groups/$tf/administrators" "{\"userId\":\"$lee\"}"
call 204 DELETE "/groups/$tf/administrators/$hong"
refused '400|403' DELETE "/groups/$tf/administrators/$lee" # the last one
call 200 PATCH "/groups/$tf" '{"useMessage":false}' # switches note off, too
call 200 PUT "/groups/$notice" "{\"domainId\":$domain_id,\"groupName\":\"공지\",\"administrators\":[{\"userId\":\"$kim\"}],\"members\":[{\"id\":\"$tf\",\"type\":\"GROUP\"},{\"id\":\"$park\",\"type\":\"USER\"}]}"
call 204 POST /groups/external-keys "{\"groups\":[{\"id\":\"$notice\",\"externalKey\":\"G2\"}]}"
call 200 GET "/groups/external-keys?domainId=$domain_id"
keep group-keys
