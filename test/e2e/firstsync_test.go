//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestFirstSync is the tour of the README: two empty targets, a task and a run for each, a look at everything that shows the result.
func TestFirstSync(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := w.directory("source", directoryOptions{ldif: w.read("company.ldif")})
	target := w.directory("target", directoryOptions{ldif: w.read("target.ldif")})

	w.apply("company.yaml")
	w.apply("groups.yaml")
	w.apply("first-runs.yaml")

	company, groups := w.succeeded("company-first"), w.succeeded("groups-first")
	w.expectTally("company-first", company, map[string]int{
		"CreateDepartment Succeeded": 6, "CreateUser Succeeded": 8, "SyncDepartmentLeaders Succeeded": 2, "UpdateUser Succeeded": 3,
	})
	w.expectTally("groups-first", groups, map[string]int{
		"CreateDepartment Succeeded": 6, "CreateUser Succeeded": 8, "SyncDepartmentLeaders Succeeded": 2, "SyncDepartmentMembers Succeeded": 6,
	})
	expectCompany(w, source, target)
	expectGroups(w, target)
	expectColumns(w)
	for _, run := range []string{"company-first", "groups-first"} {
		expectWorkbook(w, run)
	}

	w.apply("first-runs.yaml") // a run executes once: nothing happens
	second := w.runs("company")
	w.expectTally("the second run of company", w.succeeded(second), map[string]int{"NoUpdate Succeeded": 14})
	w.expectTally("the second run of groups", w.succeeded(w.runs("groups")), map[string]int{"NoUpdate Succeeded": 14})
	rows := table(w.kubectl("synccenter", "history", "company"))
	if len(rows) != 3 || !slices.Contains(rows[1], second) || !slices.Contains(rows[2], "company-first") {
		t.Errorf("kubectl synccenter history prints %v, want %s, then company-first", rows, second)
	}
}

// expectCompany compares the tree in the target with the source, read from both servers.
func expectCompany(w *world, source, target *directory) {
	w.Helper()
	before := source.search(source.connect(), "ou=people,"+suffix, "(objectClass=inetOrgPerson)")
	placed := target.search(target.connect(), "ou=company,"+suffix, "(objectClass=inetOrgPerson)")
	got, want := map[string][]string{}, map[string][]string{}
	for dn, person := range placed {
		got[dn] = slices.Concat(person["cn"], person["sn"], person["mail"], person["telephonenumber"], person["title"])
		slices.Sort(got[dn])
	}
	places := map[string]string{
		"Engineering": "ou=Engineering", "Platform": "ou=Platform,ou=Engineering", "Storage": "ou=Storage,ou=Platform,ou=Engineering",
		"Sales": "ou=Sales", "华东": "ou=华东,ou=Sales", "Legal, Tax": `ou=Legal\2C Tax`,
	}
	for _, person := range before {
		dn := fmt.Sprintf("uid=%s,%s,ou=company,%s", person["uid"][0], places[person["departmentnumber"][0]], suffix)
		var mail []string
		for _, address := range person["mail"] {
			mail = append(mail, strings.ToLower(address))
		}
		want[dn] = slices.Concat(person["cn"], person["sn"], mail, person["telephonenumber"], person["title"])
		slices.Sort(want[dn])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("people in the target (-want +got):\n%s", diff)
	}
	manager := placed["uid=wang.fang,ou=Storage,ou=Platform,ou=Engineering,ou=company,"+suffix]["manager"]
	if diff := cmp.Diff([]string{"uid=han.meimei,ou=Platform,ou=Engineering,ou=company," + suffix}, manager); diff != "" {
		w.Errorf("the manager of wang.fang (-want +got):\n%s", diff)
	}
}

