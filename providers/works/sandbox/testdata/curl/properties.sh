# Custom properties and the other properties of a member.

# property NAME DISPLAY TYPE REST defines a custom property.
property() {
  call 2xx POST /directory/users/custom-properties "{\"domainId\":$domain_id,\"propertyName\":\"$1\",\"displayName\":\"$2\",\"propertyType\":\"$3\"$4}"
}
property shirt '티셔츠' STRING ',"options":[{"optionName":"M","displayName":"중"},{"optionName":"L","displayName":"대"}]'
property skills '기술' STRING ',"multiValued":true,"displayOrder":2'
property badge '사번카드' INTEGER ''
badge=$(field customPropertyId)
property joined '전입일' DATE ''
property home '홈페이지' LINK ''
property unused '안 씀' STRING ''
refused '400|409' POST /directory/users/custom-properties "{\"domainId\":$domain_id,\"propertyName\":\"shirt\",\"displayName\":\"다른 이름\",\"propertyType\":\"STRING\"}"
refused 400 POST /directory/users/custom-properties "{\"domainId\":$domain_id,\"propertyName\":\"1st\",\"displayName\":\"첫째\",\"propertyType\":\"STRING\"}"
refused 400 PATCH /directory/users/custom-properties/badge "{\"domainId\":$domain_id,\"propertyType\":\"STRING\"}"
call 200 PATCH "/directory/users/custom-properties/$badge" "{\"domainId\":$domain_id,\"displayName\":\"출입증\",\"readAccessType\":\"ADMIN_AND_SELF\"}"
call 200 GET "/directory/users/custom-properties/badge?domainId=$domain_id"
call 204 DELETE "/directory/users/custom-properties/unused?domainId=$domain_id"
call 200 GET "/directory/users/custom-properties?domainId=$domain_id"
keep properties

call 200 PATCH "/users/$lee" '{"customProperties":{"shirt":"L","skills":["Go","SQL"],"badge":77,"joined":"2024-01-02","home":{"text":"집","link":"https://example.com/lee"}}}'
refused 400 PATCH "/users/$lee" '{"customProperties":{"shirt":"XS"}}'
refused 400 PATCH "/users/$lee" '{"customProperties":{"badge":-1}}'
call 200 PATCH "/users/$lee" "{\"messenger\":{\"protocol\":\"CUSTOM\",\"customProtocol\":\"Slack\",\"messengerId\":\"lee\"},\"birthdayCalendarType\":\"LUNAR\",\"birthday\":\"1990-08-15\",\"locale\":\"en_US\",\"timeZone\":\"Europe/Berlin\",\"searchable\":false,\"relations\":[{\"relationUserId\":\"$kim\",\"relationName\":\"팀장\"}]}"
unit 200 PATCH "/orgunits/$dev" "{\"membersAllowedToUseOrgUnitEmailAsRecipient\":[{\"userId\":\"$kim\"}],\"membersAllowedToUseOrgUnitEmailAsSender\":[{\"userId\":\"$kim\"},{\"userId\":\"$lee\"}]}"
