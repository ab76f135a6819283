package contract

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// families are the tables of the document and how many rows each has.
var families = map[string]int{"http": 42, "saml": 28, "opk": 33, "tokens": 40}

// TestDocument compares docs/contract.md with the tests: each row is there once and
// is shown by a test that exists, or says why it comes later; no test is unnamed.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	there, err := findTests(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range check(string(text), there) {
		t.Error(complaint)
	}
}

// check returns what is wrong with the document.
func check(text string, there map[string]string) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	seen, named := map[string]bool{}, map[string]bool{}
	for _, entry := range entries(text) {
		if len(entry) != 4 {
			complain("%s: %d cells, want 4", entry[0], len(entry))
			continue
		}
		id, kind := entry[0], entry[2]
		if !known(id) {
			complain("%s: there is no such row", id)
		}
		if seen[id] {
			complain("%s: is there twice", id)
		}
		seen[id] = true
		if entry[1] == "" {
			complain("%s: says nothing", id)
		}
		if kind != "wire" && kind != "controlled" {
			complain("%s: kind %q is neither wire nor controlled", id, kind)
		}
		tests, reason := proof(entry[3])
		if len(tests) == 0 && reason == "" {
			complain("%s: %q is neither a test nor later with a reason", id, entry[3])
		}
		for _, name := range tests {
			named[name] = true
			switch of, exists := there[name]; {
			case !exists:
				complain("%s: there is no test %s", id, name)
			case of != "" && of != kind:
				complain("%s: is %s here and %s in %s", id, kind, of, name)
			}
		}
	}
	for family, n := range families {
		for i := range n {
			if id := family + "-" + strconv.Itoa(i+1); !seen[id] {
				complain("%s: is missing", id)
			}
		}
	}
	for name, kind := range there {
		if kind != "" && !named[name] {
			complain("%s: no row names this test", name)
		}
	}
	slices.Sort(wrong)
	return wrong
}

var idCell = regexp.MustCompile(`^(http|saml|opk|tokens)-\d+$`)

// entries are the rows of the document that begin with an id.
func entries(text string) [][]string {
	var found [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if idCell.MatchString(cells[0]) {
			found = append(found, cells)
		}
	}
	return found
}

func known(id string) bool {
	family, number, _ := strings.Cut(id, "-")
	n, err := strconv.Atoi(number)
	return err == nil && n >= 1 && n <= families[family] && number == strconv.Itoa(n)
}

var (
	testCell = regexp.MustCompile("^`(Test[A-Za-z0-9_]+(?:/[a-z0-9_]+)?)`$")
	afters   = regexp.MustCompile(`^later: \S.{9,}$`)
)

// proof splits "`TestA`, `TestB`; later: reason"; what it cannot read is nothing.
func proof(cell string) (tests []string, reason string) {
	shown, rest := cell, ""
	if i := strings.Index(cell, "later:"); i >= 0 {
		shown, rest = strings.TrimSuffix(strings.TrimSpace(cell[:i]), ";"), cell[i:]
		if !afters.MatchString(rest) {
			return nil, ""
		}
	}
	if shown == "" {
		return nil, rest
	}
	for part := range strings.SplitSeq(shown, ",") {
		match := testCell.FindStringSubmatch(strings.TrimSpace(part))
		if match == nil {
			return nil, ""
		}
		tests = append(tests, match[1])
	}
	return tests, rest
}

// findTests lists the tests of a directory and the kinds of those that are rows of a
// table. Kinds of other tests are empty.
func findTests(dir fs.FS) (map[string]string, error) {
	names, err := fs.Glob(dir, "*_test.go")
	if err != nil {
		return nil, err
	}
	there := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Test") {
				continue
			}
			there[function.Name.Name] = ""
			for name, kind := range tableRows(function) {
				there[function.Name.Name+"/"+name] = kind
			}
		}
	}
	return there, nil
}

