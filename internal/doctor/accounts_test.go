package doctor_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/doctor"
	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

// TestARoutesAccountMayNotBecomeAnybody: whoever the route lets in acts by it.
func TestARoutesAccountMayNotBecomeAnybody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cluster  []string
		password string
		want     string
	}{
		"no more than it reads": {cluster: []string{"cluster:admin/xpack/security/token/create"}, password: "p", want: "works, and can become nobody else"},
		"can make any token":    {cluster: []string{"manage_token"}, password: "p", want: "has manage_token"},
		"can do all":            {cluster: []string{"all"}, password: "p", want: "has all, delegate_pki, manage_oidc, manage_saml, manage_security, manage_token"},
		"cannot make a token":   {cluster: []string{"monitor"}, password: "p", want: "no token is made for it"},
		"another password":      {cluster: []string{"monitor"}, password: "wrong", want: "does not accept it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{
				Routes: `  - {path: /as, to: ["{{app}}"], account: {username: robot, password_file: robot}}` + "\n",
				Files:  map[string]string{"robot": tc.password},
				Roles:  map[string]standin.Role{"robot": {Cluster: tc.cluster}},
				Elastic: func(_ *gatewaytest.Gateway, c *standin.Config) {
					c.Users = append(c.Users, standin.User{Name: "robot", Password: "p", Roles: []string{"robot"}})
				},
			})
			var out strings.Builder
			doctor.Run(t.Context(), g.Ready, doctor.Deps{Now: g.Clock.Now, Log: slog.New(slog.DiscardHandler)}, &out)
			line := ""
			for one := range strings.Lines(out.String()) {
				if strings.Contains(one, "/as  account") {
					line = one
				}
			}
			if !strings.Contains(line, tc.want) || strings.Contains(tc.want, "works") != strings.HasPrefix(strings.TrimSpace(line), "ok") {
				t.Errorf("the check says %q, want %q\n%s", line, tc.want, out.String())
			}
		})
	}
}
