# The unit that is at the tenant already is the one declared as org_unit.hq.
import {
  to = org_unit.hq
  id = "externalKey:HQ"
}
