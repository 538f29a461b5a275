// Package imapgate serves frozen mailboxes by IMAP4rev1 over TLS to whoever has the
// login of one of them: a client that is not known and has to be trusted with
// nothing but that mailbox.
//
// What is offered never changes: every FETCH is a peek, and commands that would
// change something change nothing. Messages are served from their raw bytes by
// offset; sections and parts are cut out, never written anew (internal/rawmail).
//
// The protocol is read here and not by go-imap's server: that one ends a connection
// on an ID before the login, writes ENVELOPE anew in another charset, fails a SELECT
// on a keyword that is no atom, and takes the whole of an APPEND before it is refused.
package imapgate
