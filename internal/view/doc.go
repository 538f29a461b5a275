// Package view turns plans, diagnostics and progress into text for people, plans into
// Markdown and HTML, and diagnostics into reports for CI. It renders data and decides
// nothing: all it shows is in the plan, the diagnostics or the events it is given.
//
// Text from outside (names, cells, the service's words) never reaches a terminal
// as it is: control characters and changes of writing direction are replaced.
package view
