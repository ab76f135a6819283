package config

// Load reads the file, completes it from the environment (in the form of
// os.Environ) and proves it. An error is of type Errors and holds every mistake.
func Load(path string, env []string, plugins Plugins) (*Ready, error) {
	return nil, Errors{{File: path, Wrong: "cannot be read yet"}}
}
