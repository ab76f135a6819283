package login

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"time"
)

// Command is something that a kind of method does for operators:
// `gateway VERB TYPE ...`, for example `gateway realm saml`. Kinds may share a
// verb; the command line finds them by asking the plug-ins.
type Command struct {
	// Verb is the first word after gateway.
	Verb string
	// Usage is what follows verb and type in the help: flags and arguments.
	Usage string
	// Summary says in a line what it does.
	Summary string
	// Run does it: the result to Out, remarks to Err. An error that wraps ErrUsage
	// is a wrong use (exit code 2) and flag.ErrHelp is none (0); an error of
	// Call.Load means that the file is wrong (78); any other is a failure (1). The
	// caller prints the error.
	Run func(ctx context.Context, c Call) error
}

// With adds a command to a kind.
func (k Kind) With(c Command) Kind {
	k.Commands = append(k.Commands[:len(k.Commands):len(k.Commands)], c)
	return k
}

// ErrUsage is a command that was called in a wrong way.
var ErrUsage = errors.New("usage")

// Misused makes an error of ErrUsage that prints as the text alone.
func Misused(format string, args ...any) error { return misuse(fmt.Sprintf(format, args...)) }

type misuse string

func (m misuse) Error() string { return string(m) }

func (misuse) Is(target error) bool { return target == ErrUsage }

// Call is one use of a command.
type Call struct {
	// Args are those after verb and type.
	Args     []string
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
	// Address is where a method of this kind will answer at a public URL, if the
	// prefix is left as it is: for setting up what no file describes yet. It
	// refuses what a configuration would not hold.
	Address func(publicURL, method string) (*url.URL, error)
	// Load reads a configuration file, "" for the usual one, as the gateway does.
	// Its errors are printed as they are.
	Load func(file string) (Site, error)
}

// Site is what a command learns from the configuration file.
type Site struct {
	// Public is the public URL.
	Public *url.URL
	// Methods are those of the command's own kind, in the file's order.
	Methods []SiteMethod
}

// SiteMethod is a configured method.
type SiteMethod struct {
	Name, Title string
	// Realm is its ES realm.
	Realm string
	// Base is the address below which its routes lie.
	Base *url.URL
	// Build makes the method, with Elasticsearch's client behind it.
	Build func() (Method, error)
}

// Parse reads flags from the arguments. Others than flags are left in
// flags.Args. Wanted help is written to Out.
func (c Call) Parse(flags *flag.FlagSet) error {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller prints the error
	switch err := flags.Parse(c.Args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(c.Out)
		fmt.Fprintf(c.Out, "usage: %s [flags]\n", flags.Name())
		flags.PrintDefaults()
		return err
	case err != nil:
		return Misused("%s", err)
	}
	return nil
}
