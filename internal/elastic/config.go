package elastic

import (
	"time"

	"github.com/esgateway/esgateway/internal/secret"
)

// Config is the section "elasticsearch".
type Config struct {
	// URLs are the nodes: scheme, host, port, and a path if a proxy wants one.
	URLs []string `yaml:"urls"`
	// CA is a PEM file with the authorities that sign the nodes' certificates. Empty:
	// those of the system.
	CA string `yaml:"ca"`
	// Fingerprint is the SHA-256 of the nodes' certificate or of its authority, in hex,
	// as Elasticsearch prints it at its first start. It replaces CA.
	Fingerprint string `yaml:"fingerprint"`
	// Username is the gateway's own account. Keep it: Elasticsearch lets nobody else
	// refresh the tokens that this account made.
	Username string `yaml:"username"`
	// Password of that account.
	Password secret.Text `yaml:"password"`
	// PasswordFile holds the password instead; it is read again when Elasticsearch
	// refuses the account, so a password can be changed without a restart.
	PasswordFile string `yaml:"password_file"`
	// APIKey is refused: a key under another id ends every session's refresh.
	APIKey string `yaml:"api_key"`
	// ConnectTimeout bounds connecting and the TLS handshake with one node.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	// Timeout bounds one call. A refresh has 8 s, or this if it is less.
	Timeout time.Duration `yaml:"timeout"`
}

// Default is what holds where the file says nothing.
func Default() Config {
	return Config{ConnectTimeout: 3 * time.Second, Timeout: 10 * time.Second}
}
