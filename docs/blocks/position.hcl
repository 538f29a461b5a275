# A position (직책) of a company, which members have in a unit.
position "lead" { name = "팀장" }
