# Org units: a tree, made from the top down, then moved about.

# org NAME KEY ORDER PARENT makes a unit; PARENT is null or a quoted reference.
org() {
  unit 201 POST /orgunits "{\"domainId\":$domain_id,\"orgUnitName\":\"$1\",\"orgUnitExternalKey\":\"$2\",\"displayOrder\":$3,\"parentOrgUnitId\":$4}"
}
sleep "${PACE:-1}"
refused 400 POST /orgunits "{\"domainId\":$domain_id,\"orgUnitName\":\"순서 없음\"}" # displayOrder is required
org 경영지원본부 U-support 1 null
support=$(field orgUnitId)
org 영업본부 U-sales 2 null
sales=$(field orgUnitId)
org 개발본부 U-dev 3 null
dev=$(field orgUnitId)
org 영업1팀 U-sales1 1 "\"$sales\""
sales1=$(field orgUnitId)
org 영업2팀 U-sales2 2 '"externalKey:U-sales"'
sales2=$(field orgUnitId)
org 해외영업 U-abroad 1 "\"$sales\"" # the others shift by one
abroad=$(field orgUnitId)
org 플랫폼팀 U-platform 1 "\"$dev\""
platform=$(field orgUnitId)
org 없어질팀 U-gone 2 "\"$dev\""
gone=$(field orgUnitId)
org 없어질하위팀 U-gone2 1 "\"$gone\""
call '400|409' POST /orgunits "{\"domainId\":$domain_id,\"orgUnitName\":\"두번\",\"orgUnitExternalKey\":\"U-dev\",\"displayOrder\":1}"

unit 200 PATCH "/orgunits/$sales" "{\"description\":\"국내외 영업\",\"email\":\"sales@$domain\",\"aliasEmails\":[\"sell@$domain\"],\"useMessage\":true,\"useNote\":true,\"i18nNames\":[{\"language\":\"en_US\",\"name\":\"Sales\"}]}"
unit 200 PATCH "/orgunits/$sales2" '{"orgUnitName":"영업이팀","visible":false}'
unit 200 PATCH "/orgunits/$platform" '{"useMessage":true,"useFolder":true,"description":"곧 없어질 설명"}'
call 200 GET "/orgunits/$platform"
unit 200 PUT "/orgunits/$platform" "{\"domainId\":$domain_id,\"orgUnitName\":\"플랫폼실\",\"orgUnitExternalKey\":\"U-platform\",\"email\":\"$(field email)\"}" # switches and description fall back

# 영업1팀 goes below 개발본부, after 플랫폼실; 해외영업 to the top, first of all.
unit 200 POST "/orgunits/$sales1/move" "{\"parentOrgUnitId\":\"externalKey:U-dev\",\"displayOrder\":2}"
unit 200 POST "/orgunits/$abroad/move" '{"parentOrgUnitId":null,"displayOrder":1}'
unit 400 POST "/orgunits/$dev/move" "{\"parentOrgUnitId\":\"$platform\",\"displayOrder\":1}" # below itself
unit 204 DELETE "/orgunits/$gone"                                                        # with the empty unit below it
refused 404 GET "/orgunits/$(escape externalKey:U-gone2)"
call 204 POST /orgunits/external-keys "{\"orgUnits\":[{\"id\":\"$abroad\",\"externalKey\":\"U-global\"}]}"
call 200 GET "/orgunits/external-keys?domainId=$domain_id&hasExternalKey=true"
keep unit-keys
