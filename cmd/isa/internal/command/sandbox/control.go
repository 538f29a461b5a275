package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/view"
)

// control speaks to a running sandbox.
type control struct {
	env *cli.Env
	url string // "" is that of ISA_API_BASE
}

// maxAnswer is the largest answer that is read, in bytes: a table of 100,000 app
// passwords has 6 MB.
const maxAnswer = 64 << 20

type controlAnswer struct {
	header http.Header
	body   []byte
}

// post makes a control call. A refusal is an error with the sandbox's words.
func (c *control) post(ctx context.Context, call string, form url.Values) (answer controlAnswer, err error) {
	base := c.url
	if base == "" {
		base = strings.TrimSuffix(strings.TrimRight(c.env.Get("ISA_API_BASE"), "/"), "/v1.0")
	}
	if base == "" {
		return answer, errors.New("where is the sandbox? give --url with the address that isa sandbox printed")
	}
	ctx, _, stop := c.env.Until(ctx, nil)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	target := strings.TrimRight(base, "/") + "/_sandbox/" + call
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return answer, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer, fmt.Errorf("%w; is the sandbox running?", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer, err
	}
	if res.StatusCode/100 != 2 {
		return answer, fmt.Errorf("the sandbox refused: %s %s", res.Status, view.Line(strings.TrimSpace(string(body[:min(len(body), 4096)]))))
	}
	return controlAnswer{res.Header, body}, nil
}
