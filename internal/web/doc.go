// Package web is the face of the gateway: the one renderer of everything that
// the gateway itself says. A navigation gets a page, an API call gets JSON, and
// an API call on a route to Elasticsearch gets Elasticsearch's error shape, so
// that official clients raise their ordinary errors.
//
//	handler ── error ──> Renderer.Error ── AudienceOf ──┬─ Navigation ─> Message page
//	   │                  (status, header,              ├─ Embedded ───> Framed page, or Message
//	   │                   log line: once)              └─ API ────────> {"error":{...}}, Elasticsearch's shape on its routes
//	   └─── view ───────> Renderer.Page ──> template ──> page, with its Content-Security-Policy
//
// An error as JSON is
//
//	{"error":{"kind":"login_required","message":"...","hint":"...","request_id":"...","login":"https://..."}}
//
// and on a route to Elasticsearch
//
//	{"error":{"root_cause":[{"type":"security_exception","reason":"..."}],"type":"security_exception","reason":"...",
//	          "header":{"WWW-Authenticate":"..."},"kind":"login_required","request_id":"..."},"status":401}
//
// where hint, login and header are left out when there is nothing to say. The
// kind is also in the header X-Gateway-Response, the request id in X-Request-Id.
//
// It owns the status of each fault kind, the sentences people read, templates,
// static files, security headers of our own answers, the decision who is asking
// (AudienceOf) and the form of a redirect. It leaves to others what to show:
// where a sign-in leads, who is signed in, which cookies are set.
//
// Every package above floor 0 may import it.
package web
