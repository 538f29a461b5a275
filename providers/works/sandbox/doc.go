// Package sandbox is a local tenant of NAVER WORKS: a server that answers the
// operations of op.Table as the reference says, strictly, so that a company can be
// rehearsed and a careless client is caught before it meets a real tenant.
//
// It knows nothing of the client or the planner. Where the reference leaves a fact
// open, the behaviour is a switch (Catalogue) whose default is the inferred one.
// docs/sandbox.md lists what is emulated, what is inferred and what is missing.
package sandbox
