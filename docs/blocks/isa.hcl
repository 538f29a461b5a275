# What isa itself needs to know: which of its versions may be used, where the state
# lies, and who can read the passwords that it makes.
isa {
  required_version = ">= 0.1"
  state "local" { path = "isa.state.json" }

  handout {
    recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
  }
}
