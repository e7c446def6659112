package runner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// relogin renames people of the source, all of whom stand below one entry, so that those who get a login that another one has wait for it.
func (w *world) relogin(parent string, renames ...[2]string) {
	w.t.Helper()
	for _, r := range renames {
		w.renameEntry("uid="+r[0]+","+parent, "uid=between-"+r[1])
	}
	for _, r := range renames {
		w.renameEntry("uid=between-"+r[1]+","+parent, "uid="+r[1])
	}
}

// logins says who has which login in the target, by their names, which nobody changes.
func (w *world) logins() map[string]string {
	logins := map[string]string{}
	for _, e := range w.snapshot(w.target) {
		if e.person {
			logins[e.attributes["cn"]] = e.attributes["uid"]
		}
	}
	return logins
}

func TestLoginsAreHandedOn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit func(w *world)
		want map[string]int
	}{
		{"two swap", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "gerd"}, [2]string{"gerd", "fang"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 3}},
		{"three rotate", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "gerd"}, [2]string{"gerd", "hua"}, [2]string{"hua", "fang"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 4}},
		{"three rotate the other way round, and two swap beside", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "hua"}, [2]string{"hua", "gerd"}, [2]string{"gerd", "fang"})
			w.relogin(w.dn("East", "Sales", "Head"), [2]string{"an", "bo"}, [2]string{"bo", "an"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 7}},
		{"a chain that ends in a new login", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "gerd"}, [2]string{"gerd", "hua"}, [2]string{"hua", "ines"}, [2]string{"ines", "free"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 4}},
		{"a chain that ends in a leaver's login", func(w *world) {
			w.leave(w.researcher("ines"))
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "gerd"}, [2]string{"gerd", "hua"}, [2]string{"hua", "ines"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 3, "DeleteUser Succeeded": 1}},
		{"a joiner takes the login of somebody who gets another", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "fang.li"})
			w.source.Server.Apply(w.t, strings.Replace(personLDIF("fang", w.dn("Research", "Head")), "cn: The fang", "cn: The joiner", 1))
		}, map[string]int{"ChangeUserIdentifier Succeeded": 1, "CreateUser Succeeded": 1}},
		{"letter case alone", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "Fang"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 1}},
		{"a swap with letter case", func(w *world) {
			w.relogin(w.dn("Research", "Head"), [2]string{"fang", "GERD"}, [2]string{"gerd", "FANG"})
		}, map[string]int{"ChangeUserIdentifier Succeeded": 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
			w.company()
			w.synced()
			entries := w.snapshot(w.target)
			test.edit(w)

			w.synced()

			operations := w.operations(w.lastUID())
			delete(operations, "NoUpdate Succeeded")
			w.expectEqual("operations", operations, test.want)
			w.expectEven()
			for id := range w.snapshot(w.target) {
				delete(entries, id)
			}
			if gone := len(entries); gone != test.want["DeleteUser Succeeded"] {
				t.Errorf("%d entries are gone: renames must not delete and create", gone)
			}
			w.expectRest()
		})
	}
}

// TestAChainWithAMemberWhoCannotBeRenamed refuses one login of those that are handed on, once and for ever.
func TestAChainWithAMemberWhoCannotBeRenamed(t *testing.T) {
	t.Parallel()
	chains := map[string][][2]string{
		"circle of three": {{"fang", "gerd"}, {"gerd", "hua"}, {"hua", "fang"}},
		"chain of three":  {{"fang", "gerd"}, {"gerd", "hua"}, {"hua", "free"}},
	}
	for name, chain := range chains {
		for _, rename := range chain {
			for _, times := range []int{1, 100} {
				t.Run(fmt.Sprintf("%s, %s is refused %d times", name, rename[1], times), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					w.company()
					w.synced()
					before := w.logins()
					w.relogin(w.dn("Research", "Head"), chain...)
					r := w.begin()
					r.runner.Connect = &refusingEnds{Connector: w.mounts, value: rename[1], times: times, owner: w.targetIDOf(rename[1])}
					if err := r.attempt(1, false); err != nil {
						t.Fatal(err)
					}
					w.expectEqual("result", r.ended().Outcome.Result, report.PartiallyFailed)
					w.expectNoTemporary("after a refusal")
					w.expectEachLoginOnce(before, chain)

					w.synced()
					w.expectEven()
					w.expectRest()
				})
			}
		}
	}
}

