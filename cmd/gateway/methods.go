package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
)

// methodCommand is a command that a type of method brings with it.
type methodCommand struct {
	kind string
	login.Command
}

// ofMethods are the commands of the types of methods, one a verb: `gateway realm
// saml`. Nothing here knows which types there are.
func ofMethods(kinds []login.Kind) []command {
	var all []command
	for _, k := range kinds {
		for _, c := range k.Commands {
			i := slices.IndexFunc(all, func(known command) bool { return known.is(c.Verb) })
			if i < 0 {
				i, all = len(all), append(all, command{names: []string{c.Verb}, usage: c.Verb})
			}
			all[i].methods = append(all[i].methods, methodCommand{k.Type, c})
		}
	}
	for i, c := range all {
		all[i].run = c.choose
	}
	return all
}

// choose takes the type of method from the arguments.
func (c command) choose(ctx context.Context, t terminal, args []string) int {
	var kinds []string
	for _, m := range c.methods {
		if len(args) > 0 && args[0] == m.kind {
			return m.use(ctx, t, args[1:])
		}
		kinds = append(kinds, m.kind)
	}
	fmt.Fprintf(t.err, "usage: gateway %s %s [flags]\n", c.names[0], strings.Join(kinds, "|"))
	return exitUsage
}

// use runs a command of a method and turns its error into an exit code.
func (m methodCommand) use(ctx context.Context, t terminal, args []string) int {
	err := m.Run(ctx, login.Call{
		Args: args, In: t.in, Out: t.out, Err: t.err, Now: time.Now,
		Address: func(publicURL, method string) (*url.URL, error) {
			return config.MethodAddress(publicURL, m.kind, method)
		},
		Load: func(file string) (login.Site, error) { return t.site(file, m.kind) },
	})
	name := "gateway " + m.Verb + " " + m.kind
	wrong, isWrong := errors.AsType[wrongFile](err)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case isWrong:
		fmt.Fprintln(t.err, wrong.error)
		return exitConfig
	case errors.Is(err, login.ErrUsage):
		fmt.Fprintf(t.err, "%s: %s\nusage: %s %s\n", name, err, name, m.Usage)
		return exitUsage
	default:
		fmt.Fprintf(t.err, "%s: %s\n", name, err)
		return exitFailed
	}
}

// wrongFile is an error of the configuration file.
type wrongFile struct{ error }

// site reads what a command may know of the configuration.
func (t terminal) site(file, kind string) (login.Site, error) {
	if file == "" {
		file = defaultFile
	}
	ready, err := config.Load(file, t.env, plugins.Plugins())
	if err != nil {
		return login.Site{}, wrongFile{err}
	}
	log := slog.New(slog.DiscardHandler)
	es, err := elastic.New(ready.Elastic, elastic.Deps{Now: time.Now, Log: log})
	if err != nil {
		return login.Site{}, err
	}
	site := login.Site{Public: ready.Public}
	for _, m := range ready.Methods {
		if m.Type != kind {
			continue
		}
		base := server.MethodURL(ready, m)
		site.Methods = append(site.Methods, login.SiteMethod{
			Name: m.Name, Title: m.Title, Realm: m.Realm, Base: base,
			Build: func() (login.Method, error) {
				return m.Build(login.Deps{Name: m.Name, Title: m.Title, Base: base, Elastic: es, Now: time.Now, Log: log})
			},
		})
	}
	return site, nil
}
