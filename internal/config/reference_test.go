package config_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/proxy"
	"github.com/esgateway/esgateway/internal/secret"
)

//go:generate go test -run ^TestReferencePage$ -update .

// TestReferencePage keeps docs/configuration.md equal to the comments and
// defaults of the fields. testdata/reference.md is what stands above them.
func TestReferencePage(t *testing.T) {
	t.Parallel()
	head, err := os.ReadFile("testdata/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	p := page{comments: map[string]map[string]string{}}
	p.WriteString("<!-- Made from the comments of the configuration's fields: go generate ./internal/config -->\n")
	p.Write(head)
	p.section(t, "The keys", "", reflect.ValueOf(config.Default()))
	p.section(t, "A route: `routes[]`", "routes[]", reflect.ValueOf(proxy.RouteConfig{}))
	p.section(t, "A method: `methods[]`", "methods[]", reflect.ValueOf(config.MethodSection{}))
	for _, kind := range plugins.Plugins().Methods {
		_, err := kind.Parse(&p.own)
		p.captured(t, err, fmt.Sprintf("A method of type `%s`", kind.Type), "methods[]")
	}
	for _, kind := range plugins.Plugins().Stores {
		_, err := kind.Parse(&p.own)
		p.captured(t, err, fmt.Sprintf("A store of type `%s`", kind.Type), "sessions.store")
	}
	golden(t, "../../docs/configuration.md", p.String())
}

// TestExampleOfTheReference loads the example that people copy.
func TestExampleOfTheReference(t *testing.T) {
	t.Parallel()
	head, err := os.ReadFile("testdata/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(head), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("there is no example")
	}
	example = strings.NewReplacer("/run/secrets/keys", "keys", "/run/secrets/es", "password").Replace(example)
	if r, _, err := load(t, example); err != nil || len(r.Warnings) > 0 {
		t.Errorf("%v %+v", err, r)
	}
}

// own is a section that only looks at what a plug-in would read into.
type own struct{ into reflect.Value }

var errLooked = errors.New("looked at")

// Decode implements login.Section and session.Section.
func (o *own) Decode(into any) error {
	o.into = reflect.ValueOf(into).Elem()
	return errLooked
}

// page is the reference page as it grows.
type page struct {
	strings.Builder
	own      own
	comments map[string]map[string]string // package.Type -> field -> comment
}

func (p *page) captured(t *testing.T, err error, title, path string) {
	t.Helper()
	if !errors.Is(err, errLooked) {
		t.Fatal(err)
	}
	p.section(t, title, path, p.own.into)
}

func (p *page) section(t *testing.T, title, path string, v reflect.Value) {
	t.Helper()
	fmt.Fprintf(p, "\n## %s\n\n| key | default | meaning |\n|---|---|---|\n", title)
	p.rows(t, path, v)
}

// rows writes a row for each key, and those of inner sections below it.
func (p *page) rows(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || key == "-" {
			continue
		}
		if options == "inline" {
			p.rows(t, path, v.Field(i))
			continue
		}
		if path != "" {
			key = path + "." + key
		}
		text := p.comment(t, v.Type(), f.Name)
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[secret.Text]() {
			fmt.Fprintf(p, "| **`%s`** | | **%s** |\n", key, text)
			p.rows(t, key, v.Field(i))
			continue
		}
		fmt.Fprintf(p, "| `%s` | %s | %s |\n", key, byDefault(v.Field(i)), text)
	}
}

func byDefault(v reflect.Value) string {
	switch text := fmt.Sprint(v.Interface()); {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return "`" + duration(v.Interface().(time.Duration)) + "`"
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Struct, text == "":
		return ""
	default:
		return "`" + text + "`"
	}
}

// duration writes 8h0m0s as people do.
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// comment finds the comment of a field in the source of its package.
func (p *page) comment(t *testing.T, typ reflect.Type, field string) string {
	t.Helper()
	name := typ.PkgPath() + "." + typ.Name()
	if p.comments[name] == nil {
		p.comments[name] = fieldComments(t, typ)
	}
	text := p.comments[name][field]
	if text == "" {
		t.Errorf("%s.%s has no comment, which would be its line in docs/configuration.md", name, field)
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

func fieldComments(t *testing.T, typ reflect.Type) map[string]string {
	t.Helper()
	all := map[string]string{}
	dir := strings.TrimPrefix(typ.PkgPath(), "github.com/esgateway/esgateway/internal/")
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != typ.Name() {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						all[name.Name] = plain(name.Name, flow(f.Doc.Text()))
					}
				}
			}
			return false
		})
	}
	return all
}

// plain leaves out the field's Go name, with which its comment begins: the row
// begins with the key.
func plain(name, text string) string {
	for _, verb := range []string{" is ", " are ", " "} {
		rest, ok := strings.CutPrefix(text, name+verb)
		if ok && (verb != " " || !strings.HasPrefix(rest, "of ")) {
			return strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return text
}

// flow makes one line of a comment.
func flow(text string) string {
	var parser comment.Parser
	var printer comment.Printer
	printer.TextWidth = -1
	return strings.Join(strings.Fields(string(printer.Text(parser.Parse(text)))), " ")
}
