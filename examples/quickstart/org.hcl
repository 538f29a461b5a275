# Grades and positions stand in the console in the order in which they are written.

job_grade "ceo" {
  name      = "대표이사"
  executive = true
}

job_grade "director" {
  name      = "이사"
  executive = true
}

job_grade "senior_manager" { name = "부장" }
job_grade "manager" { name = "과장" }
job_grade "assistant_manager" { name = "대리" }
job_grade "staff" { name = "사원" }

position "head" { name = "본부장" }
position "chief" { name = "실장" }
position "lead" { name = "팀장" }

user_type "regular" { name = "정규직" }
user_type "contract" { name = "계약직" }

# The org tree is written as a tree; siblings keep the order in which they stand.
org_unit "hq" {
  name  = "에이크미"
  email = "all"

  org_unit "support" {
    name = "경영지원실"

    org_unit "hr" {
      name        = "인사팀"
      email       = "hr"
      description = "입사, 휴가, 급여 문의"
    }

    org_unit "finance" { name = "재무팀" }
  }

  org_unit "sales" {
    name  = "영업본부"
    email = "sales"

    org_unit "sales_1" { name = "영업1팀" }
    org_unit "sales_2" { name = "영업2팀" }
  }

  org_unit "dev" {
    name = "개발본부"

    org_unit "platform" { name = "플랫폼팀" }
    org_unit "app" { name = "앱팀" }
  }

  org_unit "design" { name = "디자인팀" }
}
