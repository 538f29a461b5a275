# A group takes people and whole units. isa removes only members that it put there
# (ownership = "listed"); with "exact" it holds the group as written.
group "move" {
  name           = "이사 준비 TF"
  description    = "NAVER WORKS 도입을 준비하는 모임"
  administrators = [member.cfo]
  members        = [member.cfo, member.hr_lead, member.platform_lead, org_unit.design]
}
