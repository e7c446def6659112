package runner_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// id is the entryUUID of an entry.
func (w *world) id(dn string) string {
	w.t.Helper()
	conn := server.Conn(w.t)
	defer conn.Close()
	found, err := conn.Search(&goldap.SearchRequest{BaseDN: dn, Filter: "(objectClass=*)", Attributes: []string{"entryUUID"}})
	if err != nil {
		w.t.Fatalf("reading the ID of %s: %v", dn, err)
	}
	return found.Entries[0].GetAttributeValue("entryUUID")
}

// syncedOnly executes a run about some people alone, which must succeed, and answers with its last report.
func (w *world) syncedOnly(users ...string) *report.Report {
	w.t.Helper()
	w.only = &v1alpha1.OnlyEntries{Users: users}
	defer func() { w.only = nil }()
	return w.synced()
}

func (w *world) syncOnly(only v1alpha1.OnlyEntries) *report.Report {
	w.t.Helper()
	w.only = &only
	defer func() { w.only = nil }()
	return w.sync()
}

// remembered is the stored state.
func (w *world) remembered() *state.State {
	w.t.Helper()
	source, target := w.task.Spec.Sources[0].LDAP, w.task.Spec.Target.LDAP
	identity := state.Identity{
		Source: w.id(source.Users.BaseDN) + "+" + w.id(source.Departments.BaseDN),
		Target: w.id(target.Users.BaseDN) + "+" + w.id(target.Departments.BaseDN),
	}
	s, _, _, err := state.Load(w.t.Context(), w.store, "test/hr", identity)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// stir changes everything in the source that a run about others must not touch: a joiner, a leaver, an update, a rename, a move, a new department.
func (w *world) stir() {
	w.unit("Stirred", "Head")
	w.person("joiner", "Stirred", "Head")
	w.leave(w.researcher("gerd"))
	w.modify(w.researcher("hua"), "replace: mail\nmail: hua@new.example")
	server.Apply(w.t, "dn: "+w.researcher("ines")+"\nchangetype: modrdn\nnewrdn: uid=inez\ndeleteoldrdn: 1\n\n"+
		"dn: "+w.dn("West", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=Wild West\ndeleteoldrdn: 1\n\n")
}

func TestARunAboutOneNewPersonMakesWhatTheyNeedAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.stir()
	w.unit("Asia", "Sales", "Head")
	w.unit("Beijing", "Asia", "Sales", "Head")
	w.person("lei", "Beijing", "Asia", "Sales", "Head")
	before, kept := w.snapshot(w.target), w.remembered()

	last := w.syncedOnly(w.id("uid=lei," + w.dn("Beijing", "Asia", "Sales", "Head")))

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateDepartment Succeeded": 2, "CreateUser Succeeded": 1})
	w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 3)
	w.expectEqual("people examined", last.Counts.Users.Total, 1)
	w.expectEqual("departments examined", last.Counts.Organizations.Total, 2)
	if !strings.Contains(last.Outcome.Message, "about 1 user and 0 departments alone") {
		t.Errorf("the message does not say whom the run was about: %s", last.Outcome.Message)
	}
	now := w.remembered()
	w.expectEqual("links", now.Links.Count("User")+now.Links.Count("Department"), kept.Links.Count("User")+kept.Links.Count("Department")+3)
	w.expectEqual("the size of the last complete read", now.LastRead, kept.LastRead)
	w.expectEqual("the definition of the last finished removals", now.RemovalsDefinition, kept.RemovalsDefinition)

	w.synced()
	w.expectEven2()
	for _, record := range w.records(w.lastUID()) {
		if record.Operation != "NoUpdate" && (strings.Contains(record.Name, "lei") || strings.Contains(record.Name, "Asia")) {
			t.Errorf("the next run had more to do for whom the run was about: %+v", record)
		}
	}
	w.expectEqual("operations of the next run", w.operations(w.lastUID()), map[string]int{
		"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 1, "DeleteUser Succeeded": 1, "UpdateUser Succeeded": 1, "ChangeUserIdentifier Succeeded": 1,
		"UpdateDepartment Succeeded": 1, "NoUpdate Succeeded": 14,
	})
}

// expectEven2 fails the test when source and target differ beside those who are turned off.
func (w *world) expectEven2() {
	w.t.Helper()
	target := w.contents(w.target)
	for dn, attributes := range target {
		if attributes["employeeType"] != "" {
			delete(target, dn)
		}
	}
	if diff := cmp.Diff(w.contents(w.source), target); diff != "" {
		w.t.Errorf("source and target differ (-source +target):\n%s", diff)
	}
}

func TestARunAboutSomebody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(w *world)
		want   map[string]int
		even   bool
	}{
		{"who did not change", func(*world) {}, map[string]int{"NoUpdate Succeeded": 1}, true},
		{"who left", func(w *world) { w.leave(w.researcher("fang")) }, map[string]int{"DeleteUser Succeeded": 1}, false},
		{"whose value changed", func(w *world) { w.modify(w.researcher("fang"), "replace: mail\nmail: f@new.example") }, map[string]int{"UpdateUser Succeeded": 1}, true},
		{"who got another login", func(w *world) {
			server.Apply(w.t, "dn: "+w.researcher("fang")+"\nchangetype: modrdn\nnewrdn: uid=fanny\ndeleteoldrdn: 1\n\n")
		}, map[string]int{"ChangeUserIdentifier Succeeded": 1}, true},
		{"who moved", func(w *world) {
			server.Apply(w.t, "dn: "+w.researcher("fang")+"\nchangetype: modrdn\nnewrdn: uid=fang\ndeleteoldrdn: 0\nnewsuperior: "+w.dn("Sales", "Head")+"\n\n")
		}, map[string]int{"ChangeUserDepartments Succeeded": 1}, true},
		{"who moved into a new department", func(w *world) {
			w.unit("New", "Head")
			server.Apply(w.t, "dn: "+w.researcher("fang")+"\nchangetype: modrdn\nnewrdn: uid=fang\ndeleteoldrdn: 0\nnewsuperior: "+w.dn("New", "Head")+"\n\n")
		}, map[string]int{"CreateDepartment Succeeded": 1, "ChangeUserDepartments Succeeded": 1}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			w.synced()
			fang := w.id(w.researcher("fang"))
			test.change(w)
			before := w.snapshot(w.target)

			w.syncedOnly(fang)

			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			if diff := cmp.Diff(difference(before, w.snapshot(w.target)), recorded(w.records(w.lastUID()))); diff != "" {
				t.Errorf("the records are not what happened (-happened +recorded):\n%s", diff)
			}
			if test.even {
				w.expectEven()
			}
			w.synced()
			w.expectEqual("different operations of the next run", len(w.operations(w.lastUID())), 1)
		})
	}
}