// tableRows are the composite literals with a name and a kind.
func tableRows(function *ast.FuncDecl) map[string]string {
	rows := map[string]string{}
	ast.Inspect(function, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		var name, kind string
		for _, element := range literal.Elts {
			pair, ok := element.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			key, ok := pair.Key.(*ast.Ident)
			if !ok {
				continue
			}
			switch value := pair.Value.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(value.Value); err == nil && key.Name == "name" {
					name = text
				}
			case *ast.Ident:
				if key.Name == "kind" {
					kind = value.Name
				}
			}
		}
		if name != "" && kind != "" {
			rows[name] = kind
		}
		return true
	})
	return rows
}

// TestDocumentCanFail breaks a good document: a check that never fails is none.
func TestDocumentCanFail(t *testing.T) {
	t.Parallel()
	there := map[string]string{"TestHTTP": "", "TestHTTP/01_a": "wire", "TestHTTP/02_b": "controlled"}
	good := "| Row | Behaviour | Kind | Shown by |\n|---|---|---|---|\n" +
		"| http-1 | a | wire | `TestHTTP/01_a`; later: the rest of it |\n| http-2 | b | controlled | `TestHTTP/02_b`, `TestHTTP` |\n"
	for _, family := range slices.Sorted(maps.Keys(families)) {
		for i := range families[family] {
			if id := fmt.Sprintf("%s-%d", family, i+1); id != "http-1" && id != "http-2" {
				good += fmt.Sprintf("| %s | x | wire | later: comes with its issue |\n", id)
			}
		}
	}
	if wrong := check(good, there); len(wrong) > 0 {
		t.Fatalf("a good document: got %q", wrong)
	}
	tests := []struct{ name, old, replacement, want string }{
		{"missing_row", "| saml-7 |", "| x |", "saml-7: is missing"},
		{"no_such_row", "| saml-7 |", "| saml-29 |", "saml-29: there is no such row"},
		{"doubled_row", "| saml-7 |", "| saml-6 |", "saml-6: is there twice"},
		{"number_with_a_zero", "| saml-7 |", "| saml-07 |", "saml-07: there is no such row"},
		{"no_such_test", "TestHTTP/01_a", "TestHTTP/01_z", "http-1: there is no test TestHTTP/01_z"},
		{"test_unnamed", "`TestHTTP/01_a`; ", "", "TestHTTP/01_a: no row names this test"},
		{"wrong_kind", "| a | wire |", "| a | controlled |", "http-1: is controlled here and wire in TestHTTP/01_a"},
		{"no_kind", "| a | wire |", "| a | maybe |", `http-1: kind "maybe" is neither wire nor controlled`},
		{"no_behaviour", "| a | wire |", "| | wire |", "http-1: says nothing"},
		{"no_proof", "`TestHTTP/01_a`; later: the rest of it", "", `http-1: "" is neither a test nor later with a reason`},
		{"prose_for_a_proof", "`TestHTTP/01_a`; later: the rest of it", "trust me", `http-1: "trust me" is neither a test nor later with a reason`},
		{"later_without_a_reason", "`TestHTTP/02_b`, `TestHTTP`", "later:", `http-2: "later:" is neither a test nor later with a reason`},
		{"cell_missing", "| a | wire ", "| a ", "http-1: 3 cells, want 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(good, tt.old) != 1 {
				t.Fatalf("%q does not stand once in the good document", tt.old)
			}
			wrong := check(strings.Replace(good, tt.old, tt.replacement, 1), there)
			if !slices.Contains(wrong, tt.want) {
				t.Errorf("got %q, want %q among it", wrong, tt.want)
			}
		})
	}
}

// TestStandinStaysBehindItsDoor: whatever else could reach the stand-in could make
// a row pass that nobody else would.
func TestStandinStaysBehindItsDoor(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range tree.Imports {
			if strings.Contains(spec.Path.Value, "esgateway/internal/") && name != "standin_test.go" {
				t.Errorf("%s imports %s: only standin_test.go may", name, spec.Path.Value)
			}
		}
	}
}
