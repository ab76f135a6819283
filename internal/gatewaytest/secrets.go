package gatewaytest

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// secrets are what a test has used and must find nowhere: the suite's runner
// looks for them in everything that the suite has put out.
type secrets struct {
	mu  sync.Mutex
	set map[string]bool // guarded by mu
}

// Secret notes a text that may be neither logged nor shown.
func (g *Gateway) Secret(text string) {
	if text == "" {
		return
	}
	g.secrets.mu.Lock()
	defer g.secrets.mu.Unlock()
	g.secrets.set[text] = true
}

// leaveBehind leaves the log and the secrets of a test in the directory where the suite's
// runner looks, and shows the log of a test that failed.
func (g *Gateway) leaveBehind(dir string) {
	g.secrets.mu.Lock()
	defer g.secrets.mu.Unlock()
	var lines strings.Builder
	for text := range g.secrets.set {
		_, _ = lines.WriteString(text + "\n") // a strings.Builder never fails
	}
	logged := g.Log.String()
	for text := range g.secrets.set {
		if strings.Contains(logged, text) {
			g.t.Errorf("a secret stands in the log: %s...", text[:min(6, len(text))])
		}
	}
	must(g.t, os.WriteFile(filepath.Join(dir, "secrets.txt"), []byte(lines.String()), 0o600))
	must(g.t, os.WriteFile(filepath.Join(dir, "gateway.log"), []byte(logged), 0o600))
	if g.t.Failed() {
		g.t.Log(logged)
	}
}
