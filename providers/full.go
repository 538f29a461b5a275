package providers

import "errors"

// Full tells that a Put failed because the store has no room left: waiting does not
// help, somebody has to make room. Its class is Limited. Causes tell it by a method
// Full.
func Full(err error) bool {
	var told interface{ Full() bool }
	return errors.As(err, &told) && told.Full()
}

// Answered tells that a store answered, and refused, so that the connection is as good
// as before and asking again does not double anything. Causes tell it by a method
// Answered.
func Answered(err error) bool {
	var told interface{ Answered() bool }
	return errors.As(err, &told) && told.Answered()
}
