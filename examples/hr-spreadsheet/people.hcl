member "staff" {
  for_each      = local.staff
  external_key  = each.key
  login_id      = each.value["아이디"]
  last_name     = split_name(each.value["성명"]).last
  first_name    = split_name(each.value["성명"]).first
  names         = { en_US = { last = each.value["Last"], first = each.value["First"] } }
  job_grade     = job_grade.g[each.value["직급"]]
  user_type     = each.value["고용형태"] == "계약직" ? user_type.contract : user_type.regular
  private_email = each.value["개인메일"]
  cell_phone    = phone(each.value["휴대폰"])
  hired_on      = date(each.value["입사일"])

  password { mode = "member" }

  dynamic "belongs_to" {
    for_each = lookup(local.posts, each.key, [])
    content {
      org_unit = org_unit.hr[belongs_to.value["부서코드"]]
      position = belongs_to.value["직책"] == null ? null : local.positions[belongs_to.value["직책"]]
      head     = belongs_to.value["조직장"] == "Y"
      primary  = belongs_to.value["주겸"] == "주"
    }
  }

  lifecycle {
    on_remove    = "suspend"
    delete_after = "90d"
  }
}

group "hr" {
  name           = "인사 담당"
  administrators = [find(member.staff, "000108")]
  members        = [find(member.staff, "000108"), org_unit.hr["B100"]]
}

# Guards stop a plan that does more of something than anyone would expect. Here 300
# people are invited at once; without this, isa plan refuses above 50.
guard "member.invitation" {
  max_count = 300
}
