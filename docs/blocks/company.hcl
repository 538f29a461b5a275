# Another domain of the same tenant, such as a subsidiary. Its objects name it:
# company = company.lab.
company "lab" {
  domain    = "acme-lab.co.kr"
  domain_id = 10000002
}
