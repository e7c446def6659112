package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/directory"
)

var company = []directory.Node{
	{ID: "east", Name: "East", Parent: "sales"},
	{ID: "sales", Name: "Sales", Parent: "company"},
	{ID: "rd", Name: `R/D \ 研发`, Parent: "company"},
	{ID: "company", Name: "Company"},
}

func TestTreeKnowsPlaces(t *testing.T) {
	tree := directory.NewTree(company)
	if diff := cmp.Diff([]string{"company", "rd", "sales", "east"}, tree.TopDown()); diff != "" {
		t.Errorf("TopDown: %s", diff)
	}
	if got, want := tree.Path("east"), "Company/Sales/East"; got != want {
		t.Errorf("Path(east) = %q, want %q", got, want)
	}
	if got, want := tree.Path("rd"), `Company/R\/D \\ 研发`; got != want {
		t.Errorf("Path(rd) = %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"sales", "company"}, tree.Ancestors("east")); diff != "" {
		t.Errorf("Ancestors(east): %s", diff)
	}
	if diff := cmp.Diff([]string{"rd", "sales", "east"}, tree.Descendants("company")); diff != "" {
		t.Errorf("Descendants(company): %s", diff)
	}
	if tree.Depth("company") != 0 || tree.Depth("east") != 2 || tree.Depth("nowhere") != -1 {
		t.Errorf("depths %d, %d, %d; want 0, 2, -1", tree.Depth("company"), tree.Depth("east"), tree.Depth("nowhere"))
	}
	if !tree.Within("sales", "east") || !tree.Within("sales", "sales") || tree.Within("rd", "east") || tree.Within("sales", "nowhere") {
		t.Error("Within takes a department for one of another subtree")
	}
	if len(tree.Problems()) != 0 {
		t.Errorf("a good tree has problems: %v", tree.Problems())
	}
}

func TestTreeNamesWhatHasNoPlace(t *testing.T) {
	tree := directory.NewTree(append(slices.Clone(company),
		directory.Node{ID: "a", Name: "A", Parent: "b"},
		directory.Node{ID: "b", Name: "B", Parent: "a"},
		directory.Node{ID: "below-cycle", Name: "Below", Parent: "a"},
		directory.Node{ID: "self", Name: "Self", Parent: "self"},
		directory.Node{ID: "orphan", Name: "Orphan", Parent: "gone"},
		directory.Node{ID: "below-orphan", Name: "Child", Parent: "orphan"},
		directory.Node{ID: "twice", Name: "One", Parent: "company"},
		directory.Node{ID: "twice", Name: "Two", Parent: "company"},
		directory.Node{ID: "below-twice", Name: "Third", Parent: "twice"},
	))
	want := map[string]string{
		"a":            `department "A" is above itself`,
		"b":            `department "B" is above itself`,
		"below-cycle":  `department "Below" stands below "A", which is above itself`,
		"self":         `department "Self" is above itself`,
		"orphan":       `the parent "gone" of department "Orphan" does not exist`,
		"below-orphan": `department "Child" stands below "Orphan", whose parent "gone" does not exist`,
		"twice":        `several departments have the ID "twice"`,
		"below-twice":  `department "Third" stands below "twice", and several departments have that ID`,
	}
	got := map[string]string{}
	for _, problem := range tree.Problems() {
		got[problem.ID] = problem.Err.Error()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems: %s", diff)
	}
	if diff := cmp.Diff([]string{"company", "rd", "sales", "east"}, tree.TopDown()); diff != "" {
		t.Errorf("the good part of the tree: %s", diff)
	}
	if slices.Contains(tree.Descendants("company"), "twice") {
		t.Error("a department without a place is a descendant")
	}
}

func TestTreePlacesOrReportsEveryDepartmentOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 30).Draw(t, "size")
		departments := make([]directory.Node, size)
		for i := range departments {
			parent := ""
			if p := rapid.IntRange(-1, size).Draw(t, "parent"); p >= 0 { // size itself does not exist
				parent = fmt.Sprint("d", p)
			}
			departments[i] = directory.Node{ID: fmt.Sprint("d", i), Name: strings.Repeat("x", i%3), Parent: parent}
		}
		tree := directory.NewTree(departments)
		ids := slices.Clone(tree.TopDown())
		for i, id := range ids {
			for _, above := range tree.Ancestors(id) {
				if slices.Index(ids[:i], above) < 0 {
					t.Fatalf("%s comes before its ancestor %s", id, above)
				}
			}
			if len(tree.Ancestors(id)) != tree.Depth(id) {
				t.Fatalf("%s has the depth %d and %d ancestors", id, tree.Depth(id), len(tree.Ancestors(id)))
			}
		}
		for _, problem := range tree.Problems() {
			ids = append(ids, problem.ID)
		}
		slices.Sort(ids)
		if len(ids) != size || len(slices.Compact(ids)) != size {
			t.Fatalf("%d departments became %d", size, len(ids))
		}
	})
}
