package v1alpha1_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the table of conditions in docs/api.md")

const (
	apiPage    = "../../docs/api.md"
	tableBegin = "<!-- conditions: begin, written by go test ./api/... -update -->\n"
	tableEnd   = "<!-- conditions: end -->\n"
)

// TestConditionsPage compares the table of docs/api.md with the constants.
func TestConditionsPage(t *testing.T) {
	data, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(data), tableBegin)
	got, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has no lines %q and %q around the table", apiPage, tableBegin, tableEnd)
	}
	want := conditionsTable()
	if *update {
		if err := os.WriteFile(apiPage, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table in %s is stale; run go test ./api/... -update (-want +got):\n%s", apiPage, diff)
	}
}

func conditionsTable() string {
	var table strings.Builder
	table.WriteString("\n| kind, type | status | reason | when | what a person does |\n| --- | --- | --- | --- | --- |\n")
	for _, row := range v1alpha1.ConditionMeanings {
		fmt.Fprintf(&table, "| %s, %s | %s | %s | %s | %s |\n", row.Kind, row.Type, row.Status, row.Reason, row.When, row.Do)
	}
	table.WriteString("\n")
	return table.String()
}

// TestEveryReasonHasItsMeaning reads the constants from the source, so that a
// new one cannot be forgotten in the table.
func TestEveryReasonHasItsMeaning(t *testing.T) {
	explained, conditions := map[string]bool{}, map[string]bool{}
	for _, row := range v1alpha1.ConditionMeanings {
		explained[string(row.Reason)] = true
		conditions[row.Type] = true
		if row.When == "" || row.Do == "" || strings.ContainsAny(row.When+row.Do, "|\n") {
			t.Errorf("the meaning of %s, %s, %s is empty or breaks the table", row.Kind, row.Type, row.Reason)
		}
	}
	reasons := 0
	for name, value := range constants(t, "conditions.go") {
		switch {
		case strings.HasPrefix(name, "Reason"):
			reasons++
			if !explained[value] {
				t.Errorf("%s (%s) is in no row of ConditionMeanings", name, value)
			}
		case strings.HasPrefix(name, "Condition") && !conditions[value]:
			t.Errorf("%s (%s) is in no row of ConditionMeanings", name, value)
		}
	}
	if reasons < 30 {
		t.Errorf("found %d reasons in the source: the test reads the wrong file", reasons)
	}
}

func TestNoMeaningStandsTwice(t *testing.T) {
	seen := map[[4]string]bool{}
	for _, row := range v1alpha1.ConditionMeanings {
		key := [4]string{row.Kind, row.Type, string(row.Status), string(row.Reason)}
		if seen[key] {
			t.Errorf("%v stands twice in ConditionMeanings", key)
		}
		seen[key] = true
	}
}

// constants are the string constants of a file by name.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	result := map[string]string{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, isSpec := node.(*ast.ValueSpec)
		if !isSpec || len(spec.Values) != 1 {
			return true
		}
		if literal, isLiteral := spec.Values[0].(*ast.BasicLit); isLiteral && literal.Kind == token.STRING {
			result[spec.Names[0].Name] = strings.Trim(literal.Value, `"`)
		}
		return true
	})
	return result
}
