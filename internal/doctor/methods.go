package doctor

import (
	"context"

	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/server"
)

// methods lets each method that can try itself do so.
func (c *checkup) methods(ctx context.Context) {
	for _, m := range c.ready.Methods {
		subject := "method  " + m.Name
		built, err := m.Build(login.Deps{
			Name: m.Name, Title: m.Title, Base: server.MethodURL(c.ready, m), Elastic: c.es, ClientCertificates: c.ready.Listen.ClientCertificates != "", Trusted: c.ready.Trusted, Now: c.deps.Now, Log: c.deps.Log,
		})
		if err != nil {
			c.unbuilt = true
			c.fail(subject, err.Error(), "")
			continue
		}
		checker, ok := built.(login.Checker)
		if !ok {
			c.ok(subject, "is configured; this type has nothing to try")
			continue
		}
		for _, f := range checker.Diagnose(ctx) {
			if f.OK {
				c.ok(subject, f.Subject, f.Text)
			} else {
				c.fail(subject+"  "+f.Subject, f.Text, f.Advice)
			}
		}
	}
}
