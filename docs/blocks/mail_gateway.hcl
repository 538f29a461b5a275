# Where NAVER WORKS fetches mail from isa, for members who have no app password yet.
mail_gateway "main" {
  host        = "isa.acme.co.kr"
  certificate = "fullchain.pem"
  key         = "gateway.key"
  spool       = "spool"
  quota       = "50GB"
}
