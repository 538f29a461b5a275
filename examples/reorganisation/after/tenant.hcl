# Both folders know one state: they are the same company, before and after.
isa {
  state "local" {
    path = "../isa.state.json"
  }
}

tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard_plus"

  features {
    job_grades = true
    positions  = true
    user_types = true
  }

  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
