# The company as it is in 2026.
org_unit "top" {
  name = "한빛상사"

  org_unit "support" {
    name = "경영지원본부"

    org_unit "hr" { name = "인사팀" }
    org_unit "ga" { name = "총무팀" }
  }

  org_unit "sales" {
    name  = "영업본부"
    email = "sales"

    org_unit "sales_1" { name = "국내영업1팀" }
    org_unit "sales_2" { name = "국내영업2팀" }
    org_unit "global" { name = "해외영업팀" }
  }

  org_unit "dev" {
    name = "개발본부"

    org_unit "web" { name = "웹개발팀" }
  }

  org_unit "cs" { name = "고객지원팀" }
}

org_unit "leavers" {
  name    = "퇴직자"
  visible = false
}

# The codes of the HR system.
locals {
  units = {
    TOP     = org_unit.top
    SUPPORT = org_unit.support
    HR      = org_unit.hr
    GA      = org_unit.ga
    SALES   = org_unit.sales
    SALES1  = org_unit.sales_1
    SALES2  = org_unit.sales_2
    GLOBAL  = org_unit.global
    DEV     = org_unit.dev
    WEB     = org_unit.web
    CS      = org_unit.cs
  }
}
