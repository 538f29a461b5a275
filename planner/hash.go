package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// hashed is what a reviewer approves: what is done to which object, and of
// content what goes which way. Counts, cost, drift, diagnostics and the serial
// are left out, so that the same plan made later has the same hash.
type hashed struct {
	Changes []hashedChange  `json:"changes"`
	Content []hashedContent `json:"content"`
}

type hashedChange struct {
	Address   addr.Address     `json:"address"`
	Previous  addr.Address     `json:"previous"`
	ID        string           `json:"id"`
	Action    Action           `json:"action"`
	Before    value.Object     `json:"before"`
	After     value.Object     `json:"after"`
	Lifecycle schema.Lifecycle `json:"lifecycle"`
	Steps     []hashedStep     `json:"steps"`
}

type hashedStep struct {
	ID    string       `json:"id"`
	Verb  Verb         `json:"verb"`
	Attrs value.Object `json:"attrs"`
	Place *Place       `json:"place"`
	Needs []string     `json:"needs"`
}

type hashedContent struct {
	Address addr.Address `json:"address"`
	Route   string       `json:"route"`
	Phase   string       `json:"phase"`
	Filters []string     `json:"filters"`
}

// Hash is the SHA-256 of what the plan does, in hexadecimal; people are shown the
// first 16 digits. The hash of a plan with errors is of the steps it would have
// had, so lifting a guard does not change it.
func Hash(p *Plan) string {
	h := hashed{Changes: make([]hashedChange, len(p.Changes)), Content: []hashedContent{}}
	for i, c := range p.Changes {
		out := hashedChange{c.Address, c.Previous, c.ID, c.Action, c.Before, c.After, c.Lifecycle, make([]hashedStep, len(c.Steps))}
		for j, s := range c.Steps {
			out.Steps[j] = hashedStep{s.ID, s.Verb, s.Attrs, s.Place, s.Needs}
		}
		h.Changes[i] = out
	}
	for _, c := range p.Content {
		if !c.Forgotten { // nothing is done about it
			h.Content = append(h.Content, hashedContent{c.Address, c.Route, c.Phase, append([]string{}, c.Filters...)})
		}
	}
	data, err := json.Marshal(h)
	if err != nil { // values always marshal
		data = fmt.Append(nil, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
