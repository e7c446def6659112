package runner_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

func TestFirstSyncMakesTheTargetEqualAndTheSecondChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	before := w.snapshot(w.target)

	last := w.synced()

	if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
		t.Errorf("source and target differ after the first run (-source +target):\n%s", diff)
	}
	if diff := cmp.Diff(difference(before, w.snapshot(w.target)), recorded(w.records(w.lastUID()))); diff != "" {
		t.Errorf("the records are not what happened (-happened +recorded):\n%s", diff)
	}
	w.expectEqual("organizations", fmt.Sprintf("%+v", last.Counts.Organizations), "{Total:5 Succeeded:5 UpdatesTotal:5 UpdatesSucceeded:5}")
	w.expectEqual("users", fmt.Sprintf("%+v", last.Counts.Users), "{Total:10 Succeeded:10 UpdatesTotal:10 UpdatesSucceeded:10}")
	w.expectEqual("links", fmt.Sprintf("%d users, %d departments", last.State.Users, last.State.Departments), "10 users, 5 departments")

	before = w.snapshot(w.target)
	last = w.synced()
	w.expectEqual("the second run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
	w.expectEqual("its message", last.Outcome.Message, "Nothing differs.")
	if diff := cmp.Diff(before, w.snapshot(w.target), cmp.AllowUnexported(entry{})); diff != "" {
		t.Errorf("the second run changed something:\n%s", diff)
	}
}

func TestChangesInTheSourceFollow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(w *world)
		want   map[string]int
	}{
		{"a field", func(w *world) {
			server.Apply(w.t, "dn: uid=an,"+w.dn("East", "Sales", "Head")+"\nchangetype: modify\nreplace: mail\nmail: new@example.com\n\n")
		}, map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 14}},
		{"a field emptied", func(w *world) {
			server.Apply(w.t, "dn: uid=an,"+w.dn("East", "Sales", "Head")+"\nchangetype: modify\ndelete: mail\n\n")
		}, map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 14}},
		{"a login", func(w *world) {
			server.Apply(w.t, "dn: uid=an,"+w.dn("East", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\n\n")
		}, map[string]int{"ChangeUserIdentifier Succeeded": 1, "NoUpdate Succeeded": 14}},
		{"swapped logins", func(w *world) {
			east := w.dn("East", "Sales", "Head")
			for _, rename := range [][2]string{{"an", "tmp"}, {"bo", "an"}, {"tmp", "bo"}} {
				server.Apply(w.t, fmt.Sprintf("dn: uid=%s,%s\nchangetype: modrdn\nnewrdn: uid=%s\ndeleteoldrdn: 1\n\n", rename[0], east, rename[1]))
			}
		}, map[string]int{"ChangeUserIdentifier Succeeded": 3, "NoUpdate Succeeded": 13}},
		{"a person's department", func(w *world) {
			server.Apply(w.t, "dn: uid=an,"+w.dn("East", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: uid=an\ndeleteoldrdn: 0\nnewsuperior: "+w.dn("Research", "Head")+"\n\n")
		}, map[string]int{"ChangeUserDepartments Succeeded": 1, "NoUpdate Succeeded": 14}},
		{"a department's name", func(w *world) {
			server.Apply(w.t, "dn: "+w.dn("East", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=Far East\ndeleteoldrdn: 1\n\n")
		}, map[string]int{"UpdateDepartment Succeeded": 1, "NoUpdate Succeeded": 14}},
		{"a department's parent", func(w *world) {
			server.Apply(w.t, "dn: "+w.dn("East", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=East\ndeleteoldrdn: 0\nnewsuperior: "+w.dn("Research", "Head")+"\n\n")
		}, map[string]int{"MoveDepartment Succeeded": 1, "NoUpdate Succeeded": 14}},
		{"a new person in a new department", func(w *world) {
			w.unit("北京", "Sales", "Head")
			w.person("李雷", "北京", "Sales", "Head")
		}, map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 1, "NoUpdate Succeeded": 15}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			w.synced()
			before := w.snapshot(w.target)
			test.change(w)

			w.synced()

			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
				t.Errorf("source and target differ (-source +target):\n%s", diff)
			}
			if diff := cmp.Diff(difference(before, w.snapshot(w.target)), recorded(w.records(w.lastUID()))); diff != "" {
				t.Errorf("the records are not what happened (-happened +recorded):\n%s", diff)
			}
			w.synced()
			w.expectEqual("operations of a further run", len(w.operations(w.lastUID())), 1)
		})
	}
}

func TestValuesThatAreNoTextArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "jpegPhoto", From: "jpegPhoto"})
	w.company()
	photo := "dn: " + w.researcher("fang") + "\nchangetype: modify\nreplace: jpegPhoto\njpegPhoto:: "
	server.Apply(t, photo+base64.StdEncoding.EncodeToString([]byte("\xff\xd8\xff\x00\xfe"))+"\n\n")
	w.synced()
	w.expectEven()

	server.Apply(t, photo+base64.StdEncoding.EncodeToString([]byte("\xff\xd8\xff\x00\xfd"))+"\n\n")
	w.synced()
	w.expectEven()
	w.synced()
	w.expectEqual("operations of a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
}

func TestEntriesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	server.Apply(t, slapdtest.Unit(w.targetDN("Foreign"))+personLDIF("stranger", w.targetDN("Foreign")))
	before := w.snapshot(w.target)

	w.synced()

	after := w.snapshot(w.target)
	for id, e := range before {
		if diff := cmp.Diff(e, after[id], cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("%s was changed:\n%s", e.dn, diff)
		}
	}
}

func TestOneBadEntryFailsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Mappings.Users[3].Required = true // mail
	server.Apply(t, "dn: uid=an,"+w.dn("East", "Sales", "Head")+"\nchangetype: modify\ndelete: mail\n\n")

	last := w.sync()

	w.expectEqual("result", last.Outcome.Result, "PartiallyFailed")
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"CreateDepartment Succeeded": 5, "CreateUser Succeeded": 9, "CreateUser Failed": 1})
	w.expectEqual("failures in the report", len(last.Counts.Failures), 1)
}
