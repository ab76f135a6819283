package server

import (
	"context"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// observer writes down what happens to sessions.
type observer struct {
	audit   *audit.Log
	metrics *metrics.Set
}

var _ session.Observer = observer{}

// SessionEnded implements session.Observer.
func (o observer) SessionEnded(ctx context.Context, s *session.Session, reason session.Reason) {
	user, realm := s.User()
	o.metrics.SessionEnded(string(reason))
	o.audit.SessionEnded(ctx, audit.SessionEnded{
		Session: s.Hash(), User: user, Realm: realm.Name, Method: s.Method, Reason: string(reason),
		RequestID: web.RequestID(ctx),
	})
}

// Renewed implements session.Observer.
func (o observer) Renewed(outcome string) { o.metrics.Refresh(outcome) }

// Alarm implements session.Observer.
func (o observer) Alarm(kind string) { o.metrics.Alarm(kind) }