// expectGroups looks at the members and owners of the groups.
func expectGroups(w *world, target *directory) {
	w.Helper()
	got := map[string]string{}
	for _, group := range target.search(target.connect(), "ou=groups,"+suffix, "(objectClass=groupOfNames)") {
		members := slices.Clone(group["member"])
		slices.Sort(members)
		text := fmt.Sprint(members, group["owner"])
		got[group["cn"][0]] = strings.ReplaceAll(text, ",ou=members,"+suffix, "")
	}
	want := map[string]string{
		"Engineering": "[uid=li.lei] [uid=li.lei]",
		"Platform":    "[uid=dave.brown uid=han.meimei] []",
		"Storage":     "[uid=bob.smith uid=wang.fang] []",
		"Sales":       "[uid=alice.jones uid=dave.brown] [uid=alice.jones]",
		"华东":          "[uid=zhang.wei] []",
		"Legal, Tax":  "[uid=carol.oneil] []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("groups in the target (-want +got):\n%s", diff)
	}
}

// expectColumns looks at what kubectl prints of runs and tasks.
func expectColumns(w *world) {
	w.Helper()
	runs := table(w.kubectl("get", "syncruns"))
	if diff := cmp.Diff(strings.Fields("NAME SEQ TASK TYPE MODE PHASE ORGS ORG-UPDATES USERS USER-UPDATES SYNCED"), runs[0]); diff != "" {
		w.Errorf("columns of syncruns (-want +got):\n%s", diff)
	}
	for i, want := range []string{
		"company-first 1 company Sync Manual Succeeded 6/6 6/6 8/8 8/8",
		"groups-first 1 groups Sync Manual Succeeded 6/6 6/6 8/8 8/8",
	} {
		if got := strings.Join(runs[i+1][:10], " "); got != want {
			w.Errorf("kubectl get syncruns prints %q, want %q", got, want)
		}
	}
	until(w, "task company to show its run", "company", &v1alpha1.SyncTask{}, func(task *v1alpha1.SyncTask) bool {
		return task.Status.LastRun != nil && task.Status.LastRun.Phase == v1alpha1.PhaseSucceeded
	})
	tasks := table(w.kubectl("get", "synctasks"))
	if diff := cmp.Diff(strings.Fields("NAME SOURCE TARGET MODE READY LAST LAST-SYNC PENDING-DELETIONS"), tasks[0]); diff != "" {
		w.Errorf("columns of synctasks (-want +got):\n%s", diff)
	}
	if got, want := strings.Join(tasks[1][:8], " "), "company LDAP source LDAP target Manual True Succeeded"; got != want {
		w.Errorf("kubectl get synctasks prints %q, want %q", got, want)
	}
}

// runs executes a task with the plugin, waits there for the end and answers with the name of the run.
func (w *world) runs(task string) string {
	w.Helper()
	made, _, found := strings.Cut(w.kubectl("synccenter", "run", task, "--yes", "--wait"), " created")
	if !found {
		w.Fatalf("kubectl synccenter run prints %q", made)
	}
	return strings.TrimPrefix(made, "syncrun.synccenter.dev/")
}

// expectWorkbook opens both Excel files of a run, the stored one and the one that the plugin builds. Every record is a row, below the headings.
func expectWorkbook(w *world, name string) {
	w.Helper()
	var run v1alpha1.SyncRun
	w.get(name, &run)
	built := filepath.Join(w.TempDir(), "built.xlsx")
	w.kubectl("synccenter", "export", name, "--output", built)
	data, err := os.ReadFile(built)
	if err != nil {
		w.Fatal(err)
	}
	for what, content := range map[string][]byte{"stored": w.storedExport(&run), "built": data} {
		file, err := excelize.OpenReader(bytes.NewReader(content))
		if err != nil {
			w.Fatalf("opening the %s Excel file of run %s: %v", what, name, err)
		}
		sheets := file.GetSheetList()
		if len(sheets) != 3 {
			w.Fatalf("the %s Excel file of run %s has the sheets %v, want three", what, name, sheets)
		}
		rows, err := file.GetRows(sheets[1])
		if err != nil {
			w.Fatal(err)
		}
		if got, want := int64(len(rows)-1), run.Status.Records.Count; got != want {
			w.Errorf("the %s Excel file of run %s has %d records, its status says %d", what, name, got, want)
		}
		if err := file.Close(); err != nil {
			w.Error(err)
		}
	}
}
