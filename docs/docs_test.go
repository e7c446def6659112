// Package docs has no code. Its test keeps what the pages say of the project's tests true.
package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mention is how a page names a test: the folder of its package, a dot, the function.
var mention = regexp.MustCompile("`([a-z0-9/_-]+)\\.((?:Test|Fuzz|Benchmark|Example)[A-Za-z0-9_]*)`")

// bare is a test that is named without its package, so that nobody can run it.
var bare = regexp.MustCompile("`(?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*`")

// TestPagesNameTestsThatExist reads all pages.
func TestPagesNameTestsThatExist(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	tests := map[string]map[string]bool{}
	for _, page := range append(pages, "../README.md") {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range bare.FindAllString(string(data), -1) {
			t.Errorf("%s names the test %s without the folder of its package, as in `internal/runner.TestX`", page, name)
		}
		for _, match := range mention.FindAllStringSubmatch(string(data), -1) {
			folder, name := match[1], match[2]
			found++
			if tests[folder] == nil {
				tests[folder] = testsIn(t, filepath.Join("..", filepath.FromSlash(folder)))
			}
			if !tests[folder][name] {
				t.Errorf("%s names %s in %s, and there is no such test; name the one that shows what the page says", page, name, folder)
			}
		}
	}
	if found < 50 {
		t.Errorf("%d tests are named: either docs/safety.md is gone or this test does not read it", found)
	}
}

// TestTheAPIPageIsWhole looks on the page for what programs rely on: every label, annotation and finalizer, and each field that is not served yet.
func TestTheAPIPageIsWhole(t *testing.T) {
	data, err := os.ReadFile("api.md")
	if err != nil {
		t.Fatal(err)
	}
	for file, literal := range map[string]*regexp.Regexp{
		"../api/v1alpha1/metadata.go":         regexp.MustCompile(`"(synccenter\.dev/[a-z-]+)"`),
		"../internal/definition/notserved.go": regexp.MustCompile(`"(spec\.[A-Za-z.]+)"`),
	} {
		source, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		found := literal.FindAllStringSubmatch(string(source), -1)
		if len(found) == 0 {
			t.Errorf("%s has none of what the page is to tell", file)
		}
		for _, match := range found {
			if !strings.Contains(string(data), "`"+match[1]) {
				t.Errorf("api.md does not tell of %s, which is in %s", match[1], file)
			}
		}
	}
}

// testsIn lists the functions in the test files of a folder, whatever their build tags.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && !strings.HasPrefix(function.Name.Name, "test") {
				names[function.Name.Name] = true
			}
		}
	}
	return names
}
