package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

func TestARunAboutAPersonWithANewID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		relink v1alpha1.MatchPolicy
		want   map[string]int
		says   string
	}{
		{v1alpha1.MatchAllow, map[string]int{"ChangeUserIdentifier Succeeded": 1}, ""},
		{v1alpha1.MatchHold, map[string]int{"CreateUser Held": 1}, "matching.relink"},
		{v1alpha1.MatchNever, map[string]int{"CreateUser Failed": 1}, `still belongs to "The an", whom this run is not about`},
	}
	for _, test := range tests {
		t.Run(string(test.relink), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Matching.Relink = test.relink
			w.company()
			w.synced()
			w.replace("an", "East", "Sales", "Head")
			before := w.snapshot(w.target)

			w.syncOnly(v1alpha1.OnlyEntries{Users: []string{w.id("uid=an," + w.dn("East", "Sales", "Head"))}})

			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			if says := w.describe(w.lastUID()); !strings.Contains(says, test.says) {
				t.Errorf("no record says %s:\n%s", test.says, says)
			}
			w.expectEqual("entries in the target", len(w.snapshot(w.target)), len(before))
		})
	}
}

// plainEnds hide that both ends can find users by their values.
type plainEnds struct{ runner.Connector }

func (e plainEnds) Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	source, err := e.Connector.Source(ctx, spec)
	return struct{ connector.Source }{source}, err
}

func (e plainEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return struct{ connector.Target }{target}, err
}

func TestARunAboutSomebodyMatchesAsEveryRunDoes(t *testing.T) {
	t.Parallel()
	byMail := []v1alpha1.MatchRule{{Target: "mail", Source: "mail"}}
	tests := []struct {
		name string
		// prepare makes what is there beside the new person "twin", who has the mail twin@example.com.
		prepare func(w *world)
		want    map[string]int
		says    string
	}{
		{"nobody is hit", func(*world) {}, map[string]int{"CreateUser Succeeded": 1}, ""},
		{"a stranger is hit", func(w *world) { server.Apply(w.t, mailed("stranger", w.targetDN("Head"), "TWIN@example.com")) },
			map[string]int{"ChangeUserIdentifier Succeeded": 1, "ChangeUserDepartments Succeeded": 1, "UpdateUser Succeeded": 1}, ""},
		{"two strangers are hit", func(w *world) {
			server.Apply(w.t, mailed("stranger", w.targetDN("Head"), "twin@example.com")+mailed("other", w.targetDN("Head"), "twin@example.com"))
		}, map[string]int{"CreateUser Failed": 1}, "hits 2 target entries"},
		{"somebody who is linked is hit", func(w *world) {
			w.modify(w.researcher("fang"), "replace: mail\nmail: twin@example.com")
			w.syncedOnly(w.id(w.researcher("fang")))
		}, map[string]int{"CreateUser Failed": 1}, "which is still there"},
		{"another new person hits the same one", func(w *world) {
			server.Apply(w.t, mailed("stranger", w.targetDN("Head"), "twin@example.com")+mailed("rival", w.dn("Head"), "twin@example.com"))
		}, map[string]int{"CreateUser Failed": 1}, "which can be only one of them"},
		{"another new person who is not in scope hits the same one", func(w *world) {
			server.Apply(w.t, mailed("stranger", w.targetDN("Head"), "twin@example.com")+mailed("extern", w.dn("Head"), "twin@example.com"))
		}, map[string]int{"ChangeUserIdentifier Succeeded": 1, "ChangeUserDepartments Succeeded": 1, "UpdateUser Succeeded": 1}, ""},
		{"an entry with our mark is hit", func(w *world) {
			server.Apply(w.t, strings.TrimSuffix(mailed("lost", w.targetDN("Head"), "lost@example.com"), "\n")+
				"employeeNumber: test/hr#"+w.id("uid=twin,"+w.dn("Research", "Head"))+"\n\n")
		}, map[string]int{"ChangeUserIdentifier Succeeded": 1, "ChangeUserDepartments Succeeded": 1, "UpdateUser Succeeded": 1}, ""},
		{"an entry with another owner's mark is hit", func(w *world) {
			server.Apply(w.t, strings.TrimSuffix(mailed("stranger", w.targetDN("Head"), "twin@example.com"), "\n")+"employeeNumber: other/task#1\n\n")
		}, map[string]int{"CreateUser Failed": 1}, `owner "other/task"`},
	}
	for _, test := range tests {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, all are read: %t", test.name, plain), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.task.Spec.Matching.Users = byMail
				w.task.Spec.Scope.Users.Filter = "user.uid != 'extern'"
				w.company()
				w.synced()
				server.Apply(t, mailed("twin", w.dn("Research", "Head"), "twin@example.com"))
				test.prepare(w)
				w.only = &v1alpha1.OnlyEntries{Users: []string{w.id("uid=twin," + w.dn("Research", "Head"))}}
				r := w.begin()
				if plain {
					r.runner.Connect = plainEnds{w.mounts}
				}

				if err := r.attempt(1, false); err != nil {
					t.Fatal(err)
				}

				w.expectEqual("operations", w.operations(r.uid), test.want)
				if says := w.describe(r.uid); !strings.Contains(says, test.says) {
					t.Errorf("no record says %s:\n%s", test.says, says)
				}
			})
		}
	}
}

