package web_test

import (
	"log/slog"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
)

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := web.New(web.Default(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}
