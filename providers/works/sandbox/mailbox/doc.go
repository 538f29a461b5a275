// Package mailbox serves the sandbox's mailboxes over IMAP4rev1.
//
// A member's mailbox is a folder with two files: the bytes of all messages, only
// ever appended to, and an index of what happened to them. Memory holds the index
// alone. Bytes are served as they were stored: sections and parts are cut out by
// their offsets, never written anew.
//
// What the service does is taken from reference 41-client-protocols; where that is
// unconfirmed, Behaviour chooses.
package mailbox
