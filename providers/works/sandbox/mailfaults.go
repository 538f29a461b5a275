package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// mailFaults are the faults of IMAP commands.
type mailFaults struct {
	rates []mailFaultRate
	slow  time.Duration
	cut   int // messages after which a connection is cut; 0: never
}

type mailFaultRate struct {
	kind mailbox.FaultKind
	rate float64
}

func mailFaultKinds() map[string]mailbox.FaultKind {
	return map[string]mailbox.FaultKind{"no": mailbox.Refuse, "drop-request": mailbox.DropRequest,
		"drop-response": mailbox.DropResponse, "slow": mailbox.Slow}
}

// add reads one fault; name is without imap-.
func (m *mailFaults) add(name, value string) error {
	if name == "cut" {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return errors.New("write a number of messages, such as imap-cut=500")
		}
		m.cut = n
		return nil
	}
	kind, ok := mailFaultKinds()[name]
	if !ok {
		return fmt.Errorf("it is unknown; use imap-cut, imap-%s", strings.Join(sortedKeys(mailFaultKinds()), ", imap-"))
	}
	rateText, delay, hasDelay := strings.Cut(value, ":")
	rate, err := strconv.ParseFloat(strings.TrimSuffix(rateText, "%"), 64)
	if err != nil || !strings.HasSuffix(rateText, "%") || !(rate >= 0 && rate <= 100) {
		return errors.New("write a rate from 0% to 100%")
	}
	if hasDelay != (kind == mailbox.Slow) {
		return errors.New("imap-slow needs a duration (imap-slow=5%:2s), no other fault has one")
	}
	if hasDelay {
		if m.slow, err = time.ParseDuration(delay); err != nil || m.slow <= 0 {
			return errors.New("write a duration, such as imap-slow=5%:2s")
		}
	}
	m.rates = append(m.rates, mailFaultRate{kind, rate / 100})
	total := 0.0
	for _, r := range m.rates {
		total += r.rate
	}
	if total > 1 {
		return errors.New("the rates of IMAP commands are more than 100% together")
	}
	return nil
}

// nextMail decides the fault of an IMAP command: the n-th of its name has always
// the same for one seed value.
func (p *faultPlan) nextMail(command string) mailbox.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := "imap " + command
	p.calls[name]++
	dice := p.dice(name)
	for _, r := range p.now.mail.rates {
		if dice < r.rate {
			return mailbox.Fault{Kind: r.kind, Delay: p.now.mail.slow}
		}
		dice -= r.rate
	}
	return mailbox.Fault{}
}

func (p *faultPlan) cutAfter() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.mail.cut
}
