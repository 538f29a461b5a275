job_grade "g" {
  for_each  = { "임원" = 1, "부장" = 2, "과장" = 3, "대리" = 4, "사원" = 5 }
  name      = each.key
  order     = each.value
  executive = each.key == "임원"
}

position "p" {
  for_each = { "대표" = 1, "본부장" = 2, "팀장" = 3, "고문" = 4 }
  name     = each.key
  order    = each.value
}
