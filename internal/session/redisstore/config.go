package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
)

// Config is the section of a store of type redis.
type Config struct {
	// Addresses are host:port of the server; of some nodes, for a cluster; of the
	// sentinels, where sentinel is set. Several without sentinel mean a cluster.
	Addresses []string `yaml:"addresses"`
	// Sentinel is the name under which the sentinels know the primary.
	Sentinel string `yaml:"sentinel"`
	// Username is the ACL user. Empty: default.
	Username string `yaml:"username"`
	// Password of that user.
	Password secret.Text `yaml:"password"`
	// PasswordFile holds the password instead.
	PasswordFile string `yaml:"password_file" file:"true"`
	// SentinelUsername is the user at the sentinels, where they ask for one.
	SentinelUsername string `yaml:"sentinel_username"`
	// SentinelPassword is the password of that user.
	SentinelPassword secret.Text `yaml:"sentinel_password"`
	// TLS encrypts the way to the server.
	TLS bool `yaml:"tls"`
	// CA is a PEM file with the authorities that sign the server's certificate.
	// Empty: those of the system.
	CA string `yaml:"ca" file:"true"`
	// ServerName is the name that the certificate must have, where it is not that of
	// the address.
	ServerName string `yaml:"server_name"`
	// Cert is a PEM file with the certificate that the gateway shows to the server.
	Cert string `yaml:"cert" file:"true"`
	// Key is the PEM file with the private key of cert.
	Key string `yaml:"key" file:"true"`
	// Database is the number of the database. A cluster has only 0.
	Database int `yaml:"database"`
	// Prefix begins every name in the database. Gateways with the same prefix and
	// the same keys share their sessions.
	Prefix string `yaml:"prefix"`
	// ReplicasToWait is how many replicas must confirm a write before it counts. 0:
	// all that are connected at that moment, be it none.
	ReplicasToWait int `yaml:"replicas_to_wait"`
	// Timeout bounds one call; then the store counts as away.
	Timeout time.Duration `yaml:"timeout"`
	// CacheSize is how many MiB of sessions this process keeps in memory, so that a
	// request costs no round trip. 0 turns that off.
	CacheSize int `yaml:"cache_size"`
}

// Default returns the section's defaults.
func Default() Config {
	return Config{Prefix: "esgateway:", Timeout: 2 * time.Second, CacheSize: 64}
}

// Kind is the type "redis" of the configuration.
func Kind() session.StoreKind {
	return session.StoreKindOf("redis", Default, Config.Check, Open)
}

// Check names everything that is wrong, by key, and what would be right.
func (c Config) Check() error {
	return errors.Join(c.checkAddresses(), c.checkAccount(), c.checkTLS(), c.checkNumbers())
}

func (c Config) checkAddresses() error {
	var errs []error
	if len(c.Addresses) == 0 {
		errs = append(errs, errors.New("addresses: missing; list the server, such as redis.example.com:6379"))
	}
	for i, a := range c.Addresses {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("addresses[%d]: %q is no host:port, such as redis.example.com:6379", i, a))
		}
	}
	if c.Prefix == "" || strings.ContainsAny(c.Prefix, "*?[]{}\\ \r\n") {
		errs = append(errs, errors.New("prefix: must be there, without blanks and * ? [ ] { } \\; the default is a good one"))
	}
	return errors.Join(errs...)
}

func (c Config) checkAccount() error {
	var errs []error
	if !c.Password.Empty() && c.PasswordFile != "" {
		errs = append(errs, errors.New("password: given beside password_file; give one of them"))
	}
	if c.Username != "" && c.Password.Empty() && c.PasswordFile == "" {
		errs = append(errs, errors.New("password_file: missing; name the file with the password of username"))
	}
	if c.Sentinel == "" && (c.SentinelUsername != "" || !c.SentinelPassword.Empty()) {
		errs = append(errs, errors.New("sentinel: missing, but there is an account for sentinels"))
	}
	return errors.Join(errs...)
}

func (c Config) checkTLS() error {
	var errs []error
	if !c.TLS && c.CA+c.ServerName+c.Cert+c.Key != "" {
		errs = append(errs, errors.New("tls: is off, so ca, server_name, cert and key do nothing; write tls: true, or leave them out"))
	}
	if (c.Cert == "") != (c.Key == "") {
		errs = append(errs, errors.New("cert: needs key, and key needs cert; give both"))
	}
	return errors.Join(errs...)
}

func (c Config) checkNumbers() error {
	var errs []error
	if c.Database < 0 || (c.Database > 0 && len(c.Addresses) > 1 && c.Sentinel == "") {
		errs = append(errs, errors.New("database: must be 0 for a cluster, and no less for a server"))
	}
	if c.ReplicasToWait < 0 {
		errs = append(errs, errors.New("replicas_to_wait: must be 0 or more"))
	}
	if c.Timeout < 100*time.Millisecond {
		errs = append(errs, errors.New("timeout: must be at least 100ms, such as 2s"))
	}
	if c.CacheSize < 0 {
		errs = append(errs, errors.New("cache_size: must be 0 or more MiB"))
	}
	return errors.Join(errs...)
}

// multiplex is the number of connections to a server, as a power of two.
const multiplex = 2

// lendable is how many connections to a server there are for writes, which have one each.
const lendable = 64

// option is the configuration as the client library takes it.
func (c Config) option() (rueidis.ClientOption, error) {
	password := c.Password.Reveal()
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return rueidis.ClientOption{}, fmt.Errorf("password_file: %w", err)
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	trust, err := c.trust()
	if err != nil {
		return rueidis.ClientOption{}, err
	}
	return rueidis.ClientOption{
		InitAddress: c.Addresses,
		Username:    c.Username, Password: password, SelectDB: c.Database, TLSConfig: trust,
		ClientName: "esgateway",
		Sentinel: rueidis.SentinelOption{
			MasterSet: c.Sentinel, Username: c.SentinelUsername, Password: c.SentinelPassword.Reveal(), TLSConfig: trust, ClientName: "esgateway",
		},
		ClusterOption: rueidis.ClusterOption{ShardsRefreshInterval: topologyTime},
		Dialer:        net.Dialer{Timeout: c.Timeout, KeepAlive: time.Second},
		// A connection that says nothing for so long is closed, and its cache with it.
		ConnWriteTimeout:   c.Timeout,
		PipelineMultiplex:  multiplex,
		CacheSizeEachConn:  max(c.CacheSize<<20>>multiplex, 1<<20),
		DisableCache:       c.CacheSize == 0,
		ReadBufferEachConn: 64 << 10, WriteBufferEachConn: 64 << 10,
		BlockingPoolSize: lendable, BlockingPoolCleanup: time.Minute, BlockingPoolMinSize: 2,
		DisableRetry: false, // of reads; a script is never repeated by the library
	}, nil
}

// topologyTime is how often a cluster is asked who its primaries are.
const topologyTime = 5 * time.Second

func (c Config) trust() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s holds no certificate in PEM", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("cert: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
