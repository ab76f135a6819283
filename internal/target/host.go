package target

import (
	"net/netip"
	"strings"
)

// maxHost is the longest name that DNS can carry.
const maxHost = 253

// splitHost takes "Name.Example.:8443" apart. Case and one trailing dot are removed,
// since browsers and DNS take those names for the same one (CVE-2026-48794).
func splitHost(raw string) (host, port string, ok bool) {
	host, port, ok = cutPort(raw)
	if !ok {
		return "", "", false
	}
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", "", false
		}
		return addr.String(), port, true
	}
	host = strings.TrimSuffix(host, ".")
	return strings.ToLower(host), port, validName(host)
}

// cutPort splits at the colon after the name, or after the bracket of an IPv6 address.
func cutPort(raw string) (host, port string, ok bool) {
	end := strings.IndexByte(raw, ':')
	if strings.HasPrefix(raw, "[") {
		end = strings.IndexByte(raw, ']') + 1
	}
	if end < 0 || end == len(raw) {
		return raw, "", true
	}
	port, ok = strings.CutPrefix(raw[end:], ":")
	return raw[:end], port, ok && validPort(port)
}

func validPort(port string) bool {
	if len(port) == 0 || len(port) > 5 {
		return false
	}
	for _, c := range []byte(port) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// validName: what stands in a Host header that a browser or a client makes. Other
// characters never match a route, and some of them end up in logs and addresses.
func validName(host string) bool {
	if host == "" || len(host) > maxHost || strings.Contains(host, "..") || host[0] == '.' || strings.HasSuffix(host, ".") {
		return false
	}
	for _, c := range []byte(host) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
