package elastic

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/esgateway/esgateway/internal/secret"
)

// maxPassword bounds the password file: whoever names a wrong file learns it at once.
const maxPassword = 4 << 10

// password is the gateway's own, from a file or fixed.
type password struct {
	file string // "": fixed
	log  *slog.Logger

	mu      sync.Mutex // guards current
	current secret.Text
}

func newPassword(c Config, log *slog.Logger) (*password, error) {
	p := &password{file: c.PasswordFile, log: log, current: c.Password}
	if p.file == "" {
		return p, nil
	}
	var err error
	p.current, err = readPassword(p.file)
	return p, err
}

func (p *password) get() secret.Text {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// renew reads the file again because used was refused, and reports whether there is
// now another password to try. A file that cannot be read changes nothing.
func (p *password) renew(used secret.Text) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.current.Equal(used) {
		return true // another call has read it meanwhile
	}
	if p.file == "" {
		return false
	}
	read, err := readPassword(p.file)
	if err != nil {
		p.log.Warn("the password file cannot be read again", "error", err)
		return false
	}
	if read.Equal(used) {
		return false
	}
	p.log.Info("the password file holds another password, which is used from now on", "file", p.file)
	p.current = read
	return true
}

// readPassword takes line breaks at the end for the editor's.
func readPassword(file string) (secret.Text, error) {
	f, err := os.Open(file)
	if err != nil {
		return secret.Text{}, fmt.Errorf("password_file: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxPassword+1))
	if err != nil {
		return secret.Text{}, fmt.Errorf("password_file: %w", err)
	}
	text := strings.TrimRight(string(raw), "\r\n")
	switch {
	case len(raw) > maxPassword:
		return secret.Text{}, errors.New("password_file: " + file + " is too long for a password")
	case text == "":
		return secret.Text{}, errors.New("password_file: " + file + " is empty")
	}
	return secret.Of(text), nil
}
