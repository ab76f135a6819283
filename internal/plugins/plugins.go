package plugins

import (
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/oidc"
	"github.com/esgateway/esgateway/internal/pki"
	"github.com/esgateway/esgateway/internal/saml"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
	"github.com/esgateway/esgateway/internal/session/redisstore"
)

// Plugins returns all types of methods and stores.
func Plugins() config.Plugins {
	return config.Plugins{
		Methods: []login.Kind{saml.Kind(), oidc.Kind(), pki.Kind()},
		Stores:  []session.StoreKind{boltstore.Kind(), redisstore.Kind()},
	}
}
