// Package modeltest tries the whole engine on random directories: the runner with everything below it, between two directories in
// memory. Both sides are edited between runs, calls fail, processes die; after each run what must always be true is checked by other
// means than the engine's own. docs/development.md says how to run it for long and how to repeat a failure.
package modeltest

import (
	"flag"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// shortForm is what is tried where nobody says how many lives: always the same
// ones, so that a change answers for what it broke. make soak looks for others.
var shortForm = map[string]string{"rapid.checks": "50", "rapid.seed": "20261127"}

// lastLife is how long before the end of the time the last life begins.
const lastLife = 10 * time.Second

// TestModel checks random lives of a task. Pauses take no time.
func TestModel(t *testing.T) {
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || shortForm[f.Name] != "" })
	for name, value := range shortForm {
		if said {
			break
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	tried := map[string]int{}
	end, limited := t.Deadline()
	rapid.Check(t, func(r *rapid.T) {
		if limited && time.Until(end) < lastLife {
			time.Sleep(20 * time.Millisecond)
			return // rapid goes on to the last moment, and a life that is cut then looks like a fault
		}
		rapid.SyncTest(r, func(r *rapid.T) { lifeOfATask(r, tried) })
	})
	for _, what := range slices.Sorted(maps.Keys(tried)) {
		t.Logf("%6d %s", tried[what], what)
	}
}

// lifeOfATask is the life of one task: edits and runs by turns, and at the end quiet. It counts what the runs did.
func lifeOfATask(t *rapid.T, tried map[string]int) {
	w := newWorld(t, randomShape(t))
	defer w.close()
	w.found(t)
	w.randomTask(t)
	for range between(t, 0, 6, "in the target at the beginning") {
		w.editTarget(t)
	}
	for range between(t, 1, 6, "runs") {
		r := w.begin(randomOverride(t))
		r.randomEnd(t)
		r.end()
		t.Logf("%s", r.describe())
		r.check()
		tried["run "+string(r.outcome().Result)]++
		for _, record := range r.records {
			tried[string(record.Operation)+" "+string(record.Status)+" "+record.Reason]++
		}
		w.between(t)
	}
	w.quiet()
}

// found founds a company.
func (w *world) found(t *rapid.T) {
	e := &editor{t, w, w.source}
	for _, id := range departmentIDs[:between(t, 0, 5, "departments")] {
		e.place(id)
	}
	for _, id := range userIDs[:between(t, 1, 9, "users")] {
		e.hire(id)
	}
	for range between(t, 0, 5, "at the beginning") {
		w.editSource(t)
	}
}

// between is what happens between two runs.
func (w *world) between(t *rapid.T) {
	time.Sleep(time.Duration(between(t, 0, 40, "hours")) * time.Hour)
	for range between(t, 0, 7, "edits of the source") {
		w.editSource(t)
	}
	for range max(0, between(t, -1, 3, "edits of the target")) {
		w.editTarget(t)
	}
	switch between(t, 0, 12, "edit of the task") {
	case 0:
		w.randomScope(t)
	case 1:
		w.randomDeletion(t)
	case 2:
		w.randomGuard(t)
	}
}

func randomOverride(t *rapid.T) *v1alpha1.GuardOverride {
	if between(t, 0, 5, "override") != 0 {
		return nil
	}
	all := int32(1000)
	return &v1alpha1.GuardOverride{Reason: "a test", Removals: &v1alpha1.RemovalLimitsOverride{Floor: &all}}
}
