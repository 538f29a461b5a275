# Where mail is, and how gently it is read.
mail_source "old" {
  imap { host = "mail.acme-old.co.kr" }
  limits { hours = "22:00-07:00" }
}
