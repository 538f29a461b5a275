# Who is where follows from the appointments (발령) up to the date of --as-of; without
# it, from all that are written.
locals {
  today   = number(replace(coalesce(as_of(), "9999-12-31"), "-", ""))
  history = group_by([for r in sheet("../hr/appointments.csv") : r if number(replace(date(r["발령일"]), "-", "")) <= local.today], "사번")
  now     = { for number, rows in local.history : number => rows[length(rows) - 1] }
  people  = { for r in sheet("../hr/people.csv") : r["사번"] => r }
  staff   = { for number, a in local.now : number => a if a["구분"] != "퇴직" }
}

member "staff" {
  for_each      = local.staff
  external_key  = each.key
  login_id      = each.value["아이디"]
  last_name     = split_name(local.people[each.key]["성명"]).last
  first_name    = split_name(local.people[each.key]["성명"]).first
  job_grade     = job_grade.g[each.value["직급"]]
  cell_phone    = phone(local.people[each.key]["휴대폰"])
  private_email = local.people[each.key]["개인메일"]
  hired_on      = date(local.people[each.key]["입사일"])

  password { mode = "member" }

  belongs_to {
    org_unit = local.units[each.value["조직"]]
    position = each.value["직책"] == null ? clear : position.p[each.value["직책"]]
    head     = each.value["조직장"] == "Y"
  }

  # Who leaves is suspended and moved out of the way; isa proposes to delete the account
  # 90 days later, and lists what is lost then.
  lifecycle {
    on_remove    = "suspend"
    delete_after = "90d"
    leavers_unit = org_unit.leavers
  }
}
