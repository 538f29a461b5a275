# The tables as the HR system gives them. Only the columns that are named anywhere
# are read.
locals {
  # An Excel sheet with a title above the headings.
  rows = sheet("hr/staff.xlsx", { sheet = "직원", header_row = 3 })

  # Who has left is not in here: isa suspends them, and asks before.
  staff = { for r in local.rows : r["사번"] => r if contains(["재직", "휴직"], r["재직상태"]) }

  # CP949, rows in no order.
  units = { for r in sheet("hr/units.csv") : r["조직코드"] => r }

  # 겸직: several rows a person.
  posts = group_by(sheet("hr/posts.csv"), "사번")

  positions = {
    "대표"  = position.chief
    "본부장" = position.head
    "팀장"  = position.lead
    "파트장" = position.part
  }
}
