//go:build unix

package mailtest

// dovecot23 is a whole configuration for Dovecot 2.3: nothing of the system's is read.
const dovecot23 = `protocols = imap pop3
instance_name = {{.Dir}}
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/dovecot.log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{{.Dir}}/tls/cert.pem
ssl_key = <{{.Dir}}/tls/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_master_user_separator = *
mail_location = {{.Format}}:~/{{.Place}}
mail_fsync = {{.Fsync}}
mail_max_userip_connections = {{.Connections}}
mail_plugins = acl quota
first_valid_uid = 1
default_internal_user = {{.Internal}}
default_internal_group = {{.Group}}
default_login_user = {{.Login}}
{{- with .Caps}}
imap_capability = {{.}}
{{- end}}
passdb {
  driver = passwd-file
  args = username_format=%u {{.Dir}}/masters
  master = yes
}
passdb {
  driver = passwd-file
  args = username_format=%u {{.Dir}}/passwd
}
userdb {
  driver = passwd-file
  args = username_format=%u {{.Dir}}/passwd
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \Drafts
  }
  mailbox Sent {
    special_use = \Sent
  }
  mailbox Trash {
    special_use = \Trash
  }
  mailbox Junk {
    special_use = \Junk
  }
}
plugin {
  acl = vfile
  acl_user = %u
  quota = count:User quota
  quota_vsizes = yes
{{- if .Quota}}
  quota_rule = *:storage={{.Quota}}B
  quota_grace = 0
{{- end}}
}
` + dovecotServices + `protocol imap {
  mail_plugins = $mail_plugins imap_quota imap_acl
}
`

// dovecot24 is the same for Dovecot 2.4, which gave most settings other names.
const dovecot24 = `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
instance_name = {{.Dir}}
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/dovecot.log
listen = 127.0.0.1
protocols {
  imap = yes
  pop3 = yes
}
ssl = yes
ssl_server_cert_file = {{.Dir}}/tls/cert.pem
ssl_server_key_file = {{.Dir}}/tls/key.pem
auth_allow_cleartext = yes
auth_mechanisms = plain login
auth_failure_delay = 0
auth_master_user_separator = *
mail_driver = {{.Format}}
mail_path = ~/{{.Place}}
mail_fsync = {{.Fsync}}
mail_max_userip_connections = {{.Connections}}
mail_plugins {
  acl = yes
  quota = yes
}
acl_driver = vfile
first_valid_uid = 1
default_internal_user = {{.Internal}}
default_internal_group = {{.Group}}
default_login_user = {{.Login}}
{{- with .Caps}}
imap_capability = {{.}}
{{- end}}
passdb masters {
  driver = passwd-file
  passwd_file_path = {{.Dir}}/masters
  master = yes
}
passdb users {
  driver = passwd-file
  passwd_file_path = {{.Dir}}/passwd
}
userdb users {
  driver = passwd-file
  passwd_file_path = {{.Dir}}/passwd
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \Drafts
  }
  mailbox Sent {
    special_use = \Sent
  }
  mailbox Trash {
    special_use = \Trash
  }
  mailbox Junk {
    special_use = \Junk
  }
}
quota "User quota" {
  driver = count
{{- if .Quota}}
  storage_size = {{.Quota}}B
  storage_grace = 0
{{- end}}
}
` + dovecotServices + `protocol imap {
  mail_plugins {
    imap_quota = yes
    imap_acl = yes
  }
}
`

// dovecotServices are the same in both.
const dovecotServices = `service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  process_min_avail = 1
  {{.Endless}}
  inet_listener imap {
    port = {{index .Ports 0}}
  }
  inet_listener imaps {
    port = {{index .Ports 1}}
    ssl = yes
  }
}
service pop3-login {
  chroot =
  {{.Endless}}
  inet_listener pop3 {
    port = {{index .Ports 2}}
  }
  inet_listener pop3s {
    port = {{index .Ports 3}}
    ssl = yes
  }
}
service imap {
  process_limit = 1024
}
`
