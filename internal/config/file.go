package config

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

const (
	// groupWrites and others read or write: what a file of secrets must not allow.
	// The group may read, since that is how Kubernetes hands secrets to a user
	// who is not root.
	groupWrites, others fs.FileMode = 0o020, 0o007
)

// exposed reports whether more people than owner and group can use a file.
// Windows has other means than these bits.
func exposed(name string) (fs.FileMode, bool) {
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS == "windows" {
		return 0, false
	}
	return info.Mode().Perm(), info.Mode().Perm()&(groupWrites|others) != 0
}

// private warns of a file of secrets that others can read.
func (p *proof) private(key, name string) {
	if mode, bad := exposed(name); bad {
		p.warn(key, fmt.Sprintf("%s can be read by others (mode %04o); chmod 600 it", name, mode))
	}
}

// oneLine joins the lines of errors.Join, since a mistake has one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", ", ") }
