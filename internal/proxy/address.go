package proxy

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// address is one address of an upstream.
type address struct {
	// raw is the address as it is configured, for the operator.
	raw string
	// url has scheme and host for net/http: of a socket, those of nowhere.
	url *url.URL
	// socket is the path of a unix socket; empty: TCP.
	socket string
	// h2c: HTTP/2 without TLS, known in advance.
	h2c bool
}

// parseAddress parses scheme, host and nothing else.
func parseAddress(raw string) (address, error) {
	if strings.Contains(raw, "@") { // and is not repeated in the message
		return address{}, errors.New("an address has a name or password in it; leave that out")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, fmt.Errorf("%q is no address; write for example http://app:3000", raw)
	}
	if u.Scheme == "unix" {
		return parseSocket(raw, u)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "h2c", u.Hostname() == "":
		return address{}, fmt.Errorf("%q is no address; write for example http://app:3000", raw)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return address{}, fmt.Errorf("%q has more than scheme, host and port; leave the rest out", raw)
	case u.Scheme == "h2c":
		return address{raw: raw, url: &url.URL{Scheme: "http", Host: u.Host}, h2c: true}, nil
	}
	return address{raw: raw, url: &url.URL{Scheme: u.Scheme, Host: u.Host}}, nil
}

func parseSocket(raw string, u *url.URL) (address, error) {
	if u.Host != "" || u.RawQuery != "" || u.Fragment != "" || u.Path != path.Clean("/"+u.Path) || u.Path == "/" {
		return address{}, fmt.Errorf("%q is no address of a socket; write for example unix:///run/app.sock", raw)
	}
	return address{raw: raw, url: &url.URL{Scheme: "http", Host: "localhost"}, socket: u.Path}, nil
}
