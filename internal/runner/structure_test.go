package runner_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

func TestDepartmentsChangeTheirPlaces(t *testing.T) {
	t.Parallel()
	const head = "Head"
	tests := []struct {
		name string
		edit func(w *world)
		want map[string]int
	}{
		{"below its own former child", func(w *world) {
			w.move(w.dn("East", "Sales", head), "ou=East", w.dn(head))
			w.move(w.dn("Sales", head), "ou=Sales", w.dn("East", head))
		}, map[string]int{"MoveDepartment Succeeded": 2}},
		{"a line of three turns round", func(w *world) {
			w.unit("Team", "East", "Sales", head)
			w.synced()
			w.move(w.dn("Team", "East", "Sales", head), "ou=Team", w.dn(head))
			w.move(w.dn("East", "Sales", head), "ou=East", w.dn("Team", head))
			w.move(w.dn("Sales", head), "ou=Sales", w.dn("East", "Team", head))
		}, map[string]int{"MoveDepartment Succeeded": 3}},
		{"the top goes below what was at the bottom", func(w *world) {
			w.move(w.dn("East", "Sales", head), "ou=East", w.source.Org)
			w.move(w.dn(head), "ou=Head", w.dn("East"))
		}, map[string]int{"MoveDepartment Succeeded": 2}},
		{"moved and renamed at once, with all below it", func(w *world) {
			w.move(w.dn("Sales", head), "ou=Vertrieb", w.dn("Research", head))
			w.renameEntry(w.dn("Research", head), "ou=Forschung")
			w.renameEntry(w.dn("East", "Vertrieb", "Forschung", head), "ou=Ost")
			w.renameEntry(w.dn("West", "Vertrieb", "Forschung", head), "ou=West Süd")
			w.renameEntry(w.dn(head), `ou=Leitung\, zentral`)
		}, map[string]int{"MoveDepartment Succeeded": 1, "UpdateDepartment Succeeded": 5}},
		{"parent and child swap their names", func(w *world) {
			w.renameEntry(w.dn("East", "Sales", head), "ou=between")
			w.renameEntry(w.dn("Sales", head), "ou=East")
			w.renameEntry(w.dn("between", "East", head), "ou=Sales")
		}, map[string]int{"UpdateDepartment Succeeded": 2}},
		{"parent and child swap their places", func(w *world) {
			w.move(w.dn("East", "Sales", head), "ou=between", w.dn(head))
			w.move(w.dn("Sales", head), "ou=East", w.dn("between", head))
			w.renameEntry(w.dn("between", head), "ou=Sales")
		}, nil},
		{"two of one name swap their parents", func(w *world) {
			w.unit("East", "Research", head)
			w.person("otto", "East", "Research", head)
			w.synced()
			w.move(w.dn("East", "Research", head), "ou=between", w.dn("Sales", head))
			w.move(w.dn("East", "Sales", head), "ou=East", w.dn("Research", head))
			w.renameEntry(w.dn("between", "Sales", head), "ou=East")
		}, nil},
		{"one takes the place of one that is deleted", func(w *world) {
			for _, uid := range []string{"dora", "emil"} {
				w.move("uid="+uid+","+w.dn("West", "Sales", head), "uid="+uid, w.dn("East", "Sales", head))
			}
			w.leave(w.dn("West", "Sales", head))
			w.renameEntry(w.dn("East", "Sales", head), "ou=West")
		}, nil},
		{"a subtree goes into a new department", func(w *world) {
			w.unit("New", head)
			w.move(w.dn("Sales", head), "ou=Sales", w.dn("New", head))
		}, map[string]int{"CreateDepartment Succeeded": 1, "MoveDepartment Succeeded": 1}},
		{"letter case alone", func(w *world) { w.renameEntry(w.dn("Sales", head), "ou=SALES") }, map[string]int{"UpdateDepartment Succeeded": 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
			w.company()
			w.synced()
			test.edit(w)
			before := w.snapshot(w.target)

			w.synced()

			operations := w.operations(w.lastUID())
			delete(operations, "NoUpdate Succeeded")
			if test.want != nil {
				w.expectEqual("operations", operations, test.want)
			}
			w.expectEven()
			w.expectNoTemporary("after the run")
			after := w.snapshot(w.target)
			for id, e := range before {
				if _, there := after[id]; !there && operations["DeleteDepartment Succeeded"] == 0 {
					t.Errorf("%s was deleted and not moved", e.dn)
				}
			}
			w.expectRest()
		})
	}
}

// alteredSource gives departments other parents than they have, as sources do that name a parent by an attribute.
type alteredSource struct {
	runner.Connector
	parents map[string]string
}

type alteredDepartments struct {
	connector.Source
	parents map[string]string
}

func (e *alteredSource) Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	source, err := e.Connector.Source(ctx, spec)
	return &alteredDepartments{source, e.parents}, err
}

func (s *alteredDepartments) Departments(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error] {
	return func(yield func(directory.Entry, error) bool) {
		var entries []directory.Entry
		ids := map[string]string{}
		for entry, err := range s.Source.Departments(ctx, fields) {
			if err != nil {
				yield(entry, err)
				return
			}
			entries, ids[entry.Name] = append(entries, entry), entry.ID
		}
		for _, entry := range entries {
			if parent, ok := s.parents[entry.Name]; ok {
				if entry.Parent, ok = ids[parent]; !ok {
					entry.Parent = "nobody-" + parent
				}
			}
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func TestDepartmentsWithoutAPlace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		parents map[string]string
		// lost are the departments without a place, with what their records say.
		lost map[string]string
	}{
		{"a parent that there is not", map[string]string{"Sales": "Nowhere"}, map[string]string{
			"Sales": `the parent "nobody-Nowhere" of department "Sales" does not exist`,
			"East":  `stands below "Sales", whose parent`, "West": `stands below "Sales", whose parent`}},
		{"its own parent", map[string]string{"East": "East"}, map[string]string{"East": "is above itself"}},
		{"a circle of two", map[string]string{"Sales": "East"}, map[string]string{
			"Sales": "is above itself", "East": "is above itself", "West": "which is above itself"}},
	}
	for _, test := range tests {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, first run %t", test.name, first), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
				w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
				w.company()
				if !first {
					w.synced()
				}
				before := w.snapshot(w.target)
				r := w.begin()
				r.runner.Connect = &alteredSource{Connector: w.mounts, parents: test.parents}
				if err := r.attempt(1, false); err != nil {
					t.Fatal(err)
				}
				if result := r.ended().Outcome.Result; result != "PartiallyFailed" {
					t.Errorf("result %s: %s", result, r.ended().Outcome.Message)
				}
				failed := map[string]string{}
				for _, record := range w.records(r.uid) {
					if record.Subject == directory.Department && record.Status == "Failed" {
						failed[record.Name] = record.Message
					}
				}
				w.expectEqual("departments that failed", slices.Sorted(maps.Keys(failed)), slices.Sorted(maps.Keys(test.lost)))
				for name, text := range test.lost {
					if !strings.Contains(failed[name], text) {
						t.Errorf("the record of %s says %q, want %q", name, failed[name], text)
					}
				}
				if !first && len(w.snapshot(w.target)) != len(before) {
					t.Errorf("of %d entries %d are left: what is unknown must stay\n%s", len(before), len(w.snapshot(w.target)), w.describe(r.uid))
				}
				if !first {
					w.expectEven()
				}
				w.synced()
				w.expectEven()
				w.expectRest()
			})
		}
	}
}
