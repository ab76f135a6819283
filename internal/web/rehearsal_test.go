package web

import (
	"slices"
	"testing"
)

// TestEveryTemplateIsRehearsed: one that is not breaks when somebody waits for it.
func TestEveryTemplateIsRehearsed(t *testing.T) {
	t.Parallel()
	all, err := parseTemplates()
	if err != nil {
		t.Fatal(err)
	}
	pages := rehearsal()
	for name := range all {
		if !slices.ContainsFunc(pages, func(p Page) bool { return p.look().template == name }) {
			t.Errorf("%s is not among them", name)
		}
	}
}
