tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard_plus"

  # What is switched on in the admin console; isa cannot read it. The route gateway needs
  # the import of external mail on, and no restriction to designated addresses.
  features {
    external_mail_import = true
    ip_restricted        = false
  }

  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
