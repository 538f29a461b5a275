# The company from 2027 on.
org_unit "top" {
  name = "한빛상사"

  org_unit "sales" {
    name  = "사업본부" # renamed, and now first: the same unit, with its address and rooms
    email = "sales"

    org_unit "sales_1" { name = "국내영업1팀" }
    org_unit "sales_2" { name = "국내영업2팀" }
    org_unit "cs" { name = "고객지원팀" } # moved here from the top
  }

  org_unit "global" { name = "글로벌사업본부" } # moved up and renamed

  org_unit "dev" {
    name = "개발본부"

    # 웹개발팀 is split: 플랫폼팀 goes on with its room and address, 프런트엔드팀 is new.
    org_unit "platform" { name = "플랫폼팀" }
    org_unit "frontend" { name = "프런트엔드팀" }
  }

  org_unit "support" {
    name = "경영지원본부"

    # 인사팀 and 총무팀 are merged: 인사팀 goes on as 피플팀, 총무팀 is emptied and leaves.
    org_unit "people" { name = "피플팀" }
  }
}

org_unit "leavers" {
  name    = "퇴직자"
  visible = false
}

# These units are who they were under another name in this file.
moved {
  from = org_unit.web
  to   = org_unit.platform
}

moved {
  from = org_unit.hr
  to   = org_unit.people
}

removed {
  from   = org_unit.ga
  action = "delete"
}

# The codes of the HR system.
locals {
  units = {
    TOP      = org_unit.top
    SUPPORT  = org_unit.support
    PEOPLE   = org_unit.people
    SALES    = org_unit.sales
    SALES1   = org_unit.sales_1
    SALES2   = org_unit.sales_2
    GLOBAL   = org_unit.global
    CS       = org_unit.cs
    DEV      = org_unit.dev
    PLATFORM = org_unit.platform
    FRONTEND = org_unit.frontend
  }
}
