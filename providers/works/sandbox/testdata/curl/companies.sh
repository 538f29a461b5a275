# A second company of the tenant.

sleep "${PACE:-1}"
unit 201 POST /orgunits "{\"domainId\":$SECOND_DOMAIN_ID,\"orgUnitName\":\"물류팀\",\"orgUnitExternalKey\":\"U2-logistics\",\"displayOrder\":1}"
logistics=$(field orgUnitId)
# 박서연 moves there with a new address and key, and keeps her groups.
call 2xx POST "/users/$park/move" "{\"preserveGroup\":true,\"userExternalKey\":\"E2004\",\"organizations\":[{\"domainId\":$SECOND_DOMAIN_ID,\"primary\":true,\"email\":\"sy.park@$SECOND_DOMAIN\",\"orgUnits\":[{\"orgUnitId\":\"$logistics\",\"primary\":true,\"isManager\":true}]}]}"
refused '400|403' POST "/users/$admin/move" "{\"organizations\":[{\"domainId\":$SECOND_DOMAIN_ID,\"primary\":true,\"email\":\"admin@$SECOND_DOMAIN\"}]}"
# 홍길동 has a post in both.
call 200 PATCH "/users/$hong" "{\"organizations\":[{\"domainId\":$domain_id,\"primary\":true,\"levelId\":\"$director\",\"orgUnits\":[{\"orgUnitId\":\"$sales\",\"primary\":true,\"positionId\":\"$head_of\"}]},{\"domainId\":$SECOND_DOMAIN_ID,\"primary\":false,\"email\":\"gildong.hong@$SECOND_DOMAIN\",\"orgUnits\":[{\"orgUnitId\":\"$logistics\",\"primary\":true}]}]}"
call 200 GET "/users?domainId=$SECOND_DOMAIN_ID"
keep second-users
call 200 GET "/orgunits/$logistics/members?domainId=$SECOND_DOMAIN_ID"
keep logistics
