# A guard refuses a plan that does more of something than anyone would expect. Here it
# lets a company of 300 be invited at once.
guard "member.invitation" {
  max_count = 300
}
