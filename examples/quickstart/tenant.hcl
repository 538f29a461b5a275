tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard_plus"

  # What is switched on in the admin console; isa cannot read it.
  features {
    job_grades = true
    positions  = true
    user_types = true
  }

  # Secrets stay in the environment: isa reads them when it sends a request, and
  # writes them nowhere.
  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
