// Package modeltest tries the whole engine on random directories: the runner with everything below it, between two directories in
// memory. Both sides are edited between runs, calls fail, processes die; after each run what must always be true is checked by other
// means than the engine's own. docs/development.md says how to run it for long and how to repeat a failure.
package modeltest

import (
	"flag"
	"testing"
	"time"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// shortForm is how many lives are tried where nobody says -rapid.checks.
const shortForm = "25"

// TestModel checks random lives of a task. Pauses take no time.
func TestModel(t *testing.T) {
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "rapid.checks" })
	if !said {
		if err := flag.Set("rapid.checks", shortForm); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(r *rapid.T) { rapid.SyncTest(r, lifeOfATask) })
}

// lifeOfATask is the life of one task: edits and runs by turns, and at the end quiet.
func lifeOfATask(t *rapid.T) {
	w := newWorld(t, randomShape(t))
	defer w.close()
	w.randomTask(t)
	for range rapid.IntRange(2, 12).Draw(t, "at the beginning") {
		w.editSource(t)
	}
	for range rapid.IntRange(0, 4).Draw(t, "in the target at the beginning") {
		w.editTarget(t)
	}
	for range rapid.IntRange(1, 5).Draw(t, "runs") {
		r := w.begin(randomOverride(t))
		r.randomEnd(t)
		r.end()
		t.Logf("%s", r.describe())
		r.check()
		w.between(t)
	}
	w.quiet()
}

// between is what happens between two runs.
func (w *world) between(t *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
	for range rapid.IntRange(0, 5).Draw(t, "edits of the source") {
		w.editSource(t)
	}
	for range rapid.IntRange(0, 2).Draw(t, "edits of the target") {
		w.editTarget(t)
	}
	switch rapid.IntRange(0, 12).Draw(t, "edit of the task") {
	case 0:
		w.randomScope(t)
	case 1:
		w.randomDeletion(t)
	case 2:
		w.randomGuard(t)
	}
}

func randomOverride(t *rapid.T) *v1alpha1.GuardOverride {
	if rapid.IntRange(0, 5).Draw(t, "override") != 0 {
		return nil
	}
	all := int32(1000)
	return &v1alpha1.GuardOverride{Reason: "a test", Removals: &v1alpha1.RemovalLimitsOverride{Floor: &all}}
}
