package main

import (
	"bytes"
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"text/template"

	"github.com/esgateway/esgateway/internal/session"
)

//go:embed gateway.yaml.tmpl
var configuration string

// writeFiles writes what the gateway reads. Sessions of an earlier start are
// forgotten: the stand-in has forgotten their tokens too. A configuration file
// that somebody has edited stays, and edited is true.
func (h *house) writeFiles() (edited bool, err error) {
	if err := os.Remove(h.file("sessions.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for name, content := range map[string]string{
		"keys": session.NewKey() + "\n", "es-ca.crt": string(h.cert.pem), "es-password": accountPassword + "\n",
		"services-ca.crt": string(h.robots.ca), "robot.crt": string(h.robots.cert), "robot.key": string(h.robots.key), "api-key": h.apiKey + "\n",
	} {
		if err := os.WriteFile(h.file(name), []byte(content), 0o600); err != nil {
			return false, err
		}
	}
	text, err := h.configuration()
	if err != nil {
		return false, err
	}
	if h.edited() && !h.reset {
		return true, nil
	}
	if err := os.WriteFile(h.file("gateway.yaml"), text, 0o600); err != nil {
		return false, err
	}
	return false, os.WriteFile(h.file("gateway.yaml.written"), text, 0o600)
}

func (h *house) configuration() ([]byte, error) {
	t, err := template.New("gateway.yaml").Parse(configuration)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{
		"Public": h.url(h.gateway), "Gateway": h.gateway, "Operations": h.operations, "Elasticsearch": h.elasticURL(),
		"App": h.url(h.app), "Account": account, "Realm": realm, "Method": method,
		"PKIRealm": pkiRealm, "PKIMethod": pkiMethod,
		"OIDCRealm": oidcRealm, "OIDCMethod": oidcMethod, "Issuer": h.url(h.settings.op),
	})
	return text.Bytes(), err
}

// edited reports whether the file differs from what the demo last wrote.
func (h *house) edited() bool {
	there, err := os.ReadFile(h.file("gateway.yaml"))
	if err != nil {
		return false
	}
	written, err := os.ReadFile(h.file("gateway.yaml.written"))
	return err != nil || !bytes.Equal(there, written)
}