// targetIDOf is the target ID of somebody by login, or empty.
func (w *world) targetIDOf(login string) string {
	for id, e := range w.snapshot(w.target) {
		if e.attributes["uid"] == login {
			return id
		}
	}
	return ""
}

// expectEachLoginOnce fails the test unless everybody has the login of before or the one that the chain gives them, and nobody shares one.
func (w *world) expectEachLoginOnce(before map[string]string, chain [][2]string) {
	w.t.Helper()
	var taken []string
	for name, login := range w.logins() {
		fine := []string{before[name]}
		for _, r := range chain {
			if r[0] == before[name] {
				fine = append(fine, r[1])
			}
		}
		if !slices.Contains(fine, login) {
			w.t.Errorf("%s has the login %q, want one of %q\n%s", name, login, fine, w.describe(w.lastUID()))
		}
		if slices.Contains(taken, login) {
			w.t.Errorf("two people have the login %q", login)
		}
		taken = append(taken, login)
	}
}

// TestAJoinerTakesTheLoginOfALeaver is about two people, not about one with a new ID: see TestPersonWithANewID.
func TestAJoinerTakesTheLoginOfALeaver(t *testing.T) {
	t.Parallel()
	joiner := func(w *world) {
		w.source.Server.Apply(w.t, strings.Replace(personLDIF("fang", w.dn("Research", "Head")), "cn: The fang", "cn: The joiner", 1))
	}
	renamed := func(w *world) { w.relogin(w.dn("Research", "Head"), [2]string{"gerd", "fang"}) }
	tests := []struct {
		name   string
		action v1alpha1.UserDeletionAction
		take   func(*world)
		want   map[string]int
		says   []string
	}{
		{"a joiner, Delete", v1alpha1.DeletionDelete, joiner, map[string]int{"DeleteUser Succeeded": 1, "CreateUser Succeeded": 1}, nil},
		{"a rename, Delete", v1alpha1.DeletionDelete, renamed, map[string]int{"DeleteUser Succeeded": 1, "ChangeUserIdentifier Succeeded": 1}, nil},
		{"a joiner, Disable", v1alpha1.DeletionDisable, joiner, map[string]int{"DeleteUser Succeeded": 1, "CreateUser Failed": 1},
			[]string{`"The fang"`, "delete the account there, or give one of the two another identifier"}},
		{"a rename, Disable", v1alpha1.DeletionDisable, renamed, map[string]int{"DeleteUser Succeeded": 1, "ChangeUserIdentifier Failed": 1},
			[]string{`"The fang"`, "delete the account there, or give one of the two another identifier"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Deletion.Users.Action = test.action
			w.task.Spec.Matching.Relink = v1alpha1.MatchNever
			w.company()
			w.synced()
			w.leave(w.researcher("fang"))
			test.take(w)
			for range 2 { // what cannot be done is said in each run
				w.sync()
				operations := w.operations(w.lastUID())
				delete(operations, "NoUpdate Succeeded")
				w.expectEqual("operations", operations, test.want)
				for _, r := range w.records(w.lastUID()) {
					for _, text := range test.says {
						if r.Status == "Failed" && (r.Reason != "NameInUse" || !strings.Contains(r.Message, text)) {
							t.Errorf("the record of %s says %s, %s; want NameInUse and %s", r.Name, r.Reason, r.Message, text)
						}
					}
				}
				if test.says == nil {
					w.expectEven()
					w.expectRest()
					return
				}
				delete(test.want, "DeleteUser Succeeded")
			}
		})
	}
}
