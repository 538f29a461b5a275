# A user type (사용자 유형), such as the form of employment.
user_type "regular" { name = "정규직" }
