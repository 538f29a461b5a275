# isa stops managing this group and leaves it at the tenant.
removed {
  from   = group.old_tf
  action = "forget"
}
