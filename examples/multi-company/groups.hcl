group "product" {
  name           = "제품 TF"
  members        = [member.gildong, member.hankuk, member.muhyun]
  administrators = [member.gildong]
}
