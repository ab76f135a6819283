package oidcrealm_test

import (
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

// Whatever is shown as the callback, the realm answers; and it believes nothing that the
// provider did not sign for this nonce.
func FuzzCallback(f *testing.F) {
	var provider *op.OP
	w := newWorld(f, settings{realm: func(c *oidcrealm.Config) {
		c.RP.ResponseType = "id_token"
		c.OP.JWKSetPath, c.OP.JWKSet = "", func() ([]byte, error) { return provider.JWKS() }
	}})
	provider = w.op
	good := w.answer(f, op.Answer{})
	for _, address := range []string{
		good.RedirectURI, strings.Replace(good.RedirectURI, "#", "?", 1), callback + "?error=x&error_description=%41#", "#state=" + good.State + "&id_token=e30.e30.",
		"?state=" + good.State + "&state=a&code=c&=&%zz=%", "/%", "", "?", "a b", "#a#b",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		good.RedirectURI = address
		user, err := w.judge(t, good)
		if err == nil && user.Principal != "jane" {
			t.Errorf("believed %+v", user)
		}
	})
}
