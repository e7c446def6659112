package scope_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/scope"
)

// company is
//
//	co: Company
//	  s: Sales
//	    e: East
//	    w: West
//	  r: R/D
//	x: Sales (a second top)
//
// beside o, an orphan.
func company() *directory.Tree {
	return directory.NewTree([]directory.Node{
		{ID: "co", Name: "Company"}, {ID: "s", Name: "Sales", Parent: "co"}, {ID: "e", Name: "East", Parent: "s"}, {ID: "w", Name: "West", Parent: "s"},
		{ID: "r", Name: "R/D", Parent: "co"}, {ID: "x", Name: "Sales"}, {ID: "o", Name: "Orphan", Parent: "gone"},
	})
}

var schema = directory.Schema{FoldNames: true, Users: []directory.Field{{Name: "status", Type: directory.String}}}

func compile(t testing.TB, spec scope.Spec) *scope.Scope {
	t.Helper()
	s, err := scope.Compile(spec, company(), schema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDepartments(t *testing.T) {
	tests := []struct {
		name                 string
		include, exclude     []string
		users                []string
		departments, without []string
	}{
		{name: "all", departments: []string{"co", "x", "r", "s", "e", "w"}},
		{name: "a subtree by ID, with those above", include: []string{"s"}, departments: []string{"co", "s", "e", "w"}, without: []string{"co"}},
		{name: "by path", include: []string{"Company/Sales/East"}, departments: []string{"co", "s", "e"}, without: []string{"co", "s"}},
		{name: "by path with a slash in front", include: []string{"/Company/Sales/East"}, departments: []string{"co", "s", "e"}, without: []string{"co", "s"}},
		{name: "a name with a slash", include: []string{`Company/R\/D`}, departments: []string{"co", "r"}, without: []string{"co"}},
		{name: "excluded", exclude: []string{"s"}, departments: []string{"co", "x", "r"}},
		{name: "excluded within included", include: []string{"s"}, exclude: []string{"w"}, departments: []string{"co", "s", "e"}, without: []string{"co"}},
		{name: "excluded wins", include: []string{"e"}, exclude: []string{"s"}},
		{name: "only people are chosen", users: []string{"u"}, departments: []string{"co", "x", "r", "s", "e", "w"}, without: []string{"co", "x", "r", "s", "e", "w"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := compile(t, scope.Spec{DepartmentsInclude: test.include, DepartmentsExclude: test.exclude, UsersInclude: test.users, IncludeNewUsers: true})
			if diff := cmp.Diff(test.departments, s.Departments(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("departments (-want +got):\n%s", diff)
			}
			for _, id := range []string{"co", "s", "e", "w", "r", "x"} {
				if got, want := s.Department(id), slices.Contains(test.departments, id); got != want {
					t.Errorf("department %s is synced: %v, want %v", id, got, want)
				}
				member := directory.Entry{Kind: directory.User, ID: "member", Departments: []string{id}}
				if in, err := s.User(&member, true); err != nil || in != (slices.Contains(test.departments, id) && !slices.Contains(test.without, id)) {
					t.Errorf("the people of department %s are in scope: %v, error %v", id, in, err)
				}
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		name string
		spec scope.Spec
		want []string
	}{
		{"unknown departments", scope.Spec{DepartmentsInclude: []string{"s", "Company/Slaes"}, DepartmentsExclude: []string{"nobody"}},
			[]string{`scope.departments.include[1]: the source has no department with the ID or path "Company/Slaes"`, `scope.departments.exclude[0]: the source has no department with the ID or path "nobody"`}},
		{"a department without a place", scope.Spec{DepartmentsInclude: []string{"o"}}, []string{`"o" has no place in the tree: the parent "gone" of department "Orphan" does not exist`}},
		{"syntax of the filter", scope.Spec{Filter: "user.status = 'a'"}, []string{"scope.users.filter: line 1, column 13"}},
		{"unknown field in the filter", scope.Spec{Filter: "user.statsu == 'a'"}, []string{`scope.users.filter: the directory has no field "statsu"`}},
		{"a filter that is none", scope.Spec{Filter: "'active'"}, []string{"scope.users.filter: it gives string; a filter must give true or false"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := scope.Compile(test.spec, company(), schema)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	double := directory.NewTree([]directory.Node{{ID: "1", Name: "A"}, {ID: "2", Name: "A"}})
	_, err := scope.Compile(scope.Spec{DepartmentsInclude: []string{"A"}}, double, schema)
	if err == nil || !strings.Contains(err.Error(), `the path "A" leads to 2 departments (1, 2): give the ID`) {
		t.Errorf("a path with two ends: %v", err)
	}
}

// person makes a user with a status, in departments.
func person(status string, departments ...string) directory.Entry {
	e := directory.Entry{Kind: directory.User, ID: "u", Departments: departments}
	if status != "" {
		e.Attributes = directory.Attributes{{Name: "status", Values: []string{status}}}
	}
	return e
}

func TestUser(t *testing.T) {
	all := scope.Spec{IncludeNewUsers: true}
	sales := scope.Spec{IncludeNewUsers: true, DepartmentsInclude: []string{"s"}, DepartmentsExclude: []string{"w"}}
	active := scope.Spec{IncludeNewUsers: true, Filter: "user.status == 'active'"}
	broken := scope.Spec{IncludeNewUsers: true, Filter: "user.status.startsWith('a')"}
	with := func(spec scope.Spec, change func(*scope.Spec)) scope.Spec {
		change(&spec)
		return spec
	}
	tests := []struct {
		name     string
		spec     scope.Spec
		user     directory.Entry
		unlinked bool
		want     bool
		fails    string
	}{
		{name: "everyone", spec: all, user: person(""), want: true},
		{name: "everyone, with a department without a place", spec: all, user: person("", "o"), want: true},
		{name: "below a chosen department", spec: sales, user: person("", "e"), want: true},
		{name: "in one of several", spec: sales, user: person("", "w", "r", "s"), want: true},
		{name: "elsewhere", spec: sales, user: person("", "r")},
		{name: "above a chosen department", spec: sales, user: person("", "co")},
		{name: "in an excluded one", spec: sales, user: person("", "w")},
		{name: "in none", spec: sales, user: person("")},
		{name: "in none, where only some are excluded", spec: with(all, func(s *scope.Spec) { s.DepartmentsExclude = []string{"w"} }), user: person(""), want: true},
		{name: "a department without a place", spec: sales, user: person("", "r", "o"), fails: "the department o of this person has no place in the tree"},
		{name: "a department without a place beside a chosen one", spec: sales, user: person("", "o", "e"), want: true},
		{name: "listed", spec: with(sales, func(s *scope.Spec) { s.UsersInclude = []string{"u"} }), user: person("", "r"), want: true},
		{name: "another one is listed beside departments", spec: with(sales, func(s *scope.Spec) { s.UsersInclude = []string{"v"} }), user: person("", "e"), want: true},
		{name: "only another one is chosen", spec: with(all, func(s *scope.Spec) { s.UsersInclude = []string{"v"} }), user: person("", "e")},
		{name: "only another one is chosen, whatever the department", spec: with(all, func(s *scope.Spec) { s.UsersInclude = []string{"v"} }), user: person("", "o")},
		{name: "listed and excluded", spec: with(all, func(s *scope.Spec) { s.UsersInclude, s.UsersExclude = []string{"u"}, []string{"u"} }), user: person("")},
		{name: "the filter holds", spec: active, user: person("active"), want: true},
		{name: "the filter does not hold", spec: active, user: person("left")},
		{name: "the filter sees no value", spec: active, user: person("")},
		{name: "the filter is for those who are listed too", spec: with(active, func(s *scope.Spec) { s.UsersInclude = []string{"u"} }), user: person("left")},
		{name: "the filter fails", spec: broken, user: person(""), fails: "scope.users.filter: the expression cannot be evaluated"},
		{name: "the filter is not asked about those who are out anyway", spec: with(broken, func(s *scope.Spec) { s.DepartmentsInclude = []string{"s"} }), user: person("", "r")},
		{name: "new", spec: with(all, func(s *scope.Spec) { s.IncludeNewUsers = false }), user: person(""), unlinked: true},
		{name: "new, but new ones are welcome", spec: all, user: person(""), unlinked: true, want: true},
		{name: "not new", spec: with(all, func(s *scope.Spec) { s.IncludeNewUsers = false }), user: person(""), want: true},
		{name: "new but listed", spec: with(sales, func(s *scope.Spec) { s.IncludeNewUsers, s.UsersInclude = false, []string{"u"} }), user: person("", "r"), unlinked: true, want: true},
		{name: "an entry that was not understood", spec: all, user: directory.Entry{ID: "u", Err: errors.New("two IDs")}, fails: "two IDs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := compile(t, test.spec).User(&test.user, !test.unlinked)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("in scope %v, error %v, want an error with %q", got, err, test.fails)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("in scope %v, error %v, want %v", got, err, test.want)
			}
			said, why, _ := compile(t, test.spec).Why(&test.user, !test.unlinked)
			if said != test.want || why == "" {
				t.Errorf("Why says %t and %q, want %t", said, why, test.want)
			}
		})
	}
}

func TestUnreadableFilterField(t *testing.T) {
	user := person("")
	user.Unreadable = []string{"status"}
	s := compile(t, scope.Spec{Filter: "user.status != 'left'", IncludeNewUsers: true})
	if in, err := s.User(&user, true); err == nil {
		t.Errorf("in scope %v without an error, though the filter could not see the field", in)
	}
	if diff := cmp.Diff([]string{"status"}, s.Fields()); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// TestAnyChoice checks for any tree and choice that the departments keep their places and that excluded ones never come along.
func TestAnyChoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var nodes []directory.Node
		var ids []string
		for i := range rapid.IntRange(1, 15).Draw(t, "departments") {
			node := directory.Node{ID: fmt.Sprint(i), Name: fmt.Sprintf("D%d", i)}
			if i > 0 {
				node.Parent = fmt.Sprint(rapid.IntRange(0, i-1).Draw(t, "parent"))
			}
			nodes, ids = append(nodes, node), append(ids, node.ID)
		}
		tree := directory.NewTree(nodes)
		choice := rapid.SliceOfN(rapid.SampledFrom(ids), 0, 3)
		spec := scope.Spec{DepartmentsInclude: choice.Draw(t, "include"), DepartmentsExclude: choice.Draw(t, "exclude"), IncludeNewUsers: true}
		s, err := scope.Compile(spec, tree, schema)
		if err != nil {
			t.Fatal(err)
		}
		within := func(roots []string, id string) bool {
			return slices.ContainsFunc(roots, func(root string) bool { return tree.Within(root, id) })
		}
		for _, id := range ids {
			chosen := (len(spec.DepartmentsInclude) == 0 || within(spec.DepartmentsInclude, id)) && !within(spec.DepartmentsExclude, id)
			if chosen && !s.Department(id) {
				t.Fatalf("department %s is chosen and not synced", id)
			}
			user := directory.Entry{Kind: directory.User, ID: "u", Departments: []string{id}}
			if in, err := s.User(&user, true); err != nil || in != chosen {
				t.Fatalf("a person of department %s is in scope: %v, error %v, want %v", id, in, err, chosen)
			}
		}
		for i, id := range s.Departments() {
			if parents := tree.Ancestors(id); len(parents) > 0 && !slices.Contains(s.Departments()[:i], parents[0]) {
				t.Fatalf("department %s comes before its parent %s, or without it", id, parents[0])
			}
		}
	})
}
