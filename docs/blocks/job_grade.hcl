# A grade (직급) of a company. Grades stand in the order in which they are written.
job_grade "director" {
  name      = "이사"
  executive = true
}

job_grade "staff" {
  name  = "사원"
  names = { en_US = "Staff" }
}
