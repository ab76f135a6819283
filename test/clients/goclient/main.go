// Command goclient runs the Elasticsearch client for Go through the gateway, as a
// program of somebody who is signed in, and prints what each step saw as one JSON
// object. Release 8 unless built with the tag es9. What to use comes as JSON on the
// standard input; see clients_test.go.
//
// It is a module of its own: the client takes its time to compile, and the gateway
// shall not depend on it. Of the client it uses esapi alone; the typed API would take
// several times as long.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}

func run() error {
	p := &program{}
	if err := json.NewDecoder(os.Stdin).Decode(&p.given); err != nil {
		return err
	}
	p.person = connect(p.given.URL, "Bearer "+p.given.Bearer)
	seen := object{}
	for _, step := range p.steps() {
		value, err := step.take()
		if err != nil { // the next steps are worth a look all the same
			value = err.Error()
		}
		seen[step.name] = value
	}
	return json.NewEncoder(os.Stdout).Encode(object{"seen": seen, "secrets": p.secrets})
}
