# The people. Each gets an invitation at the private address and chooses a password.

member "ceo" {
  external_key  = "1001"
  login_id      = "gc.kim"
  last_name     = "김"
  first_name    = "건창"
  job_grade     = job_grade.ceo
  user_type     = user_type.regular
  private_email = "gc.kim@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.hq
    head     = true
  }
}

member "cfo" {
  external_key  = "1002"
  login_id      = "mj.lee"
  last_name     = "이"
  first_name    = "명진"
  job_grade     = job_grade.director
  user_type     = user_type.regular
  private_email = "mj.lee@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.support
    position = position.chief
    head     = true
  }
}

member "hr_lead" {
  external_key  = "1003"
  login_id      = "sy.park"
  last_name     = "박"
  first_name    = "서연"
  job_grade     = job_grade.senior_manager
  user_type     = user_type.regular
  private_email = "sy.park@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.hr
    position = position.lead
    head     = true
  }
}

member "hr_1" {
  external_key  = "1004"
  login_id      = "jw.choi"
  last_name     = "최"
  first_name    = "지우"
  job_grade     = job_grade.staff
  user_type     = user_type.regular
  private_email = "jw.choi@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.hr
  }
}

member "fin_lead" {
  external_key  = "1005"
  login_id      = "dh.jung"
  last_name     = "정"
  first_name    = "도현"
  job_grade     = job_grade.manager
  user_type     = user_type.regular
  private_email = "dh.jung@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.finance
    position = position.lead
    head     = true
  }
}

member "fin_1" {
  external_key  = "1006"
  login_id      = "ye.kang"
  last_name     = "강"
  first_name    = "예은"
  job_grade     = job_grade.assistant_manager
  user_type     = user_type.regular
  private_email = "ye.kang@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.finance
  }
}

member "sales_head" {
  external_key  = "1007"
  login_id      = "th.yoon"
  last_name     = "윤"
  first_name    = "태호"
  job_grade     = job_grade.director
  user_type     = user_type.regular
  private_email = "th.yoon@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.sales
    position = position.head
    head     = true
  }

  # Two posts at once: the first is the primary one.
  belongs_to {
    org_unit = org_unit.design
  }
}

member "sales1_lead" {
  external_key  = "1008"
  login_id      = "gildong.hong"
  last_name     = "홍"
  first_name    = "길동"
  job_grade     = job_grade.senior_manager
  user_type     = user_type.regular
  private_email = "gildong.hong@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.sales_1
    position = position.lead
    head     = true
  }
}

member "sales1_1" {
  external_key  = "1009"
  login_id      = "ha.im"
  last_name     = "임"
  first_name    = "하늘"
  job_grade     = job_grade.assistant_manager
  user_type     = user_type.regular
  private_email = "ha.im@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.sales_1
  }
}

member "sales1_2" {
  external_key  = "1010"
  login_id      = "mj.han"
  last_name     = "한"
  first_name    = "민준"
  job_grade     = job_grade.staff
  user_type     = user_type.contract
  private_email = "mj.han@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.sales_1
  }
}

member "sales2_lead" {
  external_key  = "1011"
  login_id      = "jh.namgung"
  last_name     = "남궁"
  first_name    = "재현"
  job_grade     = job_grade.manager
  user_type     = user_type.regular
  private_email = "jh.namgung@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.sales_2
    position = position.lead
    head     = true
  }
}

member "sales2_1" {
  external_key  = "1012"
  login_id      = "sj.oh"
  last_name     = "오"
  first_name    = "수진"
  job_grade     = job_grade.staff
  user_type     = user_type.regular
  private_email = "sj.oh@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.sales_2
  }
}

member "cto" {
  external_key  = "1013"
  login_id      = "hs.seo"
  last_name     = "서"
  first_name    = "현석"
  job_grade     = job_grade.director
  user_type     = user_type.regular
  private_email = "hs.seo@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.dev
    position = position.head
    head     = true
  }
}

member "platform_lead" {
  external_key  = "1014"
  login_id      = "jy.shin"
  last_name     = "신"
  first_name    = "지영"
  job_grade     = job_grade.senior_manager
  user_type     = user_type.regular
  private_email = "jy.shin@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.platform
    position = position.lead
    head     = true
  }
}

member "platform_1" {
  external_key  = "1015"
  login_id      = "wj.kwon"
  last_name     = "권"
  first_name    = "우진"
  job_grade     = job_grade.manager
  user_type     = user_type.regular
  private_email = "wj.kwon@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.platform
  }
}

member "platform_2" {
  external_key  = "1016"
  login_id      = "ar.hwangbo"
  last_name     = "황보"
  first_name    = "아름"
  job_grade     = job_grade.staff
  user_type     = user_type.contract
  private_email = "ar.hwangbo@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.platform
  }
}

member "app_lead" {
  external_key  = "1017"
  login_id      = "sh.ahn"
  last_name     = "안"
  first_name    = "승호"
  job_grade     = job_grade.manager
  user_type     = user_type.regular
  private_email = "sh.ahn@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.app
    position = position.lead
    head     = true
  }
}

member "app_1" {
  external_key  = "1018"
  login_id      = "nr.song"
  last_name     = "송"
  first_name    = "나래"
  job_grade     = job_grade.assistant_manager
  user_type     = user_type.regular
  private_email = "nr.song@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.app
  }
}

member "app_2" {
  external_key  = "1019"
  login_id      = "dy.yoo"
  last_name     = "유"
  first_name    = "도윤"
  job_grade     = job_grade.staff
  user_type     = user_type.regular
  private_email = "dy.yoo@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.app
  }
}

member "design_lead" {
  external_key  = "1020"
  login_id      = "bm.jeon"
  last_name     = "전"
  first_name    = "보미"
  job_grade     = job_grade.manager
  user_type     = user_type.regular
  private_email = "bm.jeon@example.com"

  password { mode = "member" }

  belongs_to {
    org_unit = org_unit.design
    position = position.lead
    head     = true
  }
}
