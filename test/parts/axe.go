package parts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// axeFinding is what axe reports of one rule.
type axeFinding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// Axe looks for accessibility faults in the page, all of WCAG 2.2 AA and axe's own good
// practice, and gives a sentence for each. A page that has loaded without its scripts
// is judged as it is: only axe runs in it then.
func (tab *Tab) Axe() []string {
	tab.t.Helper()
	source, err := os.ReadFile(filepath.Join(Root(tab.t), "test", "e2e", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		tab.t.Fatalf("no axe-core: run scripts/setup (%v)", err)
	}
	if tab.scriptless {
		tab.DisableScript(false)
		defer tab.DisableScript(true)
	}
	// Through the debugger, which the page's Content-Security-Policy does not bind.
	Eval[bool](tab, string(source)+"\n;true")
	found := Eval[[]axeFinding](tab, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`)
	var sentences []string
	for _, f := range found {
		for _, node := range f.Nodes {
			sentences = append(sentences, fmt.Sprintf("%s (%s): %s\n  %s\n  %s", f.ID, f.Impact, f.Help, node.HTML,
				strings.ReplaceAll(node.FailureSummary, "\n", "\n  ")))
		}
	}
	return sentences
}
