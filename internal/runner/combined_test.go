package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// named is the LDIF of somebody with a name that others have, too.
func named(uid, name, mail, parent string) string {
	return fmt.Sprintf("dn: uid=%[1]s,%[4]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[2]s\nsn: Li\nmail: %[3]s\n\n", uid, name, mail, parent)
}

// twoOfOneName makes two people with one name in both directories, under other logins in each. Their mails tell them apart, or not.
func twoOfOneName(w *world, targetMails ...string) {
	server.Apply(w.t, named("a1", "Li Lei", "lei.li@example.com", w.source.Org)+named("a2", "Li Lei", "lili@example.com", w.source.Org))
	for i, mail := range targetMails {
		server.Apply(w.t, named(fmt.Sprintf("old%d", i), "Li Lei", mail, w.target.Org))
	}
	w.task.Spec.Mappings.Users = []v1alpha1.Mapping{{To: "uid", From: "uid", Apply: v1alpha1.ApplyOnCreate}, {To: "cn", From: "cn"}, {To: "sn", From: "sn"}, {To: "mail", From: "mail"}}
}

func TestACombinedRuleTellsNamesakesApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twoOfOneName(w, "LILI@example.com", "lei.li@example.com")
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "cn", Source: "cn", And: []v1alpha1.MatchPair{{Target: "mail", Source: "mail"}}}}
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 2})
	for login, mail := range map[string]string{"old0": "lili@example.com", "old1": "lei.li@example.com"} {
		person, _ := w.targetPerson(login)
		w.expectEqual("mail of "+login, person.attributes["mail"], mail)
	}
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 2})
}

func TestACombinedRuleDecidesNothingAloneByOneOfItsFields(t *testing.T) {
	t.Parallel()
	combined := v1alpha1.MatchRule{Target: "cn", Source: "cn", And: []v1alpha1.MatchPair{{Target: "mail", Source: "mail"}}}
	tests := []struct {
		name  string
		mails []string
		rules []v1alpha1.MatchRule
		want  map[string]int
	}{
		{"two with the same name and mail", []string{"lei.li@example.com", "lei.li@example.com"}, []v1alpha1.MatchRule{combined},
			map[string]int{"CreateUser AmbiguousMatch": 1, "CreateUser ": 1}},
		{"the name alone hits two", []string{"x@example.com", "y@example.com"}, []v1alpha1.MatchRule{{Target: "cn", Source: "cn"}},
			map[string]int{"CreateUser AmbiguousMatch": 2}},
		{"another mail", []string{"x@example.com"}, []v1alpha1.MatchRule{combined}, map[string]int{"CreateUser ": 2}},
		{"the first rule finds nobody and the second does", []string{"x@example.com", "lili@example.com"},
			[]v1alpha1.MatchRule{{Target: "cn", Source: "cn", And: []v1alpha1.MatchPair{{Target: "sn", Source: "mail"}}}, combined},
			map[string]int{"CreateUser ": 1, "UpdateUser ": 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			twoOfOneName(w, test.mails...)
			w.task.Spec.Matching.Users = test.rules
			w.sync()
			got := map[string]int{}
			for _, r := range w.records(w.lastUID()) {
				got[fmt.Sprintf("%s %s", r.Operation, r.Reason)]++
				if r.Reason == "AmbiguousMatch" && !strings.Contains(r.Message, "2 target entries") {
					t.Errorf("the message does not say how many were hit: %s", r.Message)
				}
			}
			w.expectEqual("operations and reasons", got, test.want)
		})
	}
}
