package runner_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// refusingTarget refuses to give anybody one identifier, as often as it is told to.
type refusingTarget struct {
	connector.Target
	value string
	times int
	// owner had the value at first, and gets it back.
	owner string
}

func (t *refusingTarget) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	if t.times > 0 && slices.Contains(values, t.value) && id != t.owner {
		t.times--
		return directory.Entry{}, &connector.Error{Class: connector.Invalid, Err: errors.New("the name is reserved")}
	}
	return t.Target.ChangeUserIdentifier(ctx, id, values)
}

type refusingEnds struct {
	runner.Connector
	value string
	times int
	owner string
}

func (e *refusingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &refusingTarget{Target: target, value: e.value, times: e.times, owner: e.owner}, err
}

// exchange lets two people of the source swap their logins.
func (w *world) exchange(a, b, parent string) {
	for _, step := range [][2]string{{a, "between"}, {b, a}, {"between", b}} {
		w.source.Server.Apply(w.t, "dn: uid="+step[0]+","+parent+"\nchangetype: modrdn\nnewrdn: uid="+step[1]+"\ndeleteoldrdn: 1\n\n")
	}
}

func TestAnExchangeThatFailsHalfwayGivesTheLoginBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.exchange("an", "bo", w.dn("East", "Sales", "Head"))
	refused := w.secondOf("an", "bo")
	r := w.begin()
	// The one who opens the exchange gets a temporary login, and then the other one's new login is refused.
	r.runner.Connect = &refusingEnds{Connector: w.mounts, value: refused, times: 1}
	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}
	if result := r.ended().Outcome.Result; result != report.PartiallyFailed {
		t.Errorf("result %s", result)
	}
	for _, uid := range []string{"an", "bo"} {
		if _, ok := w.targetPerson(uid); !ok {
			t.Errorf("nobody has the login %s:\n%s", uid, w.describe(w.lastUID()))
		}
	}
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"ChangeUserIdentifier Succeeded": 3, "NoUpdate Succeeded": 13})
}

// secondOf is the login that the second one of an exchange is to get: the exchange is opened by the smaller source ID.
func (w *world) secondOf(a, b string) string {
	if w.sourceIDOf("The "+a) < w.sourceIDOf("The "+b) {
		return a
	}
	return b
}

// refusingDepartments refuses the n-th change of a department.
type refusingDepartments struct {
	runner.Connector
	n int
}

type refusingDepartmentsTarget struct {
	connector.Target
	ends *refusingDepartments
}

func (e *refusingDepartments) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &refusingDepartmentsTarget{target, e}, err
}

func (t *refusingDepartmentsTarget) UpdateDepartment(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	if t.ends.n--; t.ends.n == 0 {
		return directory.Entry{}, &connector.Error{Class: connector.Invalid, Err: errors.New("the name is reserved")}
	}
	return t.Target.UpdateDepartment(ctx, id, patch)
}

// TestDepartmentsThatPassTheirNamesOnAndOneIsRefused: wherever the target refuses one step, all have the names of before, but for those
// who do not need the one that was refused. Their other fields are in step.
func TestDepartmentsThatPassTheirNamesOnAndOneIsRefused(t *testing.T) {
	t.Parallel()
	shapes := []struct {
		name  string
		steps [][2]string
		// calls are how many names are given in all, a temporary one included.
		calls int
	}{
		{"three in a circle", [][2]string{{"East", "between"}, {"West", "East"}, {"North", "West"}, {"between", "North"}}, 4},
		{"three in a chain", [][2]string{{"East", "Far East"}, {"West", "East"}, {"North", "West"}}, 3},
	}
	for _, shape := range shapes {
		for n := 1; n <= shape.calls; n++ {
			t.Run(fmt.Sprintf("%s, the change %d", shape.name, n), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.task.Spec.Execution.Concurrency = 1
				w.company()
				w.unit("North", "Sales", "Head")
				w.person("nina", "North", "Sales", "Head")
				w.synced()
				for _, step := range shape.steps {
					w.renameEntry(w.dn(step[0], "Sales", "Head"), "ou="+step[1])
				}
				before := w.departmentNames()
				r := w.begin()
				r.runner.Connect = &refusingDepartments{Connector: w.mounts, n: n}

				if err := r.attempt(1, false); err != nil {
					t.Fatal(err)
				}

				w.expectEqual("result", r.ended().Outcome.Result, report.PartiallyFailed)
				w.expectNoTemporary("after the refusal")
				if shape.name == "three in a circle" {
					w.expectEqual("the names of all", w.departmentNames(), before)
				}
				told := maps.Clone(before)
				for _, record := range w.records(r.uid) {
					for _, change := range record.Changes {
						switch {
						case change.Field != "ou":
						case record.Status == "Succeeded":
							told[record.TargetID] = change.After[0]
						case strings.Contains(record.Message, "of before again"):
							told[record.TargetID] = before[record.TargetID]
						}
					}
				}
				if diff := cmp.Diff(told, w.departmentNames()); diff != "" {
					t.Errorf("the names are not those of the records (-recorded +there):\n%s\n%s", diff, w.describe(r.uid))
				}
				w.synced()
				w.expectEven()
				w.expectRest()
			})
		}
	}
}

// departmentNames are the names of the target's departments by their IDs.
func (w *world) departmentNames() map[string]string {
	names := map[string]string{}
	for id, e := range w.snapshot(w.target) {
		if e.attributes["ou"] != "" && !e.person {
			names[id] = e.attributes["ou"]
		}
	}
	return names
}
