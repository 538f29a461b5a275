package mail

import (
	"fmt"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

func wave() *schema.Kind {
	return &schema.Kind{
		Type: WaveKind, Version: 1, Content: true,
		Attrs: []schema.Attr{
			{Name: "phase", Type: schema.Text(), Required: true, Enum: []string{string(Presync), string(Cutover), string(Live)},
				Doc: "`presync`: passes repeat. `cutover`: the last pass. `live`: people work in the new mailbox; only mail newer than the last pass is added, nothing is changed. A phase goes only forward."},
			{Name: "members", Type: schema.ListOf(schema.RefTo(memberKind)),
				Doc: "Who moves together. When given, it is everyone of the wave; else those whose mail_migration names the wave."},
			{Name: "coexistence", Block: true, Doc: "How mail that arrives during the move reaches NAVER WORKS. Without it there is a gap until the wave is live.", Type: schema.ObjectOf(
				schema.Attr{Name: "mode", Type: schema.Text(), Required: true, Enum: []string{CoexistNone, CoexistForwarding, CoexistRouting},
					Doc: "`forwarding`: the old server passes arriving mail on. `routing`: it delivers to both sides; addresses must be equal. `none`."},
				schema.Attr{Name: "since", Type: schema.Text(), Check: texts(momentText),
					Doc: "Since when, such as 2026-03-02 or 2026-03-02 18:00 (Korean time). Later mail in received folders is excluded as `dual delivery`; sent mail is not."},
			)},
		},
		Prepare: prepareWave,
	}
}

func prepareWave(in *schema.Instance) []schema.Problem {
	var out []schema.Problem
	co, _ := in.Attrs["coexistence"].(value.Object)
	mode, since := value.Text(co["mode"]), co["since"]
	at := value.Of("coexistence")
	switch {
	case (mode == CoexistForwarding || mode == CoexistRouting) && since == nil:
		out = append(out, ruleCoexistence.at(at, fmt.Sprintf("mode is %q, and nothing says since when", mode),
			`write since = "2026-03-02 18:00", the moment since which all arriving mail reaches both sides`))
	case mode == CoexistNone && since != nil:
		out = append(out, ruleCoexistence.at(at.Name("since"), `mode is "none", so that no mail reaches both sides`, `remove since, or write mode = "forwarding" or "routing"`))
	}
	members, _ := in.Attrs["members"].(value.List)
	seen := map[value.Value]bool{}
	for i, m := range members {
		if seen[m] {
			out = append(out, ruleWaveMember.warn(value.Of("members").Index(i), refText(m)+" is listed twice", "remove one"))
		}
		seen[m] = true
	}
	return out
}

func refText(v value.Value) string {
	r, _ := v.(value.Ref)
	return r.Addr.String()
}
