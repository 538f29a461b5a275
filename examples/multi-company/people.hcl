# Gildong works for both companies (겸직): the first block is the primary unit, in the
# own company; concurrent is what is the laboratory's own, its grade and address.
member "gildong" {
  external_key  = "A-1001"
  login_id      = "gildong.hong"
  last_name     = "홍"
  first_name    = "길동"
  private_email = "gildong@example.com"
  job_grade     = job_grade.director
  user_type     = user_type.regular

  concurrent = {
    "acme-lab.co.kr" = { job_grade = job_grade.lab_principal, email = "gildong" }
  }

  belongs_to {
    org_unit = org_unit.dev
    head     = true
  }

  belongs_to {
    org_unit = org_unit.lab
    position = position.lab_head
    head     = true
  }
}

member "hankuk" {
  external_key  = "A-1002"
  login_id      = "hankuk.kim"
  last_name     = "김"
  first_name    = "한국"
  private_email = "hankuk@example.com"
  job_grade     = job_grade.manager
  user_type     = user_type.regular
  belongs_to { org_unit = org_unit.dev }
}

member "muhyun" {
  company       = company.lab
  external_key  = "L-2001"
  login_id      = "muhyun.lee"
  last_name     = "이"
  first_name    = "무현"
  private_email = "muhyun@example.com"
  job_grade     = job_grade.lab_senior
  user_type     = user_type.researcher
  belongs_to { org_unit = org_unit.lab_ai }
}
