# The move of one mailbox; with for_each that of many.
mail_migration "hong" {
  member  = member.hong
  source  = mail_source.old
  wave    = wave.one
  route   = "gateway"
  since   = "2021-01-01"
  consent = true

  login {
    user     = "gildong"
    password = secret_env("OLD_PASSWORD")
  }
  folders {
    exclude = ["\\Junk", "\\Trash"]
    rename  = { "옛 자료/2019" = "2019" }
  }
}
