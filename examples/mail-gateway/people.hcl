org_unit "company" {
  name = "에이씨엠이"
}

member "staff" {
  for_each = {
    gildong  = { last = "홍", first = "길동" }
    younghee = { last = "이", first = "영희" }
  }
  external_key  = each.key
  login_id      = each.key
  last_name     = each.value.last
  first_name    = each.value.first
  private_email = "${each.key}@example.com"
  password { mode = "member" }
  belongs_to {
    org_unit = org_unit.company
  }
}
