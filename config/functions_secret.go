package config

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/value"
)

// secretFunctions make handles of secrets. They never read a secret.
func (l *loader) secretFunctions() map[string]*function.Spec {
	return map[string]*function.Spec{
		"secret_env":     secretFunc([]string{"name"}, envHandle),
		"secret_file":    secretFunc([]string{"path"}, fileHandle),
		"secret_table":   secretFunc([]string{"path", "key"}, l.tableHandle),
		"secret_command": programFunc(l.commandHandle),
		"secret_prompt":  secretFunc([]string{"question"}, promptHandle),
	}
}

func secretFunc(names []string, handle func(args []string) (string, error)) *function.Spec {
	params := make([]function.Parameter, len(names))
	for i, n := range names {
		params[i] = textParam(n)
	}
	return handleFunc(params, nil, func(i int) (string, bool) { return names[i], true }, handle)
}

// programFunc takes the name of a program and any number of arguments, which may be
// empty but not null: a half-filled column would make another command.
func programFunc(handle func(argv []string) (string, error)) *function.Spec {
	argument := textParam("argument")
	return handleFunc([]function.Parameter{textParam("program")}, &argument, func(i int) (string, bool) {
		if i == 0 {
			return "program", true
		}
		return fmt.Sprintf("argument %d", i), false
	}, handle)
}

// handleFunc makes a function that returns a handle. called gives an argument's name,
// and whether it must have a text.
func handleFunc(params []function.Parameter, more *function.Parameter, called func(i int) (name string, full bool), handle func(args []string) (string, error)) *function.Spec {
	return &function.Spec{
		Params: params, VarParam: more, Type: function.StaticReturnType(secretType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				if name, full := called(i); a.IsNull() || full && a.AsString() == "" {
					return cty.NilVal, &listError{secretProblem("secret.handle", "The handle of a secret is incomplete",
						fmt.Sprintf("The %s is empty.", name), "fill it in")}
				}
				texts[i] = a.AsString()
			}
			text, err := handle(texts)
			if err != nil {
				return cty.NilVal, err
			}
			s := value.Secret(text)
			return cty.CapsuleVal(secretType, &s).Mark(secretMark{}), nil
		},
	}
}

func envHandle(args []string) (string, error) {
	if strings.ContainsAny(args[0], "= \t\n\x00") {
		return "", &listError{secretProblem("secret.handle", "The handle of a secret is incomplete",
			"The argument is no name of an environment variable.", `write the name only: secret_env("NAME")`)}
	}
	return "env:" + args[0], nil
}

func fileHandle(args []string) (string, error) { return "file:" + args[0], nil }

func (l *loader) tableHandle(args []string) (string, error) {
	path, key := args[0], args[1]
	if strings.Contains(path, "#") {
		return "", &listError{secretProblem("secret.handle", "The handle of a secret is incomplete",
			"The path of a table of secrets may not contain #.", "rename the file")}
	}
	if !strings.HasSuffix(path, ".age") && l.files.inside(path) {
		return "", &listError{secretProblem("secret.location", "A table of secrets that may be published",
			fmt.Sprintf("%s lies in the directory of the configuration and is not encrypted.", path),
			"encrypt it with age, so that its name ends in .age, or move it out of the directory")}
	}
	return "table:" + path + "#" + key, nil
}

// commandHandle notes the command, because only those that the configuration has are run.
func (l *loader) commandHandle(argv []string) (string, error) {
	handle, err := secret.CommandHandle(argv)
	l.cfg.commands.Store(handle, true)
	return string(handle), err
}

func promptHandle(args []string) (string, error) {
	return string(secret.PromptHandle(args[0])), nil
}

func secretProblem(code, summary, detail, fix string) diag.List {
	return diag.List{{Code: code, Summary: summary, Detail: detail, Fix: fix}}
}
