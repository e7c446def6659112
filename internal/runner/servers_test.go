package runner_test

import (
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/report"
)

// dead is an address where nobody answers.
const dead = "ldap://127.0.0.1:1"

// twoServers are a server and a copy of it, which gets the changes by a line that can be cut.
type twoServers struct {
	first, second *slapdtest.Server
	line          *slapdtest.Proxy
}

func newCopies(t *testing.T) *twoServers {
	t.Helper()
	first := slapdtest.Start(t, slapdtest.Options{Database: slapdtest.Syncprov})
	line := first.Proxy(t)
	return &twoServers{first: first, second: slapdtest.Start(t, slapdtest.Options{CopyOf: line.URL}), line: line}
}

// positionOf is the contextCSN of a server, or empty.
func positionOf(t *testing.T, server *slapdtest.Server) string {
	t.Helper()
	conn := server.Conn(t)
	defer conn.Close()
	found, err := conn.Search(&goldap.SearchRequest{BaseDN: slapdtest.Suffix, Filter: "(objectClass=*)", Attributes: []string{"contextCSN"}})
	if err != nil || len(found.Entries) == 0 {
		return "" // a copy that is empty still
	}
	return strings.Join(found.Entries[0].GetAttributeValues("contextCSN"), " ")
}

// await waits until the copy has all that the first server has.
func (c *twoServers) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); positionOf(t, c.second) != positionOf(t, c.first); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the copy has %q, the server has %q", positionOf(t, c.second), positionOf(t, c.first))
		}
	}
}

func TestOneOfSeveralServersIsDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Sources[0].LDAP.URLs = []string{dead, server.URL}
	w.task.Spec.Target.LDAP.URLs = []string{dead, server.URL}
	last := w.synced()
	w.expectEven()
	for which, end := range map[string]*report.Endpoint{"source": last.Source, "target": last.Target} {
		w.expectEqual(which, end.Reason, v1alpha1.ReasonConnected)
		for _, text := range []string{server.URL + " serves", dead, "refused"} {
			if !strings.Contains(end.Message, text) {
				t.Errorf("the %s says %q, want %q in it", which, end.Message, text)
			}
		}
	}

	w.task.Spec.Sources[0].LDAP.URLs = []string{dead, "ldap://127.0.0.1:2"}
	last = w.sync()
	w.expectEqual("result with two dead servers", last.Outcome.Result, report.Failed)
	for _, text := range []string{dead, "ldap://127.0.0.1:2", "refused"} {
		if !strings.Contains(last.Outcome.Message, text) {
			t.Errorf("the message is %q, want %q in it", last.Outcome.Message, text)
		}
	}
}

// TestACopyThatLagsBehindRemovesNobody lets the first server die when its copy has not got the newest people yet, whom an earlier run has synced.
func TestACopyThatLagsBehindRemovesNobody(t *testing.T) {
	t.Parallel()
	both := newCopies(t)
	w := newWorldOn(t, both.first, server)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Sources[0].LDAP.URLs = []string{both.first.URL, both.second.URL}
	w.company()
	w.synced()
	both.await(t)
	both.line.CutAfter(0)
	both.line.Cut()
	w.person("newest", "Research", "Head")
	w.synced()
	w.expectEven()
	people := w.logins()

	both.first.Kill()
	last := w.sync()
	w.expectEqual("result with the copy alone", last.Outcome.Result, report.Failed)
	w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonReadIncomplete)
	for _, text := range []string{both.first.URL, both.second.URL, "is behind", "guardOverride.shrink"} {
		if !strings.Contains(last.Outcome.Message, text) {
			t.Errorf("the message is %q, want %q in it", last.Outcome.Message, text)
		}
	}
	w.expectEqual("people", w.logins(), people)

	// The copy comes first in the list, and the server is back: it is gone over to.
	if err := both.first.Restart(); err != nil {
		t.Fatal(err)
	}
	w.task.Spec.Sources[0].LDAP.URLs = []string{both.second.URL, both.first.URL}
	last = w.synced()
	w.expectEqual("people", w.logins(), people)
	if !strings.Contains(last.Source.Message, both.first.URL+" serves") || !strings.Contains(last.Source.Message, "is behind") {
		t.Errorf("the source says %q", last.Source.Message)
	}

	// The copy catches up, and serves.
	both.line.CutAfter(-1)
	both.await(t)
	both.first.Kill()
	w.synced()
	w.expectEqual("people", w.logins(), people)
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 16})
}

