# Objects without a word belong to the tenant block's company.
job_grade "director" {
  name      = "이사"
  executive = true
}

job_grade "manager" { name = "과장" }
job_grade "staff" { name = "사원" }
user_type "regular" { name = "정규직" }

org_unit "hq" {
  name = "에이크미"

  org_unit "sales" { name = "영업본부" }
  org_unit "dev" { name = "개발본부" }
}

# The laboratory has other grades. External keys are unique over the whole tenant.
job_grade "lab_principal" {
  company = company.lab
  name    = "수석연구원"
}

job_grade "lab_senior" {
  company = company.lab
  name    = "책임연구원"
}

position "lab_head" {
  company = company.lab
  name    = "연구소장"
}

user_type "researcher" {
  company = company.lab
  name    = "연구직"
}

org_unit "lab" {
  company = company.lab
  name    = "에이크미연구소"
}

org_unit "lab_ai" {
  company = company.lab
  name    = "AI연구팀"
  parent  = org_unit.lab
}
