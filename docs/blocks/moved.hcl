# The team that was written by hand comes from the table now, and stays the same team.
moved {
  from = org_unit.sales_2
  to   = org_unit.table["S200"]
}
