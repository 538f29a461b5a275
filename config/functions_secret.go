package config

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// secretFunctions make handles of secrets. They never read a secret.
func (l *loader) secretFunctions() map[string]*function.Spec {
	return map[string]*function.Spec{
		"secret_env":   secretFunc([]string{"name"}, envHandle),
		"secret_file":  secretFunc([]string{"path"}, fileHandle),
		"secret_table": secretFunc([]string{"path", "key"}, l.tableHandle),
	}
}

func secretFunc(names []string, handle func(args []string) (string, error)) *function.Spec {
	params := make([]function.Parameter, len(names))
	for i, n := range names {
		params[i] = textParam(n)
	}
	return &function.Spec{
		Params: params, Type: function.StaticReturnType(secretType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				if a.IsNull() || a.AsString() == "" {
					return cty.NilVal, &listError{secretProblem("secret.handle", "The handle of a secret is incomplete",
						fmt.Sprintf("The %s is empty.", names[i]), "fill it in")}
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

func secretProblem(code, summary, detail, fix string) diag.List {
	return diag.List{{Code: code, Summary: summary, Detail: detail, Fix: fix}}
}
