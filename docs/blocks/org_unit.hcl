# A unit of the org tree. The tree may be written as a tree, and units may come from a
# table; their order is that of writing, or order.
org_unit "hq" {
  external_key = "HQ"
  name         = "본사"

  org_unit "sales" {
    name  = "영업본부"
    email = "sales"
  }
}

org_unit "table" {
  for_each     = { S100 = "영업1팀", S200 = "영업2팀" }
  external_key = each.key
  name         = each.value
  parent       = org_unit.sales
}
