# Levels, positions and user types.

for list in levels positions user-types; do
  call '403|200' GET "/directory/$list" # before the feature is on
  call 204 POST "/directory/$list/enable?domainId=$domain_id"
  call 200 GET "/directory/$list?domainId=$domain_id"
done

# level NAME KEY ORDER EXECUTIVE makes a level and prints its ID.
level() {
  call 201 POST /directory/levels "{\"domainId\":$domain_id,\"levelName\":\"$1\",\"levelExternalKey\":\"$2\",\"displayOrder\":$3,\"executive\":$4,\"i18nNames\":[{\"language\":\"en_US\",\"name\":\"Level $3\"}]}"
}
level 이사 L1 1 true
director=$(field levelId)
level 부장 L2 2 false
manager=$(field levelId)
level 사원 L3 3 false
level 임시 L9 9 false
passing=$(field levelId)
refused 400 POST /directory/levels "{\"domainId\":$domain_id,\"levelName\":\"과장\",\"displayOrder\":4}" # executive is required
refused '409|400' POST /directory/levels "{\"domainId\":$domain_id,\"levelName\":\"사원\",\"displayOrder\":4,\"executive\":false}"
refused 409 POST /directory/levels/external-keys "{\"levels\":[{\"domainId\":$domain_id,\"id\":\"$director\",\"externalKey\":\"L2\"}]}"
call 204 POST /directory/levels/external-keys "{\"levels\":[{\"domainId\":$domain_id,\"id\":\"externalKey:L1\",\"externalKey\":\"EXEC\"},{\"domainId\":$domain_id,\"id\":\"$passing\",\"externalKey\":null}]}"
call 200 PATCH "/directory/levels/$manager" '{"displayOrder":-5,"i18nNames":[]}'
call 200 PUT "/directory/levels/$(escape externalKey:L3)" '{"levelName":"사원","displayOrder":3,"executive":false}' # no key: it is gone afterwards
call 204 DELETE "/directory/levels/$passing?domainId=$domain_id"
call 200 GET "/directory/levels/$director?domainId=$domain_id"

call 201 POST /directory/positions "{\"domainId\":$domain_id,\"positionName\":\"본부장\",\"positionExternalKey\":\"P1\",\"displayOrder\":1}"
head_of=$(field positionId)
call 201 POST /directory/positions "{\"domainId\":$domain_id,\"positionName\":\"팀장\",\"displayOrder\":2}"
lead=$(field positionId)
refused 400 POST /directory/positions "{\"domainId\":$domain_id,\"positionName\":\"실장\"}" # displayOrder is required
call 200 PUT "/directory/positions/$lead" '{"positionName":"파트장","displayOrder":2,"positionExternalKey":"P2"}'
call 204 POST /directory/positions/external-keys "{\"positions\":[{\"domainId\":$domain_id,\"id\":\"externalKey:P2\",\"externalKey\":\"P3\"}]}"

call 201 POST /directory/user-types "{\"domainId\":$domain_id,\"userTypeName\":\"정규직\",\"userTypeCode\":\"REGULAR\",\"userTypeExternalKey\":\"T1\",\"displayOrder\":1}"
call 201 POST /directory/user-types "{\"domainId\":$domain_id,\"userTypeName\":\"계약직\",\"displayOrder\":2}"
contract=$(field userTypeId)
call 200 PATCH "/directory/user-types/$contract" '{"userTypeCode":"CONTRACT_1","displayOrder":2}'
call 204 POST /directory/user-types/external-keys "{\"userTypes\":[{\"id\":\"$contract\",\"externalKey\":\"T2\"}]}"
refused 400 PATCH "/directory/user-types/$contract" '{"userTypeCode":"1st"}'
