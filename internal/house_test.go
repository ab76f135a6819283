// Package internal_test keeps the house of docs/architecture.md standing: who may
// import whom, that each room says what it is for, and that no function outgrows a
// screen. It parses files only, so it costs milliseconds and needs no tool.
package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "github.com/esgateway/esgateway/"
	internal = module + "internal/"
)

// floors are the packages of the gateway from the ground up. A package may import
// what lies on the floors below its own. A package that is not here is a plug-in.
var floors = []floor{
	{rooms: []string{"fault", "secret", "target", "returnto", "peer", "kept"}},
	{rooms: []string{"certs", "metrics", "audit", "logs", "elastic", "web"}, toTheLeft: true},
	{rooms: []string{"session"}},
	{rooms: []string{"access", "login", "gate", "proxy"}, toTheLeft: true},
	{rooms: []string{"config", "server", "doctor"}, toTheLeft: true},
}

type floor struct {
	rooms     []string
	toTheLeft bool // a room may also import those to its left on its own floor
}

const (
	words   = 0 // standard library only
	rooms   = 3 // the highest floor that a plug-in may import
	roof    = 4
	plugins = "plugins"
)

// allowed reports whether a package may import another one of ours, by their paths
// within the module ("internal/session", "cmd/demo"), and if not, why.
func allowed(from, to string) (bool, string) {
	from, inHouse := strings.CutPrefix(from, "internal/")
	to, toHouse := strings.CutPrefix(to, "internal/")
	switch {
	case isWorkshop(from) || strings.HasPrefix(from, "test/"):
		return true, "" // imported by tests only, which another check sees to
	case !toHouse && !strings.HasPrefix(to, "deploy/"):
		return false, to + " is no library"
	case isWorkshop(to):
		return false, to + " is for tests only"
	case isGarden(from):
		return isGarden(to), "the stand-in for Elasticsearch imports nothing of the gateway, or it would judge us by our own mistakes"
	case isGarden(to):
		return strings.HasPrefix(from, "cmd/demo"), "the stand-in for Elasticsearch is for the demo and tests"
	case !inHouse && !strings.HasPrefix(from, "cmd/"):
		return false, from + " is no place for a package of ours"
	case !inHouse:
		storey, _ := find(to)
		return storey >= 0 || to == plugins, "plug-ins are imported by internal/plugins alone"
	case to == plugins:
		return false, "only commands and tests know the plug-ins"
	case from == plugins:
		return true, ""
	}
	return byFloor(from, to)
}

func byFloor(from, to string) (bool, string) {
	fromFloor, fromPlace := find(from)
	toFloor, toPlace := find(to)
	switch {
	case toFloor < 0:
		return false, "plug-ins are imported by internal/plugins alone"
	case fromFloor < 0:
		return toFloor <= rooms, "a plug-in stands on the floors 0 to 3"
	case toFloor < fromFloor:
		return true, ""
	case toFloor > fromFloor:
		return false, fmt.Sprintf("it is on floor %d, and %s is above it on floor %d", fromFloor, to, toFloor)
	case floors[fromFloor].toTheLeft && toPlace < fromPlace:
		return true, ""
	default:
		return false, fmt.Sprintf("both are on floor %d, and %s is not to its left", fromFloor, to)
	}
}

// find gives floor and place of a package in the list, or -1, -1 for a plug-in.
func find(name string) (storey, place int) {
	for i, f := range floors {
		if j := slices.Index(f.rooms, name); j >= 0 {
			return i, j
		}
	}
	return -1, -1
}

// isWorkshop: helpers of tests, such as session/sessiontest and gatewaytest.
func isWorkshop(name string) bool {
	return strings.HasSuffix(name, "test")
}

func isGarden(name string) bool {
	return name == "standin" || strings.HasPrefix(name, "standin/")
}

// file is what the checks need to know of a source file.
type file struct {
	pkg     string // "internal/session"
	path    string // from the module's root
	test    bool
	imports []string
	tree    *ast.File
	set     *token.FileSet
}

