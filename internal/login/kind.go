package login

// Section is a method's own part of the configuration file.
type Section interface {
	// Decode reads the section into the struct that the pointer leads to,
	// strictly: an unknown key is an error with its line.
	Decode(into any) error
}

// Kind is a type of method: what the configuration calls `type`.
type Kind struct {
	// Type is the word in the configuration and in addresses.
	Type string
	// Parse reads and checks a section without side effects. The result builds
	// the method once all of the configuration is known to be good.
	Parse func(s Section) (Parsed, error)
	// Commands are what it does at the command line; With adds one.
	Commands []Command
}

// Parsed is a method's section that is known to be good.
type Parsed struct {
	// Realm is the ES realm it names.
	Realm string
	// Privileges are the cluster privileges that the gateway's account at ES
	// needs for the method.
	Privileges []string
	// Proves: the method is a Prover.
	Proves bool
	// Build makes the method.
	Build func(d Deps) (Method, error)
}

// Needs says which cluster privileges a method of this kind costs.
func (k Kind) Needs(privileges ...string) Kind {
	parse := k.Parse
	k.Parse = func(s Section) (Parsed, error) {
		p, err := parse(s)
		p.Privileges = privileges
		return p, err
	}
	return k
}

// Proving says that methods of this kind are Provers.
func (k Kind) Proving() Kind {
	parse := k.Parse
	k.Parse = func(s Section) (Parsed, error) {
		p, err := parse(s)
		p.Proves = true
		return p, err
	}
	return k
}

// Problem is a mistake in a section: the key it concerns and what would be right.
type Problem struct {
	// Key is the yaml key in the section.
	Key string
	// Text says what is wrong and what would be right.
	Text string
}

// Problems are all mistakes of a section, so that they are shown at once.
type Problems []Problem

// Error lists the problems.
func (p Problems) Error() string {
	out := ""
	for i, one := range p {
		if i > 0 {
			out += "; "
		}
		out += one.Key + ": " + one.Text
	}
	return out
}

// KindOf makes a Kind of a section struct with its defaults, its check, and the
// constructor of the method.
func KindOf[C any, M Method](kind string, defaults func() C, check func(C) Problems, realm func(C) string, build func(Deps, C) (M, error)) Kind {
	return Kind{Type: kind, Parse: func(s Section) (Parsed, error) {
		cfg := defaults()
		if err := s.Decode(&cfg); err != nil {
			return Parsed{}, err
		}
		if problems := check(cfg); len(problems) > 0 {
			return Parsed{}, problems
		}
		return Parsed{Realm: realm(cfg), Build: func(d Deps) (Method, error) {
			m, err := build(d, cfg)
			if err != nil {
				return nil, err // not m: a nil pointer in an interface is not nil
			}
			return m, nil
		}}, nil
	}}
}
