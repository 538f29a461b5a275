// Package rawmail reads what IMAP tells of a message (ENVELOPE, BODYSTRUCTURE,
// sections, what SEARCH looks for) from the message's raw bytes. Everything is cut out
// by offset; nothing is decoded and written anew, so that what a client fetches is
// what was stored, however broken it is.
package rawmail
