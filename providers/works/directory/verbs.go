package directory

// The verbs of steps, as the planner writes them into providers.Request.
const (
	doCreate    = "create"
	doPatch     = "patch"
	doRelease   = "release"
	doPlace     = "place"
	doRelocate  = "relocate"
	doSuspend   = "suspend"
	doUnsuspend = "unsuspend"
	doDelete    = "delete"
	doUndelete  = "undelete"
)
