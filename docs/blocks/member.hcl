# A person. The external key is what isa knows people by, the login ID is their address.
member "hong" {
  external_key  = "1001"
  login_id      = "gildong.hong"
  last_name     = "홍"
  first_name    = "길동"
  names         = { en_US = { last = "Hong", first = "Gildong" } }
  job_grade     = job_grade.staff
  user_type     = user_type.regular
  private_email = "gildong.hong@example.com"
  cell_phone    = phone("1012345678")
  hired_on      = date("2024. 3. 2.")

  password { mode = "member" } # the invitation goes to private_email

  belongs_to { # the first is the primary one
    org_unit = org_unit.table["S100"]
    position = position.lead
    head     = true
  }
  belongs_to { org_unit = org_unit.hq }

  lifecycle {
    on_remove    = "suspend"
    delete_after = "90d"
  }
}
