package doctor

import (
	"crypto/tls"
	"fmt"
	"time"
)

// soon is when a certificate that ends should have been renewed.
const soon = 14 * 24 * time.Hour

// certificate looks at the dates of the listener's certificate.
func (c *checkup) certificate() {
	l := c.ready.Listen
	if l.Cert == "" {
		return
	}
	const subject = "certificate"
	pair, err := tls.LoadX509KeyPair(l.Cert, l.Key)
	if err != nil {
		c.fail(subject, err.Error(), "")
		return
	}
	now, ends := c.deps.Now(), pair.Leaf.NotAfter
	text := fmt.Sprintf("%s ends on %s", l.Cert, ends.UTC().Format(time.DateOnly))
	switch {
	case now.After(ends) || now.Before(pair.Leaf.NotBefore):
		c.fail(subject, fmt.Sprintf("%s is not valid now: from %s to %s", l.Cert, pair.Leaf.NotBefore.UTC().Format(time.DateOnly), ends.UTC().Format(time.DateOnly)), "renew it")
	case ends.Sub(now) < soon:
		c.line("warn", subject, text, "renew it")
	default:
		c.ok(subject, text)
	}
}
