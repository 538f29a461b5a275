# Everything is read once more, by pages.

pages users '/users?'
pages users-by-name '/users?orderBy=NAME&sortOrder=DESCENDING&'
pages orgunits '/orgunits?'
pages groups '/groups?'
pages levels '/directory/levels?'
pages positions '/directory/positions?'
pages user-types '/directory/user-types?'
pages level-keys '/directory/levels/external-keys?'
call 200 GET "/orgunits/$dev/members"
keep dev-members
call 200 GET "/groups/$tf/members"
keep tf-members
call 200 GET "/groups/$tf/administrators"
keep tf-masters
for name in admin hong kim lee park oh support sales dev sales1 sales2 abroad platform tf notice director manager contract head_of lead logistics domain domain_id SECOND_DOMAIN SECOND_DOMAIN_ID; do
  printf '%s\t%s\n' "$name" "${!name}"
done >"$work/names.tsv"
