package gatewaytest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/session"
)

// TestEveryGatewayIsSearched for the password of its account, also where a test has used
// no secret of its own; and to its end, with what it says when it closes.
func TestEveryGatewayIsSearched(t *testing.T) {
	t.Parallel()
	dir := t.ArtifactDir()
	t.Cleanup(func() {
		for name, want := range map[string]string{"secrets.txt": gatewaytest.AccountPassword + "\n", "gateway.log": "the last word"} {
			if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s does not hold %q: %q (%v)", name, want, text, err)
			}
		}
	})
	g := gatewaytest.Start(t, gatewaytest.Options{Wrap: func(s session.Store) session.Store { return &parting{Store: s} }})
	g.Store.(*parting).log = g.Log
}

// parting is a store that says something at its end.
type parting struct {
	session.Store
	log *gatewaytest.Log
}

func (p *parting) Close() error {
	_, _ = p.log.Write([]byte("the last word\n")) // a Log never fails
	return p.Store.Close()
}
