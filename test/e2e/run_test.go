//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// record is a record of a run as `kubectl synccenter details -o json` prints it.
type record struct {
	Subject, Operation, Status, Source, Target, Name, Reason, Message string
	Changes                                                           []change
	// Counted is in a record that stands for many.
	Counted *struct{ Records, Entries int64 }
}

type change struct {
	Field         string
	Before, After []string
}

// start executes a task once, under a name of its own.
func (w *world) start(run, task string) {
	w.Helper()
	w.create(&v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: run}, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}},
	})
}

// await waits for the end of a run.
func (w *world) await(run string) *v1alpha1.SyncRun {
	w.Helper()
	return until(w, "the end of run "+run, run, &v1alpha1.SyncRun{}, func(r *v1alpha1.SyncRun) bool {
		return meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionComplete)
	})
}

// succeeds executes a task once, expects success and answers with the records, recounted.
func (w *world) succeeds(run, task string) []record {
	w.Helper()
	w.start(run, task)
	return w.succeeded(run)
}

// succeeded waits for the end of a run, expects success and answers with the records, recounted.
func (w *world) succeeded(run string) []record {
	w.Helper()
	result := w.await(run)
	if result.Status.Phase != v1alpha1.PhaseSucceeded {
		w.Fatalf("run %s ended %s: %s", run, result.Status.Phase, result.Status.Message)
	}
	return w.records(result)
}

// records reads the records of a run with the plugin. They must agree with every count in the status.
func (w *world) records(run *v1alpha1.SyncRun) []record {
	w.Helper()
	var records []record
	if err := json.Unmarshal([]byte(w.kubectl("synccenter", "details", run.Name, "--output=json")), &records); err != nil {
		w.Fatalf("reading the records of run %s: %v", run.Name, err)
	}
	if diff := cmp.Diff(recount(records), stated(run)); diff != "" {
		w.Errorf("the status of run %s is not what its records say (-records +status):\n%s", run.Name, diff)
	}
	return records
}

// figures are the numbers of a run.
type figures struct {
	Records                                       int64
	Organizations, OrgUpdates, Users, UserUpdates string
	// Operations are planned, succeeded, failed, skipped and held of each kind.
	Operations map[string][5]int64
}

func stated(run *v1alpha1.SyncRun) figures {
	status := &run.Status
	result := figures{Operations: map[string][5]int64{}}
	if status.Records != nil {
		result.Records = status.Records.Count
	}
	if status.Organizations != nil && status.Users != nil {
		result.Organizations, result.OrgUpdates = status.Organizations.Summary, status.Organizations.UpdatesSummary
		result.Users, result.UserUpdates = status.Users.Summary, status.Users.UpdatesSummary
	}
	for _, o := range status.Operations {
		result.Operations[string(o.Operation)] = [5]int64{o.Planned, o.Succeeded, o.Failed, o.Skipped, o.Held}
	}
	return result
}

// recount counts records as the product's documentation says.
func recount(records []record) figures {
	type entry struct{ subject, id string }
	failed, changed := map[entry]bool{}, map[entry]bool{}
	unchanged := map[string]int{}
	result := figures{Operations: map[string][5]int64{}}
	for _, r := range records {
		if r.Counted != nil {
			count := result.Operations[r.Operation]
			count[0], count[1] = count[0]+r.Counted.Records, count[1]+r.Counted.Records
			result.Operations[r.Operation] = count
			result.Records += r.Counted.Records
			unchanged[r.Subject] += int(r.Counted.Entries)
			continue
		}
		result.Records++
		e := entry{r.Subject, "source " + r.Source}
		if r.Source == "" {
			e.id = "target " + r.Target
		}
		failed[e] = failed[e] || r.Status != string(v1alpha1.RecordSucceeded)
		changed[e] = changed[e] || r.Operation != string(v1alpha1.OperationNoUpdate)
		count := result.Operations[r.Operation]
		count[0]++
		for i, status := range []v1alpha1.RecordStatus{v1alpha1.RecordSucceeded, v1alpha1.RecordFailed, v1alpha1.RecordSkipped, v1alpha1.RecordHeld} {
			if r.Status == string(status) {
				count[i+1]++
			}
		}
		result.Operations[r.Operation] = count
	}
	summaries := func(subject v1alpha1.Subject) (all, updates string) {
		total, succeeded := unchanged[string(subject)], unchanged[string(subject)]
		var needed, done int
		for e := range failed {
			if e.subject != string(subject) {
				continue
			}
			total++
			if changed[e] {
				needed++
			}
			if !failed[e] {
				succeeded++
			}
			if !failed[e] && changed[e] {
				done++
			}
		}
		return fmt.Sprintf("%d/%d", succeeded, total), fmt.Sprintf("%d/%d", done, needed)
	}
	result.Organizations, result.OrgUpdates = summaries(v1alpha1.SubjectDepartment)
	result.Users, result.UserUpdates = summaries(v1alpha1.SubjectUser)
	return result
}

// tally counts records by operation and status.
func tally(records []record) map[string]int {
	counts := map[string]int{}
	for _, r := range records {
		counts[r.Operation+" "+r.Status]++
	}
	return counts
}

// expectTally compares the records with the numbers expected by operation and status.
func (w *world) expectTally(what string, records []record, want map[string]int) {
	w.Helper()
	if diff := cmp.Diff(want, tally(records)); diff != "" {
		w.Errorf("the records of %s (-want +got):\n%s", what, diff)
	}
}

// storedExport is the file that a run stored in a ConfigMap.
func (w *world) storedExport(run *v1alpha1.SyncRun) []byte {
	w.Helper()
	if run.Status.Export == nil || run.Status.Export.ConfigMap == nil {
		w.Fatalf("run %s has no export in a ConfigMap: %+v", run.Name, run.Status.Conditions)
	}
	var stored corev1.ConfigMap
	w.get(run.Status.Export.ConfigMap.Name, &stored)
	return stored.BinaryData[run.Status.Export.ConfigMap.Key]
}

// task reads a task of testdata, changes it and creates it under another name.
func (w *world) task(manifest, name string, changes ...func(*v1alpha1.SyncTask)) {
	w.Helper()
	task := &v1alpha1.SyncTask{}
	if err := yaml.UnmarshalStrict([]byte(w.read(manifest)), task); err != nil {
		w.Fatalf("reading %s: %v", manifest, err)
	}
	task.Name = name
	for _, change := range changes {
		change(task)
	}
	w.create(task)
}

// table is what kubectl prints in columns, line by line.
func table(output string) [][]string {
	var rows [][]string
	for line := range strings.Lines(output) {
		rows = append(rows, strings.Fields(line))
	}
	return rows
}
