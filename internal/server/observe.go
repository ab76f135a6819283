package server

import (
	"context"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/session"
)

// observer writes down what happens to sessions.
type observer struct {
	audit   *audit.Log
	metrics *metrics.Set
}

var _ session.Observer = observer{}

// SessionEnded implements session.Observer.
func (o observer) SessionEnded(s *session.Session, reason session.Reason) {
	user, realm := s.User()
	o.metrics.SessionEnded(string(reason))
	o.audit.SessionEnded(context.Background(), audit.SessionEnded{ // the end belongs to no one request
		Session: s.Hash(), User: user, Realm: realm.Name, Method: s.Method, Reason: string(reason),
	})
}

// Renewed implements session.Observer.
func (o observer) Renewed(outcome string) { o.metrics.Refresh(outcome) }

// Alarm implements session.Observer.
func (o observer) Alarm(kind string) { o.metrics.Alarm(kind) }
