package workspace

import "github.com/isaworks/isa/providers/mail"

// Onwards lists how the old server is to pass mail on of the members that were asked
// for, as mail.Onwards does. It asks nobody.
func (w *Workspace) Onwards(domain string) (list []mail.Onward, left []string, err error) {
	chosen, err := w.chosen()
	if err != nil {
		return nil, nil, err
	}
	return mail.Onwards(chosen, domain)
}
