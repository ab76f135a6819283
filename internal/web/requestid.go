package web

import "context"

type requestIDKey struct{}

// WithRequestID puts the id of a request into its context. Every answer and
// every log line about the request shows it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id of a request, or "" if it has none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string) // absent: the empty id
	return id
}
