package boltstore

import (
	"errors"

	"github.com/esgateway/esgateway/internal/session"
)

// Config is the section of a store of type embedded.
type Config struct {
	// Path is the file that keeps the sessions over restarts. One gateway has
	// it open at a time. The directory must exist and belong to the gateway.
	Path string `yaml:"path" file:"true"`
}

// Default returns the section's defaults.
func Default() Config { return Config{Path: "/var/lib/esgateway/sessions.db"} }

func check(c Config) error {
	if c.Path == "" {
		return errors.New("path is missing; it is the file that keeps the sessions, for example " + Default().Path)
	}
	return nil
}

// Kind is the type "embedded" of the configuration.
func Kind() session.StoreKind {
	return session.StoreKindOf("embedded", Default, check, Open)
}
