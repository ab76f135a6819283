package proxy

import "context"

type nameKey struct{}

// WithName gives a request a place where the proxy writes which route it took,
// for the access line and the metrics.
func WithName(ctx context.Context, name *string) context.Context {
	return context.WithValue(ctx, nameKey{}, name)
}

// NameRoute writes the route's name where WithName has made a place for it.
func NameRoute(ctx context.Context, name string) {
	if p, ok := ctx.Value(nameKey{}).(*string); ok {
		*p = name
	}
}
