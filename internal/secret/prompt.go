package secret

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/value"
)

const promptKind = "prompt"

// AnswersEnv names the environment variable that holds the path of a table with
// questions in its first column and answers in its second, for runs without a terminal.
const AnswersEnv = "ISA_ANSWERS"

// PromptHandle returns the handle of what a person answers to a question.
func PromptHandle(question string) value.Secret {
	return value.Secret(promptKind + ":" + question)
}

// Prompts tells whether a person is asked for the secret.
func Prompts(handle value.Secret) bool {
	return strings.HasPrefix(string(handle), promptKind+":")
}

// prompt takes the answer from the table that AnswersEnv names, else asks.
func (r *Resolver) prompt(ctx context.Context, question string) (string, error) {
	if path, ok := r.env(AnswersEnv); ok && path != "" {
		return r.row(path, question)
	}
	if r.Ask == nil {
		return "", problem("is asked for at a terminal, and there is none",
			"run isa at a terminal, or set "+AnswersEnv+" to the path of a table with the question in its first column and the answer in its second (.age if encrypted)")
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	return r.Ask(ctx, question)
}
