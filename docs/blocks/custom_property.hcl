# A property of members that the service does not have by itself. Members have values of
# it in their attribute custom.
custom_property "badge" {
  name         = "badge"
  display_name = "출입증 번호"
  type         = "string"
}