func TestARunAboutADepartmentLeavesItsPeopleAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	east := w.id(w.dn("East", "Sales", "Head"))
	w.stir()
	w.unit("Top")
	w.unit("Mid", "Top")
	w.modify("uid=an,"+w.dn("East", "Sales", "Head"), "replace: mail\nmail: an@new.example")
	server.Apply(t, "dn: "+w.dn("East", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=Far East\ndeleteoldrdn: 1\nnewsuperior: "+w.dn("Mid", "Top")+"\n\n")

	last := w.syncOnly(v1alpha1.OnlyEntries{Departments: []string{east}})

	w.expectEqual("result", last.Outcome.Result, report.Succeeded)
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"CreateDepartment Succeeded": 2, "MoveDepartment Succeeded": 1, "UpdateDepartment Succeeded": 1})
	w.synced()
	w.expectEven2()
}

func TestADepartmentThatLeftIsDeletedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.unit("Empty")
	w.company()
	w.synced()
	empty, west := w.id(w.dn("Empty")), w.id(w.dn("West", "Sales", "Head"))
	w.leave(w.dn("Empty"), "uid=dora,"+w.dn("West", "Sales", "Head"), "uid=emil,"+w.dn("West", "Sales", "Head"), w.dn("West", "Sales", "Head"))

	last := w.syncOnly(v1alpha1.OnlyEntries{Departments: []string{empty, west}})

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"DeleteDepartment Succeeded": 1, "DeleteDepartment Failed": 1})
	w.expectEqual("result", last.Outcome.Result, report.PartiallyFailed)
	if says := w.describe(w.lastUID()); !strings.Contains(says, "it is not empty") {
		t.Errorf("the record does not say that people are in it:\n%s", says)
	}
}

func TestWhoCannotBeSyncedIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Scope.Users.Filter = "user.uid != 'boss'"
	w.task.Spec.Scope.Departments.Exclude = []string{"Head/Research"}
	w.synced()
	only := v1alpha1.OnlyEntries{
		Users:       []string{w.id("uid=boss," + w.dn("Head")), "4711", "0b7f6c1e-0000-4000-8000-000000000000"},
		Departments: []string{w.id(w.dn("Research", "Head")), "17"},
	}
	last := w.syncOnly(only)
	w.expectEqual("result", last.Outcome.Result, report.PartiallyFailed)
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"CreateUser Skipped": 1, "CreateUser Failed": 2, "CreateDepartment Skipped": 1, "CreateDepartment Failed": 1})
	for _, says := range []string{`"4711", and neither`, `"17", and neither`, "leaves it out"} {
		if !strings.Contains(w.describe(w.lastUID()), says) {
			t.Errorf("no record says %s:\n%s", says, w.describe(w.lastUID()))
		}
	}
}

func TestAManagerWhoIsNotNamedIsFound(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	w.synced()
	server.Apply(t, personLDIF("nina", w.source.People))
	w.modify(personDN(w.source, "nina"), "replace: manager\nmanager: "+personDN(w.source, "chen"))
	w.modify(personDN(w.source, "an"), "replace: manager\nmanager: "+personDN(w.source, "bo"))
	for _, change := range []string{"add: member\nmember: " + personDN(w.source, "nina"), "delete: member\nmember: " + personDN(w.source, "bo")} {
		w.modify(groupDN(w.source, "Sales"), change)
	}

	w.syncedOnly(w.id(personDN(w.source, "nina")), w.id(personDN(w.source, "an")))

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"CreateUser Succeeded": 1, "UpdateUser Succeeded": 2, "SyncDepartmentMembers Succeeded": 1})
	for _, e := range w.snapshot(w.target) {
		switch e.dn {
		case personDN(w.target, "nina"):
			w.expectEqual("nina's manager", e.attributes["manager"], personDN(w.target, "chen"))
		case personDN(w.target, "an"):
			w.expectEqual("an's manager", e.attributes["manager"], personDN(w.target, "bo"))
		case groupDN(w.target, "Sales"):
			w.expectEqual("the members", e.attributes["member"], strings.Join([]string{personDN(w.target, "an"), personDN(w.target, "bo"), personDN(w.target, "nina")}, "|"))
		}
	}
	w.synced()
	w.expectEqual("operations of the next run", w.operations(w.lastUID()), map[string]int{"SyncDepartmentMembers Succeeded": 1, "NoUpdate Succeeded": 6})
	w.expectEven()
}

func TestAGroupThatIsNamedGetsItsLeaderAndNoMembers(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	w.synced()
	w.modify(groupDN(w.source, "Sales"), "add: member\nmember: "+personDN(w.source, "dora")+"\n-\nreplace: owner\nowner: "+personDN(w.source, "bo"))

	w.syncOnly(v1alpha1.OnlyEntries{Departments: []string{w.id(groupDN(w.source, "Sales"))}})

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"SyncDepartmentLeaders Succeeded": 1})
	w.synced()
	w.expectEqual("operations of the next run", w.operations(w.lastUID()), map[string]int{"SyncDepartmentMembers Succeeded": 1, "NoUpdate Succeeded": 5})
}

func TestHeldRemovalsOfOthersStayHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.company()
	w.synced()
	fang, gerd, hua := w.id(w.researcher("fang")), w.id(w.researcher("gerd")), w.id(w.researcher("hua"))
	w.leave(w.researcher("fang"), w.researcher("gerd"))
	w.synced()
	person := personLDIF("back", w.dn("Research", "Head"))
	server.Apply(t, person)
	pending := w.remembered()

	last := w.syncedOnly(hua)
	w.expectEqual("pending", last.State.Pending, int64(2))
	w.expectEqual("the operations", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 1})
	_, digest := pending.Links.Pending()
	w.expectEqual("the list", last.State.PendingListDigest, digest)

	w.override = &v1alpha1.GuardOverride{Reason: "she left", Removals: &v1alpha1.RemovalLimitsOverride{Percent: ptr.To[int32](100), Count: ptr.To[int32](10)}}
	last = w.syncedOnly(fang)
	w.expectEqual("with an override", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1})
	w.expectEqual("pending after it", last.State.Pending, int64(1))
	if link, _ := w.remembered().Links.BySource("User", gerd); link.State != state.Held {
		t.Errorf("the removal of somebody else is %s", link.State)
	}
}

func TestTheFirstRunAboutSomebodyOpensNoGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "uid", Source: "uid"}}
	w.company()
	for _, uid := range []string{"fang", "gerd", "hua", "ines", "boss"} {
		server.Apply(t, personLDIF(uid, w.target.Org)) // another system's, in no department
	}
	fang := w.id(w.researcher("fang"))

	w.syncedOnly(fang, w.id(w.researcher("gerd")))

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateDepartment Succeeded": 2, "UpdateUser Succeeded": 2, "ChangeUserDepartments Succeeded": 2})
	w.expectEqual("the state is partial", w.remembered().Partial, true)
	w.leave(w.researcher("fang"))
	w.syncedOnly(fang)
	w.expectEqual("a leaver before the first complete run", w.operations(w.lastUID()), map[string]int{"DeleteUser Held": 1})
	w.synced()
	operations := w.operations(w.lastUID())
	w.expectEqual("people taken over in the first complete run", operations["UpdateUser Succeeded"], 3)
	w.expectEqual("the state is partial after it", w.remembered().Partial, false)
}

func TestARunAboutSomebodyCannotBringBackALostState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	fang := w.id(w.researcher("fang"))
	w.store = folder.New(t.TempDir())
	w.task.Status.Links = &v1alpha1.LinkCounts{Users: 10, Departments: 5}

	last := w.syncOnly(v1alpha1.OnlyEntries{Users: []string{fang}})

	w.expectEqual("result", last.Outcome.Result, report.Failed)
	if !strings.Contains(last.Outcome.Message, "without spec.only") {
		t.Errorf("the message does not say what to do: %s", last.Outcome.Message)
	}
	w.synced()
	w.expectEqual("operations of a complete run", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 10, "UpdateDepartment Succeeded": 5})
}

func TestARunAboutSomebodyThatIsKilledIsFinished(t *testing.T) {
	t.Parallel()
	prepare := func(t *testing.T) (*world, *run) {
		w := newWorld(t)
		w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
		w.company()
		w.synced()
		fang := w.id(w.researcher("fang"))
		w.stir()
		w.leave(w.researcher("fang"))
		w.unit("Asia", "Sales", "Head")
		w.person("lei", "Asia", "Sales", "Head")
		w.only = &v1alpha1.OnlyEntries{Users: []string{fang, w.id("uid=lei," + w.dn("Asia", "Sales", "Head"))}}
		r := w.begin()
		w.only = nil
		return w, r
	}
	want := map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 1, "DeleteUser Succeeded": 1}
	measured, r := prepare(t)
	whole := die(math.MaxInt64, everyStep)
	r.mortal(whole)
	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}
	measured.expectEqual("operations", measured.operations(r.uid), want)
	for after := int64(1); after <= whole.steps.Load(); after++ {
		t.Run(fmt.Sprintf("after step %d", after), func(t *testing.T) {
			t.Parallel()
			w, r := prepare(t)
			before := w.snapshot(w.target)
			r.mortal(die(after, everyStep))
			if err := r.attempt(1, false); err != nil && !errors.Is(err, errDead) {
				t.Fatal(err)
			}
			r.reborn()
			if err := r.attempt(2, false); err != nil {
				t.Fatal(err)
			}
			w.expectEqual("operations", w.operations(r.uid), want)
			w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 3)
			w.expectEqual("partial", w.remembered().Partial, false)
			w.expectEqual("last read", w.remembered().LastRead, state.Size{Users: 10, Departments: 5})
		})
	}
}
