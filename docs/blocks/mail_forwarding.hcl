# Mail that goes on to another address, as long as both systems are in use.
mail_forwarding "hong" {
  member = member.hong
  to     = "hong@acme-old.co.kr"
}
