package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// ledByBo makes groups in which bo is a member of both, leads Sales beside an, and manages an. Nothing is removed without a person.
func ledByBo(w *world) {
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.modify(groupDN(w.source, "Sales"), "add: owner\nowner: "+personDN(w.source, "bo"))
	w.modify(personDN(w.source, "an"), "replace: manager\nmanager: "+personDN(w.source, "bo"))
	w.synced()
	w.expectEven()
}

// expectStays runs the task and fails the test if anything in the target changed.
func (w *world) expectStays(when string) {
	w.t.Helper()
	before := w.snapshot(w.target)
	w.synced()
	if diff := cmp.Diff(before, w.snapshot(w.target), cmp.AllowUnexported(entry{})); diff != "" {
		w.t.Errorf("the target changed %s:\n%s%s", when, diff, w.describe(w.lastUID()))
	}
}

func TestWhoeverIsHeldStaysNamedUntilAPersonDecides(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, w *world) {
		ledByBo(w)
		for _, change := range [][2]string{{groupDN(w.source, "Sales"), "owner"}, {groupDN(w.source, "Sales"), "member"}, {groupDN(w.source, "Research"), "member"}, {personDN(w.source, "an"), "manager"}} {
			w.modify(change[0], "delete: "+change[1]+"\n"+change[1]+": "+personDN(w.source, "bo"))
		}
		w.leave(personDN(w.source, "bo"))

		w.expectStays("in the run that holds the removal")
		w.expectEqual("what the run held", w.operations(w.lastUID()), map[string]int{
			"DeleteUser Held": 1, "SyncDepartmentMembers Held": 2, "SyncDepartmentLeaders Held": 1, "UpdateUser Held": 1, "NoUpdate Succeeded": 2,
		})
		w.expectEqual("why the manager stays", w.recordOf("The an").Message, `it still names "The bo", whose removal is held; decide about that removal first`)

		w.expectStays("in the run after it")
		w.expectEqual("what the run after it did", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 5})
		for _, name := range []string{"The an", "Sales"} {
			if message := w.recordOf(name).Message; !strings.Contains(message, `still names "The bo", whose removal is held`) {
				t.Errorf("the record of %s does not say who is still named: %q", name, message)
			}
		}

		w.release()
		w.expectEven()
		w.expectRest()
	})
}

func TestWhoeverIsHeldAndBackWasNamedAllTheTime(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	w.task.Spec.Scope.Users.Filter = "user.description == null"
	ledByBo(w)
	w.modify(personDN(w.source, "bo"), "replace: description\ndescription: away")
	w.expectStays("in the run that holds the removal")
	w.modify(personDN(w.source, "bo"), "delete: description")

	w.expectStays("when the person is back")

	w.expectEqual("what the run did", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 6})
	w.expectEven()
}

func TestAHeldManagerIsNamedBesideANewOne(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	ledByBo(w)
	w.modify(groupDN(w.source, "Sales"), "replace: owner\nowner: "+personDN(w.source, "chen"))
	w.modify(personDN(w.source, "an"), "replace: manager\nmanager: "+personDN(w.source, "chen"))
	w.leave(personDN(w.source, "bo"))

	w.synced()

	an, _ := w.targetPerson("an")
	for _, uid := range []string{"bo", "chen"} {
		if !strings.Contains(an.attributes["manager"], "uid="+uid+",") {
			t.Errorf("%s is not named as manager: %s\n%s", uid, an.attributes["manager"], w.describe(w.lastUID()))
		}
	}
	w.expectStays("in the run after it")
	w.release()
	an, _ = w.targetPerson("an")
	w.expectEqual("the manager after the decision", an.attributes["manager"], personDN(w.target, "chen"))
}

// TestAHeldLeaderMakesRoomWhereThereIsRoomForOne has a target whose departments name one leader at most.
func TestAHeldLeaderMakesRoomWhereThereIsRoomForOne(t *testing.T) {
	t.Parallel()
	const oneLeader = "attributetype ( 1.3.6.1.4.1.55555.3.1 NAME 'xLedBy' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )\n" +
		"objectclass ( 1.3.6.1.4.1.55555.3.2 NAME 'xLed' SUP top AUXILIARY MAY xLedBy )"
	w := newGroupsOn(t, slapdtest.Start(t, slapdtest.Options{Global: oneLeader}))
	departments := w.task.Spec.Target.LDAP.Departments
	departments.LeaderAttribute, departments.ObjectClasses = "xLedBy", []v1alpha1.AttributeName{"groupOfNames", "xLed"}
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	leader := func(group string) string {
		for _, e := range w.snapshot(w.target) {
			if e.dn == groupDN(w.target, group) {
				return e.attributes["xLedBy"]
			}
		}
		return ""
	}
	w.modify(groupDN(w.source, "Sales"), "replace: owner\nowner: "+personDN(w.source, "bo"))
	w.modify(groupDN(w.source, "Research"), "replace: owner\nowner: "+personDN(w.source, "bo"))
	w.synced()
	w.modify(groupDN(w.source, "Sales"), "replace: owner\nowner: "+personDN(w.source, "chen"))
	w.leave(personDN(w.source, "bo"))

	w.synced()

	w.expectEqual("the leader of the department that has a new one", leader("Sales"), personDN(w.target, "chen"))
	w.expectEqual("the leader of the other one", leader("Research"), personDN(w.target, "bo"))
	w.expectStays("in the run after it")
}
