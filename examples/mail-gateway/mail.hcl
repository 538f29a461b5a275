# NAVER WORKS fetches from here what isa has read: no app password, no first sign-in.
mail_gateway "main" {
  host        = "gate.acme.co.kr"
  certificate = "/etc/letsencrypt/live/gate.acme.co.kr/fullchain.pem"
  key         = "/etc/letsencrypt/live/gate.acme.co.kr/privkey.pem"
  spool       = "/var/lib/isa/spool"
  quota       = "50GB"

  # Each run mails the member when it begins and when it ends.
  batch {
    messages = 5000
    size     = "1GB"
    interval = "12h"
  }
}

# The old server, at night.
mail_source "old" {
  imap { host = "mail.acme-old.co.kr" }
  limits {
    connections = 8
    hours       = "22:00-07:00"
  }
}

# What was exported from the archive: a folder for each member, with .eml files.
mail_source "archive" {
  eml { directory = "/srv/mail-archive" }
}

wave "one" {
  phase = "presync"
  coexistence {
    mode  = "forwarding"
    since = "2026-03-02 18:00"
  }
}

mail_migration "mailbox" {
  for_each = member.staff
  member   = each.value
  source   = mail_source.old
  route    = "gateway"
  wave     = wave.one
  consent  = true
  login {
    user     = "${each.key}@acme-old.co.kr"
    password = secret_table("/secure/old-passwords.csv", each.key)
  }
  folders {
    exclude = ["\\Junk", "\\Trash"]
  }
}

mail_migration "archive" {
  for_each = member.staff
  member   = each.value
  source   = mail_source.archive
  route    = "gateway"
  wave     = wave.one
  consent  = true
  path     = each.key
  folders {
    rename = { "INBOX" = "보관/받은편지함" }
  }
}
