package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/esgateway/esgateway/internal/fault"
)

func TestOf(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	for _, tc := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"a fault keeps its kind", fault.New(fault.Forbidden, "no"), fault.Forbidden},
		{"a wrapped fault keeps its kind", fmt.Errorf("open: %w", fault.Because(fault.StoreUnavailable, cause)), fault.StoreUnavailable},
		{"anything else is internal", cause, fault.Internal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.Of(tc.err).Kind; got != tc.want {
				t.Errorf("Of(%v).Kind = %q, want %q", tc.err, got, tc.want)
			}
		})
	}
	if !errors.Is(fault.Because(fault.Internal, cause), cause) {
		t.Error("the cause of a fault is not found by errors.Is")
	}
}
