package retention

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/report"
)

// marks are how many bytes may be stored so that a further run finds room. A
// runner refuses what does not fit before its first write, so room is made
// when a run has ended.
type marks struct {
	task, all int64
}

// marksOf leaves room for one run and for its new state beside the old one.
// What is left is never less than half of a budget: one that is hardly larger
// than a run would otherwise keep nothing at all.
func marksOf(budget artifact.Budget, links int64) marks {
	room := budget.Run + links*linkBytes
	return marks{
		task: max(budget.Task-room, budget.Task/2),
		all:  max(budget.All-max(room, budget.All/4), budget.All/2), // many tasks of a namespace run at once
	}
}

// linkBytes is what a link is taken to need in the new state.
const linkBytes = 64

// stock is what a namespace stores.
type stock struct {
	// runs is what each run stores, tasks what each task stores in all.
	runs  map[types.UID]int64
	tasks map[string]int64
	all   int64
}

func linksOf(task *v1alpha1.SyncTask) int64 {
	if task.Status.Links == nil {
		return 0
	}
	return task.Status.Links.Users + task.Status.Links.Departments
}

// over says whether what a runner met, and what its run has stored since, leaves
// too little room for the next one.
func (m marks) over(told *report.Report) bool {
	if told.Usage == nil {
		return false // it stored nothing, or did not get so far
	}
	var records int64
	if told.Records != nil {
		records = told.Records.Bytes*4/3 + runBytes // a small stream stands in its manifest, in base64
	}
	return told.Usage.Task+records > m.task || told.Usage.All+records > m.all
}

// runBytes is what a run is taken to store beside its records: its definition, its report, its manifests.
const runBytes = 16 << 10

// makeRoom names whose details go so that a task, and then all of its
// namespace, are below the marks again: the oldest first.
func makeRoom(task string, candidates []*v1alpha1.SyncRun, s stock, m marks) []loss {
	var result []loss
	gone := map[types.UID]bool{}
	take := func(run *v1alpha1.SyncRun, message string) {
		gone[run.UID] = true
		bytes := s.runs[run.UID]
		s.tasks[run.Spec.TaskRef.Name] -= bytes
		s.all -= bytes
		result = append(result, loss{run, details, v1alpha1.ReasonBudgetReached, message})
	}
	ordered := slices.SortedFunc(slices.Values(candidates), func(a, b *v1alpha1.SyncRun) int { return endOf(a).Compare(endOf(b)) })
	for _, run := range ordered {
		if run.Spec.TaskRef.Name == task && s.runs[run.UID] > 0 && s.tasks[task] > m.task {
			take(run, fmt.Sprintf("What the runs of the task store came near to its budget: %s, with room for one more run.", mebibytes(m.task)))
		}
	}
	for _, run := range ordered {
		if !gone[run.UID] && s.runs[run.UID] > 0 && s.all > m.all {
			take(run, fmt.Sprintf("What the tasks of the namespace store came near to their budget: %s, with room for further runs.", mebibytes(m.all)))
		}
	}
	return result
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// candidatesOf are the runs of all tasks of a namespace whose details may go to
// make room: not those that are safe, nor the last run and the last records of a task.
func candidatesOf(histories []*observed, now time.Time) []*v1alpha1.SyncRun {
	var result []*v1alpha1.SyncRun
	for _, o := range histories {
		last, newestRecords := o.lastRun(), o.newestRecords()
		for _, run := range o.runs {
			if hasDetails(run) && run.UID != last && run.UID != newestRecords && !isSafe(run, o.named, now) {
				result = append(result, run)
			}
		}
	}
	return result
}
