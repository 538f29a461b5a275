job_grade "g" {
  for_each     = { G1 = "대리", G2 = "과장", G3 = "차장", G4 = "부장" }
  external_key = each.key
  name         = each.value
  order        = number(substr(each.key, 1, 1))
}
position "lead" {
  name         = "팀장"
  external_key = "P1"
}
position "deputy" {
  name         = "파트장"
  external_key = "P2"
}
user_type "regular" {
  name         = "정규직"
  external_key = "T1"
  code         = "REG"
}
user_type "contract" {
  name         = "계약직"
  external_key = "T2"
}

org_unit "hq" {
  name         = "본사"
  external_key = "HQ"
  names        = { en_US = "Headquarters", ja_JP = "本社" }
  description  = "모두"

  org_unit "sales" {
    name                   = "영업본부"
    external_key           = "SALES"
    email                  = "sales"
    aliases                = ["sell", "markets"]
    receives_external_mail = false
    org_unit "sales_1" {
      name         = "영업1팀"
      external_key = "S1"
    }
    org_unit "sales_2" {
      name         = "영업2팀"
      external_key = "S2"
    }
    org_unit "sales_3" {
      name         = "영업3팀"
      external_key = "S3"
    }
  }
  org_unit "plan" {
    name         = "기획실"
    external_key = "PLAN"
    description  = "계획"
    lifecycle { ignore = ["description"] }
  }
  org_unit "empty" {
    name         = "빈 조직"
    external_key = "EMPTY"
  }
  org_unit "moving" {
    name         = "옮길 조직"
    external_key = "MOVING"
  }
}

member "m" {
  for_each = {
    "01" = "강하나", "02" = "김두리", "03" = "남세이", "04" = "문나래", "05" = "박다섯", "06" = "서여섯",
    "07" = "안일곱", "08" = "오여덟", "09" = "이아홉", "10" = "정열이", "11" = "최더하", "12" = "한둘이",
  }
  external_key    = each.key
  login_id        = "m${each.key}"
  last_name       = split_name(each.value).last
  first_name      = split_name(each.value).first
  names           = { en_US = { last = "Last", first = "First" } }
  nickname        = "별명"
  private_email   = "m${each.key}@example.com"
  aliases         = ["alias${each.key}"]
  cell_phone      = "010-1111-22${each.key}"
  telephone       = "02-123-45${each.key}"
  location        = "서울"
  task            = "영업"
  employee_number = "E-${each.key}"
  hired_on        = "2020-03-02"
  searchable      = true
  locale          = "ko_KR"
  time_zone       = "Asia/Seoul"
  job_grade       = job_grade.g["G1"]
  user_type       = user_type.regular
  belongs_to {
    org_unit = org_unit.sales
    position = position.deputy
    head     = each.key == "01"
  }
  belongs_to { org_unit = org_unit.plan }
  lifecycle { seed = ["nickname"] }
}

group "exact" {
  name           = "임원회의"
  external_key   = "EX"
  description    = "모임"
  ownership      = "exact"
  members        = [member.m["01"], member.m["02"], org_unit.plan]
  administrators = [member.m["01"]]
}
group "listed" {
  name           = "동호회"
  external_key   = "LI"
  members        = [member.m["01"], member.m["02"], member.m["03"]]
  administrators = [member.m["01"], member.m["02"]]
}
group "gone" {
  name           = "없어질 모임"
  external_key   = "GO"
  members        = []
  administrators = [member.m["01"]]
}
