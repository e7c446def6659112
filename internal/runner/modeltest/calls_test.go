package modeltest

import (
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// calls are the calls to both ends in one run, by end and method.
func (w *world) calls(run func()) map[string]int {
	var mu sync.Mutex
	counted := map[string]int{}
	count := func(end string) func(memory.Call) *memory.Fault {
		return func(call memory.Call) *memory.Fault {
			mu.Lock()
			defer mu.Unlock()
			counted[end+" "+call.Method]++
			return nil
		}
	}
	w.source.Trouble(count("source"))
	w.target.Trouble(count("target"))
	defer w.source.Trouble(nil)
	defer w.target.Trouble(nil)
	run()
	return counted
}

// TestCallsOfARun: what a run asks of the two ends grows with what it changes, and not with how many people there are. People who leave are looked up
// many at a time, on both sides.
func TestCallsOfARun(t *testing.T) {
	t.Parallel()
	reading := map[string]int{
		"source Identity": 1, "source Schema": 1, "source Departments": 1, "source Users": 1,
		"target Identity": 1, "target Schema": 1, "target Departments": 1, "target Users": 1,
	}
	with := func(more map[string]int) map[string]int {
		all := maps.Clone(reading)
		maps.Copy(all, more)
		return all
	}
	for _, people := range []int{200, 400} {
		w := scenario(t, onDepartment)
		w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
		all := int32(1000)
		w.task.Spec.Guard.Removals.Floor = &all
		for i := range 10 {
			w.has(w.source, directory.Department, fmt.Sprint("d", i), map[string]string{"ou": fmt.Sprint("D", i)})
		}
		user := func(i int) memory.Key { return memory.Key{Kind: directory.User, ID: fmt.Sprint("u", i)} }
		for i := range people {
			w.has(w.source, directory.User, user(i).ID, map[string]string{"uid": fmt.Sprint("login", i), "manager": memory.Reference("u0")})
			_ = w.source.Edit(user(i), func(u *memory.Entry) { u.Departments = []string{fmt.Sprint("d", i%10)} })
		}
		expect := func(run string, want map[string]int) {
			t.Helper()
			if diff := cmp.Diff(want, w.calls(func() { w.sync() })); diff != "" {
				t.Errorf("calls of the %s run of %d people (-want +got):\n%s", run, people, diff)
			}
		}
		expect("first", with(map[string]int{"target CreateDepartment": 10, "target CreateUser": people, "target UpdateUser": people, "target SyncDepartmentMembers": 10}))
		expect("second", reading)
		for i := range 20 {
			_ = w.source.Delete(user(i + 1))
			_ = w.source.Edit(user(i+50), func(u *memory.Entry) { u.Set("title", "clerk") })
		}
		expect("third", with(map[string]int{"target UpdateUser": 20, "target DeleteUser": 20, "target SyncDepartmentMembers": 10, "source Lookup": 11, "target Lookup": 1}))
	}
}
