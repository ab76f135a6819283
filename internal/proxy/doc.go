// Package proxy carries requests to the applications behind the gateway.
//
//	target.Parse --> route (host, longest path prefix) --> public? forward
//	gate.Admit   --> nobody: challenge or 401 --> forbidden: 403
//	headers      --> what is ours or forged is stripped, always
//	forward      --> bearer, addresses, request id; streaming, raw bytes of path
//	                 and query unchanged
//	ES's own 401 --> renew once, repeat if that is safe, else our 503
//
// It owns the route table, the header policy and the upstream connections. Who
// a request is belongs to package gate; what a path is, to package target.
package proxy
