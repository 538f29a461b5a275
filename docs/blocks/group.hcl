# A group: people and whole units, with a room, a mailing list and more. isa removes only
# what it put there, unless ownership is "exact".
group "move" {
  name           = "이사 준비 TF"
  members        = [member.hong, org_unit.sales]
  administrators = [member.hong]
}
