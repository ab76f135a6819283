package config

import "reflect"

// OperationsAddress reads only where the operators' listener is. A file with
// mistakes in other places, or none at all, does not keep a probe from asking a
// gateway that runs.
func OperationsAddress(path string, env []string) string {
	r, cfg := newReader(path), Default()
	if root := r.document(); root != nil {
		r.environment(root, env)
		r.structure("", root, reflect.ValueOf(&cfg).Elem(), nil)
	}
	return cfg.Operations.Address
}
