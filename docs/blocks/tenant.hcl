# Which tenant this is, what is switched on there, and how isa signs in.
tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"

  features {
    job_grades           = true
    positions            = true
    user_types           = true
    external_mail_import = true
    ip_restricted        = false
    multilingual_names   = ["en_US"]
  }

  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
