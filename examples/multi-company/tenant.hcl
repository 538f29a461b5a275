# The tenant block is the first company of the tenant.
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

# Each further company has a domain, a domain ID, and grades, positions, user types,
# units, groups and mail names of its own.
company "lab" {
  domain    = "acme-lab.co.kr"
  domain_id = 10000002
}