// parse reads every Go file of the module.
func parse(t *testing.T) []file {
	t.Helper()
	var files []file
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		tree, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(strings.TrimPrefix(path, "../"))
		f := file{path: path, pkg: pkgOf(path), test: strings.HasSuffix(name, "_test.go"), tree: tree, set: set}
		for _, spec := range tree.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func pkgOf(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}

// complaints are the rules that the imports of a file break.
func complaints(f file) []string {
	if f.test {
		return nil
	}
	var broken []string
	for _, imported := range f.imports {
		to, ours := strings.CutPrefix(imported, module)
		switch {
		case ours:
			if ok, why := allowed(f.pkg, to); !ok {
				broken = append(broken, fmt.Sprintf("%s: %s may not import %s: %s", f.path, f.pkg, to, why))
			}
		case imported == "testing" && !isWorkshop(f.pkg) && !strings.HasPrefix(f.pkg, "test/"):
			broken = append(broken, fmt.Sprintf("%s: imports testing outside of a test", f.path))
		case strings.Contains(imported, "."):
			if storey, _ := find(strings.TrimPrefix(f.pkg, "internal/")); storey == words {
				broken = append(broken, fmt.Sprintf("%s: %s is a word, made of the standard library only, and imports %s", f.path, f.pkg, imported))
			}
		}
	}
	return broken
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, f := range parse(t) {
		for _, c := range complaints(f) {
			t.Error(c)
		}
	}
}

// TestFloorsCanFail plants violations: a check that never fails is none.
func TestFloorsCanFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, imports string
		ok            bool
	}{
		{from: "internal/proxy", imports: internal + "gate", ok: true},
		{from: "internal/gate", imports: internal + "proxy"},
		{from: "internal/proxy", imports: internal + "saml"},
		{from: "internal/saml", imports: internal + "pki"},
		{from: "internal/saml", imports: internal + "login", ok: true},
		{from: "internal/saml", imports: internal + "config"},
		{from: "internal/session", imports: internal + "login"},
		{from: "internal/session", imports: internal + "session/boltstore"},
		{from: "internal/session/boltstore", imports: internal + "session", ok: true},
		{from: "internal/access", imports: internal + "config"},
		{from: "internal/web", imports: internal + "elastic", ok: true},
		{from: "internal/elastic", imports: internal + "web"},
		{from: "internal/fault", imports: internal + "secret"},
		{from: "internal/fault", imports: "github.com/go-chi/chi/v5"},
		{from: "internal/elastic", imports: "github.com/go-chi/chi/v5", ok: true},
		{from: "internal/server", imports: internal + "plugins"},
		{from: "internal/server", imports: internal + "config", ok: true},
		{from: "internal/config", imports: internal + "server"},
		{from: "internal/plugins", imports: internal + "saml", ok: true},
		{from: "internal/gatewaytest", imports: internal + "plugins", ok: true},
		{from: "internal/login", imports: internal + "login/logintest"},
		{from: "internal/login/logintest", imports: "testing", ok: true},
		{from: "internal/standin", imports: "testing"},
		{from: "internal/standin", imports: internal + "secret"},
		{from: "internal/standin", imports: internal + "standin/samlrealm", ok: true},
		{from: "internal/elastic", imports: internal + "standin"},
		{from: "internal/saml", imports: internal + "standin/idp"},
		{from: "cmd/demo", imports: internal + "standin/idp", ok: true},
		{from: "cmd/gateway", imports: internal + "standin"},
		{from: "cmd/gateway", imports: internal + "plugins", ok: true},
		{from: "cmd/gateway", imports: internal + "server", ok: true},
		{from: "cmd/gateway", imports: internal + "saml"},
		{from: "cmd/demo", imports: module + "cmd/gateway"},
		{from: "pkg/helpers", imports: internal + "secret"},
	}
	for _, tt := range tests {
		t.Run(tt.from+" imports "+tt.imports, func(t *testing.T) {
			t.Parallel()
			broken := complaints(file{pkg: tt.from, path: tt.from + "/x.go", imports: []string{tt.imports}})
			if ok := len(broken) == 0; ok != tt.ok {
				t.Errorf("allowed: got %v, want %v %v", ok, tt.ok, broken)
			}
		})
	}
}

// TestListIsTheHouse: a name in the list that is none of a package (a typing
// mistake, a room that moved) would make a room into a plug-in.
func TestListIsTheHouse(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, f := range parse(t) {
		there[f.pkg] = true
	}
	if _, err := os.Stat("server"); err != nil {
		return // the house is still being built
	}
	for i, f := range floors {
		for _, room := range f.rooms {
			if !there["internal/"+room] && !planned[room] {
				t.Errorf("floor %d lists %s, which does not exist", i, room)
			}
		}
	}
}

// planned are rooms of the drawing that come with a later issue.
var planned = map[string]bool{"access": true}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, f := range parse(t) {
		if !f.test {
			said[f.pkg] = said[f.pkg] || f.tree.Doc != nil
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(said)) {
		if !said[pkg] {
			t.Errorf("%s has no package comment: write doc.go", pkg)
		}
	}
}

// longest is how many lines a function may have.
const longest = 80

// TestFunctionsFitAScreen counts the lines of functions, without those of composite
// literals that they hold: a table is as long as it needs to be.
func TestFunctionsFitAScreen(t *testing.T) {
	t.Parallel()
	for _, f := range parse(t) {
		for _, declaration := range f.tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			if n := length(f.set, function.Body); n > longest {
				t.Errorf("%s: %s has %d lines without its tables, and %d fit a screen", f.path, function.Name.Name, n, longest)
			}
		}
	}
}

func length(set *token.FileSet, body *ast.BlockStmt) int {
	lines := func(n ast.Node) int { return set.Position(n.End()).Line - set.Position(n.Pos()).Line }
	total := lines(body) - 1
	ast.Inspect(body, func(n ast.Node) bool {
		if table, ok := n.(*ast.CompositeLit); ok {
			total -= lines(table)
			return false
		}
		return true
	})
	return total
}
