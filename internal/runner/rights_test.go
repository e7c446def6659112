package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// readerRights let the reader see all but what a test hides from it by a value of roomNumber: whole people, or their mail, or the unit with
// that description.
const readerRights = "limits dn.exact=" + slapdtest.ReaderDN + " size=unlimited\n" +
	"access to filter=(roomNumber=hidden) by dn.exact=" + slapdtest.ReaderDN + " none by * break\n" +
	"access to filter=(description=hidden) by dn.exact=" + slapdtest.ReaderDN + " none by * break\n" +
	"access to filter=(roomNumber=nomail) attrs=mail by dn.exact=" + slapdtest.ReaderDN + " none by * break\n" +
	"access to attrs=userPassword by anonymous auth by * none\n" +
	"access to * by dn.exact=" + slapdtest.ReaderDN + " read by * none\n"

// readByReader lets the source be read by an account whose rights the test can take away.
func (w *world) readByReader() {
	w.writeSecret("reader", map[string]string{"username": slapdtest.ReaderDN, "password": slapdtest.ReaderPassword})
	w.task.Spec.Sources[0].LDAP.CredentialsSecretRef = &v1alpha1.SecretReference{Name: "reader"}
}

// everyone are the people of company, by login.
var everyone = []string{"an", "bo", "chen", "dora", "emil", "fang", "gerd", "hua", "ines", "boss"}

// sourceDN finds somebody in the source.
func (w *world) sourceDN(uid string) string {
	w.t.Helper()
	for _, e := range w.snapshot(w.source) {
		if e.attributes["uid"] == uid {
			return e.dn
		}
	}
	w.t.Fatalf("%s is not in the source", uid)
	return ""
}

// hide takes rights on people away from the reader: "hidden" or "nomail". Empty gives them back.
func (w *world) hide(what string, uids ...string) {
	w.t.Helper()
	for _, uid := range uids {
		change := "replace: roomNumber"
		if what != "" {
			change += "\nroomNumber: " + what
		}
		w.modify(w.sourceDN(uid), change)
	}
}

// nothingWritten executes a run that must stop before its first write, for a reason, with a message that says this.
func (w *world) nothingWritten(reason v1alpha1.Reason, parts ...string) {
	w.t.Helper()
	before := w.snapshot(w.target)
	last := w.sync()
	w.expectEqual("reason", last.Outcome.Reason, reason)
	for _, part := range parts {
		if !strings.Contains(last.Outcome.Message, part) {
			w.t.Errorf("the message does not say %q: %s", part, last.Outcome.Message)
		}
	}
	if diff := cmp.Diff(before, w.snapshot(w.target), cmp.AllowUnexported(entry{})); diff != "" {
		w.t.Errorf("something was written:\n%s", diff)
	}
}

// TestASourceThatShowsLessStopsTheRun takes things away from the source that a read cannot prove to be wrong, or that make it fail. In each
// case somebody new is there too, so that the run would have something to write.
func TestASourceThatShowsLessStopsTheRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(*world)
		breaks func(*world)
		reason v1alpha1.Reason
		says   []string
	}{
		{name: "an access rule hides half of the people", breaks: func(w *world) { w.hide("hidden", everyone[:5]...) },
			reason: v1alpha1.ReasonGuardStopped, says: []string{"lost 4 of 10 (40.0%) people", "guard.shrink allows 10%", "still sees everyone", "--override-shrink 40 "}},
		{name: "an access rule hides everybody", breaks: func(w *world) { w.hide("hidden", append(everyone, "nina")...) },
			reason: v1alpha1.ReasonSourceEmpty, says: []string{"gave no people, and 10 of them are linked"}},
		{name: "an access rule hides the departments", before: func(w *world) { w.flatPeople() }, breaks: func(w *world) {
			for _, path := range [][]string{{"Head"}, {"Sales", "Head"}, {"East", "Sales", "Head"}, {"West", "Sales", "Head"}, {"Research", "Head"}} {
				w.modify(w.dn(path...), "replace: description\ndescription: hidden")
			}
		}, reason: v1alpha1.ReasonSourceEmpty, says: []string{"gave no departments, and 5 of them are linked"}},
		{name: "an access rule hides the mail of everybody", breaks: func(w *world) { w.hide("nomail", everyone...) },
			reason: v1alpha1.ReasonGuardStopped, says: []string{`would empty "mail" for 10 of 10 (100.0%) people`, "guard.cleared allows 5%", "may still read"}},
		{name: "a filter with a typing error", breaks: func(w *world) {
			w.task.Spec.Sources[0].LDAP.Users.Filter = "(objectClass=inetOrgPersn)"
		}, reason: v1alpha1.ReasonSourceEmpty, says: []string{"base, filter and scope"}},
		{name: "a scope filter that nobody passes", breaks: func(w *world) { w.task.Spec.Scope.Users.Filter = "user.title == 'staff'" },
			reason: v1alpha1.ReasonSourceEmpty, says: []string{"gave no people"}},
		{name: "a base that is gone", before: func(w *world) { w.task.Spec.Sources[0].LDAP.Users.BaseDN = w.dn("Head") },
			breaks: func(w *world) { w.modifyRDN(w.dn("Head"), "ou=Old") },
			reason: v1alpha1.ReasonBaseNotFound, says: []string{"users.baseDN", "result 32"}},
		{name: "a scope that names a department which is gone", before: func(w *world) { w.task.Spec.Scope.Departments.Include = []string{"Head/Sales", "Head/Research"} },
			breaks: func(w *world) { w.modifyRDN(w.dn("Research", "Head"), "ou=Science") },
			reason: v1alpha1.ReasonInvalidDefinition, says: []string{`no department with the ID or path "Head/Research"`}},
		{name: "a mapping that changes everybody", breaks: func(w *world) {
			w.task.Spec.Mappings.Users[1] = v1alpha1.Mapping{To: "cn", Expression: "upper(user.cn)"}
		},
			reason: v1alpha1.ReasonGuardStopped, says: []string{"would update 10 of 10 (100.0%) people", "guard.changed allows 50%"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.readByReader()
			w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{}
			w.company()
			if test.before != nil {
				test.before(w)
			}
			w.synced()
			w.person("nina", "Sales", "Head")
			test.breaks(w)
			w.nothingWritten(test.reason, test.says...)
		})
	}
}

// modifyRDN renames an entry.
func (w *world) modifyRDN(dn, name string) {
	w.t.Helper()
	server.Apply(w.t, "dn: "+dn+"\nchangetype: modrdn\nnewrdn: "+name+"\ndeleteoldrdn: 1\n\n")
}

// flatPeople lets people be read and written wherever they stand: their departments are not kept.
func (w *world) flatPeople() {
	w.task.Spec.Sources[0].LDAP.Users.Layout, w.task.Spec.Target.LDAP.Users.Layout = v1alpha1.LayoutFlat, v1alpha1.LayoutFlat
	w.task.Spec.Target.LDAP.Users.BaseDN = w.target.People
}
