package config

import "reflect"

// Load reads the file, completes it from the environment (in the form of
// os.Environ) and proves it. An error is of type Errors and holds every mistake.
func Load(path string, env []string, plugins Plugins) (*Ready, error) {
	r := newReader(path)
	root := r.document()
	if root == nil {
		return nil, r.errors
	}
	cfg := Default()
	warnings := r.environment(root, env)
	r.structure("", root, reflect.ValueOf(&cfg).Elem(), nil)
	p := proof{reader: r, cfg: cfg, plugins: plugins, ready: &Ready{File: path, Warnings: warnings}}
	p.all()
	if len(r.errors) > 0 {
		return nil, r.errors.sorted()
	}
	return p.ready, nil
}