// mailed is the LDIF of a person with a mail address.
func mailed(uid, parent, mail string) string {
	return fmt.Sprintf("dn: uid=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: The %[1]s\nsn: %[1]s\nmail: %[3]s\n\n", uid, parent, mail)
}

func TestALoginThatSomebodyHasWhoIsNotNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	fang, gerd := w.id(w.researcher("fang")), w.id(w.researcher("gerd"))
	for _, rename := range [][2]string{{"gerd", "gert"}, {"fang", "gerd"}} {
		server.Apply(t, fmt.Sprintf("dn: %s\nchangetype: modrdn\nnewrdn: uid=%s\ndeleteoldrdn: 1\n\n", w.researcher(rename[0]), rename[1]))
	}

	last := w.syncOnly(v1alpha1.OnlyEntries{Users: []string{fang}})
	w.expectEqual("result", last.Outcome.Result, report.PartiallyFailed)
	if says := w.describe(w.lastUID()); !strings.Contains(says, `still belongs to "The gerd", whom this run is not about`) {
		t.Errorf("the record does not say who has the login:\n%s", says)
	}

	w.syncedOnly(fang, gerd)
	w.expectEqual("operations about both", w.operations(w.lastUID()), map[string]int{"ChangeUserIdentifier Succeeded": 2})
	w.expectEven()
}

func TestTheGuardOfARunAboutSomePeople(t *testing.T) {
	t.Parallel()
	all := []string{"fang", "gerd", "hua", "ines"}
	tests := []struct {
		name    string
		change  string
		percent int32
		want    report.Result
	}{
		{"four of ten changed, which is allowed", "replace: mail\nmail: new@example.com", 40, report.Succeeded},
		{"four of ten changed, which is too many", "replace: mail\nmail: new@example.com", 39, report.Failed},
		{"of four all lose a value", "delete: mail", 100, report.Failed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Guard.Changed = &v1alpha1.ShareLimit{Percent: test.percent}
			w.company()
			w.synced()
			var ids []string
			for _, uid := range all {
				ids = append(ids, w.id(w.researcher(uid)))
				w.modify(w.researcher(uid), test.change)
			}
			last := w.syncOnly(v1alpha1.OnlyEntries{Users: ids})
			w.expectEqual("result", last.Outcome.Result, test.want)
			if test.want == report.Failed {
				w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonGuardStopped)
			}
		})
	}
}

func TestARunAboutSomebodyFindsAFreeNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Mappings.Users[0] = v1alpha1.Mapping{To: "uid", Expression: "user.sn", Doubles: v1alpha1.DoublesNumber}
	w.company()
	w.synced()
	server.Apply(t, strings.Replace(personLDIF("other", w.dn("Head")), "sn: other", "sn: fang", 1))

	w.syncedOnly(w.id("uid=other," + w.dn("Head")))

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateUser Succeeded": 1})
	if _, there := w.targetPerson("fang2"); !there {
		t.Errorf("the new person has no number:\n%s", w.describe(w.lastUID()))
	}
}
