job_grade "g" {
  for_each  = { for r in sheet("hr/grades.csv") : r["직급"] => r }
  name      = each.key
  order     = number(each.value["순서"])
  executive = each.value["임원"] == "Y"
}

position "chief" { name = "대표" }
position "head" { name = "본부장" }
position "lead" { name = "팀장" }
position "part" { name = "파트장" }

user_type "regular" { name = "정규직" }
user_type "contract" { name = "계약직" }

org_unit "hr" {
  for_each     = local.units
  external_key = each.key
  name         = each.value["조직명"]
  email        = each.value["조직메일"]
  order        = number(each.value["정렬순서"])
  parent       = each.value["상위조직코드"] == null ? null : org_unit.hr[each.value["상위조직코드"]]
}
