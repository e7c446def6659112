package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

func rules(fields ...v1alpha1.FieldName) []v1alpha1.MatchRule {
	var list []v1alpha1.MatchRule
	for _, field := range fields {
		list = append(list, v1alpha1.MatchRule{Target: field, Source: field})
	}
	return list
}

// stranger makes a person in the target whom another system put there.
func (w *world) stranger(uid, more string) {
	server.Apply(w.t, fmt.Sprintf("dn: uid=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: The %[1]s\nsn: %[1]s\n%[3]s\n", uid, w.target.Org, more))
}

// expectSays fails the test when no record of the last run says something.
func (w *world) expectSays(what string) {
	w.t.Helper()
	if says := w.describe(w.lastUID()); !strings.Contains(says, what) {
		w.t.Errorf("no record says %q:\n%s", what, says)
	}
}

// expectSteady fails the test when a further run finds anything to do.
func (w *world) expectSteady() {
	w.t.Helper()
	w.synced()
	w.expectEqual("operations of a further run", fmt.Sprint(len(w.operations(w.lastUID())), w.operations(w.lastUID())["NoUpdate Succeeded"] > 0), "1 true")
}

// TestMatchingRules puts one person into the source, "li" with the mail li@example.com, the number 7 and the name "The li", and others into the target.
func TestMatchingRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		rules   []v1alpha1.MatchRule
		prepare func(w *world)
		// took is the login of the entry that was taken over; empty: none.
		took string
		want string
		says string
	}{
		{"a later rule is asked when an earlier one hits nobody", rules("telephoneNumber", "mail"), func(w *world) { w.stranger("a", "mail: li@example.com\n") }, "a", "ChangeUserIdentifier Succeeded", ""},
		{"an earlier rule wins", rules("telephoneNumber", "mail"), func(w *world) {
			w.stranger("a", "mail: li@example.com\n")
			w.stranger("b", "telephoneNumber: +49 (30) 7\n")
		}, "b", "ChangeUserIdentifier Succeeded", ""},
		{"more than one hit fails, also when a later rule has exactly one", rules("mail", "telephoneNumber"), func(w *world) {
			w.stranger("a", "mail: li@example.com\n")
			w.stranger("b", "mail: LI@example.com\ntelephoneNumber: +49307\n")
		}, "", "CreateUser Failed", "rule 1 hits 2 target entries"},
		{"without rules the login decides", nil, func(w *world) { w.stranger("LI", "") }, "LI", "UpdateUser Succeeded", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Matching.Users = test.rules
			w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, copies("telephoneNumber")...)
			w.unit("Head")
			server.Apply(t, fmt.Sprintf("dn: uid=li,%s\nobjectClass: inetOrgPerson\nuid: li\ncn: The li\nsn: li\nmail: li@example.com\ntelephoneNumber: +49 30 7\n\n", w.dn("Head")))
			test.prepare(w)
			was, before := "", w.snapshot(w.target)
			for id, e := range before {
				if e.attributes["uid"] == test.took && test.took != "" {
					was = id
				}
			}

			last := w.sync()

			if w.operations(w.lastUID())[test.want] != 1 {
				t.Errorf("want one %s:\n%s", test.want, w.describe(w.lastUID()))
			}
			w.expectSays(test.says)
			if test.took != "" {
				taken := w.snapshot(w.target)[was]
				w.expectEqual("the login of the entry that was taken over", taken.attributes["uid"], "li")
				w.expectEqual("people in the target", len(w.snapshot(w.target)), len(before)+1)
			}
			if last.Outcome.Result == report.Succeeded {
				w.expectSteady()
			}
		})
	}
}

func TestAdoptingAndHolding(t *testing.T) {
	t.Parallel()
	tests := []struct {
		adopt v1alpha1.MatchPolicy
		want  map[string]int
		says  string
	}{
		{v1alpha1.MatchAllow, map[string]int{"UpdateDepartment Succeeded": 1, "UpdateUser Succeeded": 1, "ChangeUserDepartments Succeeded": 1}, "(link)"},
		{v1alpha1.MatchHold, map[string]int{"CreateDepartment Held": 1, "CreateUser Held": 1}, "set matching.adopt to Allow"},
		{v1alpha1.MatchNever, map[string]int{"CreateDepartment Failed": 1, "CreateUser Failed": 1}, "matching.adopt is Never"},
	}
	for _, test := range tests {
		t.Run(string(test.adopt), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Matching.Adopt = test.adopt
			w.unit("Head")
			w.person("li", "Head")
			w.stranger("li", "mail: other@example.com\n")
			server.Apply(t, "dn: "+w.targetDN("head")+"\nobjectClass: organizationalUnit\nou: head\n\n")
			before := w.snapshot(w.target)
			w.sync()
			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			w.expectSays(test.says)
			if test.adopt != v1alpha1.MatchAllow {
				w.expectEqual("the target", w.snapshot(w.target), before)
				w.sync()
				w.expectEqual("operations of a further run", w.operations(w.lastUID()), test.want)
				return
			}
			w.expectSteady()
		})
	}
}

func TestOneEntryIsOneEntry(t *testing.T) {
	t.Parallel()
	t.Run("two people of the source match one entry", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.task.Spec.Matching.Users = rules("mail")
		w.unit("Head")
		server.Apply(t, mailed("li", w.dn("Head"), "one@example.com")+mailed("mei", w.dn("Head"), "ONE@example.com"))
		w.stranger("one", "mail: one@example.com\n")
		before := w.snapshot(w.target)
		w.sync()
		w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Failed": 2})
		w.expectSays("which can be only one of them")
		w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 1)

		w.modify("uid=mei,"+w.dn("Head"), "replace: mail\nmail: mei@example.com")
		w.synced()
		w.expectEqual("operations when they are told apart", w.operations(w.lastUID()), map[string]int{
			"ChangeUserIdentifier Succeeded": 1, "UpdateUser Succeeded": 1, "ChangeUserDepartments Succeeded": 1, "CreateUser Succeeded": 1, "NoUpdate Succeeded": 1})
		w.expectSteady()
	})
	t.Run("a joiner matches somebody who is linked and still there", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.task.Spec.Matching.Users = rules("mail")
		w.task.Spec.Matching.Relink = v1alpha1.MatchAllow
		w.company()
		w.synced()
		before := w.snapshot(w.target)
		server.Apply(t, mailed("fang2", w.dn("Head"), fmt.Sprintf("%x@example.com", "fang")))
		w.sync()
		w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateUser Failed": 1, "NoUpdate Succeeded": 15})
		w.expectSays("which is still there")
		w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 0)
	})
	t.Run("a joiner matches somebody who is linked and out of scope", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.task.Spec.Matching.Users = rules("mail")
		w.task.Spec.Scope.Users.Filter = "user.description == null"
		w.company()
		w.synced()
		w.modify(w.researcher("fang"), "replace: description\ndescription: away")
		server.Apply(t, mailed("fang2", w.dn("Head"), fmt.Sprintf("%x@example.com", "fang")))
		w.synced()
		w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateUser Held": 1, "DeleteUser Held": 1, "NoUpdate Succeeded": 14})
		w.expectSays("set matching.relink to Allow")
	})
}

func TestAProtectedEntryIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Protected.Users = "user.title == 'admin'"
	w.unit("Head")
	w.person("root", "Head")
	w.stranger("root", "title: admin\n")
	before := w.snapshot(w.target)
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Skipped": 1})
	w.expectSays("protected by the task")
	w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 1)
}