// TestATargetThatLagsBehindIsNotWrittenTo would create people twice.
func TestATargetThatLagsBehindIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	both := newCopies(t)
	w := newWorldOn(t, server, both.first)
	w.task.Spec.Target.LDAP.URLs = []string{both.first.URL, both.second.URL}
	w.company()
	w.synced()
	both.await(t)
	both.line.CutAfter(0)
	both.line.Cut()
	w.person("newest", "Research", "Head")
	w.synced()
	both.first.Kill()
	last := w.sync()
	w.expectEqual("result with the copy alone", last.Outcome.Result, report.Failed)
	if !strings.Contains(last.Outcome.Message, "target: ") || !strings.Contains(last.Outcome.Message, "is behind") {
		t.Errorf("the message is %q", last.Outcome.Message)
	}
	if err := both.first.Restart(); err != nil {
		t.Fatal(err)
	}
	w.expectRest()
	w.expectEven()
}

// TestAnOlderCopyIsReadOnPurpose overrides for one run.
func TestAnOlderCopyIsReadOnPurpose(t *testing.T) {
	t.Parallel()
	both := newCopies(t)
	w := newWorldOn(t, both.first, server)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.company()
	both.await(t)
	both.line.CutAfter(0)
	both.line.Cut()
	w.person("newest", "Research", "Head")
	w.synced()
	w.task.Spec.Sources[0].LDAP.URLs = []string{both.second.URL}
	w.expectEqual("result", w.sync().Outcome.Result, report.Failed)
	w.override = &v1alpha1.GuardOverride{Reason: "restored from a backup", Shrink: &v1alpha1.ShareLimit{Percent: 100}}
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 15})
	w.override = nil
	w.expectRest()
}

func TestAServerThatDiesInMidReadIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	proxy := server.Proxy(t)
	w.task.Spec.Sources[0].LDAP.URLs = []string{proxy.URL, server.URL}
	people := w.logins()
	proxy.CutAfter(60000) // after the schema
	last := w.sync()
	w.expectEqual("result", last.Outcome.Result, report.Failed)
	if !strings.Contains(last.Outcome.Message, proxy.URL) {
		t.Errorf("the message does not name the server: %s", last.Outcome.Message)
	}
	w.expectEqual("people", w.logins(), people)
	last = w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
	if !strings.Contains(last.Source.Message, server.URL+" serves") {
		t.Errorf("the source says %q", last.Source.Message)
	}
}

func TestAReferralIsAPartThatWasNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.company()
	w.synced()
	elsewhere := "ou=elsewhere," + w.dn("Head")
	w.source.Server.Apply(t, "dn: "+elsewhere+"\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://other.example.com/ou=x\n\n")
	people := w.logins()

	last := w.sync()
	w.expectEqual("result", last.Outcome.Result, report.Failed)
	w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonReadIncomplete)
	for _, text := range []string{w.source.Org, "ldap://other.example.com", "referrals"} {
		if !strings.Contains(last.Outcome.Message, text) {
			t.Errorf("the message is %q, want %q in it", last.Outcome.Message, text)
		}
	}
	w.expectEqual("people", w.logins(), people)

	w.task.Spec.Sources[0].LDAP.Referrals = v1alpha1.ReferralsIgnore
	last = w.synced()
	w.expectEqual("people", w.logins(), people)
	for _, text := range []string{"ldap://other.example.com", "left out"} {
		if !strings.Contains(last.Source.Message, text) {
			t.Errorf("the source says %q, want %q in it", last.Source.Message, text)
		}
	}
}
