package runner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// chinese makes people whose logins and addresses come from their names, with a number behind those that somebody has.
func chinese(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	login := `pinyin(user.cn).replace(" ", "")`
	w.task.Spec.Mappings.Users = []v1alpha1.Mapping{
		{To: "uid", Expression: login, Doubles: v1alpha1.DoublesNumber},
		{To: "mail", Expression: login + ` + "@example.com"`, Doubles: v1alpha1.DoublesNumber},
		{To: "cn", From: "cn"}, {To: "sn", From: "sn"}, {To: "description", From: "uid"},
	}
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	return w
}

// joins makes somebody in the source, whose uid there is a number of the company.
func (w *world) joins(number int, name string) {
	server.Apply(w.t, fmt.Sprintf("dn: uid=%[1]d,%[3]s\nobjectClass: inetOrgPerson\nuid: %[1]d\ncn: %[2]s\nsn: %[2]s\n\n", number, name, w.source.Org))
}

// accounts are the logins and addresses in the target, by the number in the source.
func (w *world) accounts() map[string]string {
	accounts := map[string]string{}
	for _, e := range w.snapshot(w.target) {
		if e.person {
			accounts[e.attributes["description"]] = e.attributes["uid"] + " " + e.attributes["mail"]
		}
	}
	return accounts
}

func TestNamesakesGetAccountsWithNumbers(t *testing.T) {
	t.Parallel()
	w := chinese(t)
	names := []string{"李雷", "李蕾", "李磊", "韩梅梅", "李雷"}
	for number, name := range names {
		w.joins(number, name)
	}
	w.synced()
	first := w.accounts()
	var logins []string
	for _, account := range first {
		login, mail, _ := strings.Cut(account, " ")
		logins = append(logins, login)
		w.expectEqual("the address of "+login, mail, login+"@example.com")
	}
	slices.Sort(logins)
	w.expectEqual("logins", logins, []string{"hanmeimei", "lilei", "lilei2", "lilei3", "lilei4"})
	w.synced()
	w.expectEqual("the second run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 5})

	gone := numberOf(first, "lilei2 lilei2@example.com")
	w.leave(fmt.Sprintf("uid=%s,%s", gone, w.source.Org))
	w.synced()
	delete(first, gone)
	if diff := cmp.Diff(first, w.accounts()); diff != "" {
		t.Errorf("somebody was renumbered when another one left (-before +after):\n%s", diff)
	}
	w.joins(77, "李累")
	w.synced()
	first["77"] = "lilei2 lilei2@example.com"
	if diff := cmp.Diff(first, w.accounts()); diff != "" {
		t.Errorf("the newcomer did not get the free number (-want +got):\n%s", diff)
	}

	// One of them gets another name: the account gets the new name, and the number stays free until the next run.
	renamed := numberOf(first, "lilei lilei@example.com")
	w.modify(fmt.Sprintf("uid=%s,%s", renamed, w.source.Org), "replace: cn\ncn: 韩梅梅")
	w.synced()
	first[renamed] = "hanmeimei2 hanmeimei2@example.com"
	if diff := cmp.Diff(first, w.accounts()); diff != "" {
		t.Errorf("after the new name (-want +got):\n%s", diff)
	}
	w.synced()
	w.expectEqual("the last run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 5})
}

func numberOf(accounts map[string]string, account string) string {
	for number, has := range accounts {
		if has == account {
			return number
		}
	}
	return ""
}

func TestANamesakesAccountIsNeverTakenOver(t *testing.T) {
	t.Parallel()
	w := chinese(t)
	server.Apply(t, named("lilei", "李雷", "lilei@example.com", w.target.Org))
	before := w.snapshot(w.target)
	w.joins(1, "李雷")
	w.synced()
	w.expectEqual("the new account", w.accounts()["1"], "lilei2 lilei2@example.com")
	for id, e := range before {
		if diff := cmp.Diff(e, w.snapshot(w.target)[id], cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("%s was changed:\n%s", e.dn, diff)
		}
	}
	if record := w.recordOf("李雷"); !strings.Contains(record.Message, `uid "lilei" already, so this user gets "lilei2"`) {
		t.Errorf("the record does not say why there is a number: %q", record.Message)
	}
}

func TestAnAccountThatIsTakenOverByAnotherRuleKeepsItsNumber(t *testing.T) {
	t.Parallel()
	w := chinese(t)
	server.Apply(t, named("lilei7", "李雷", "old@example.com", w.target.Org)+named("ll", "李雷", "older@example.com", w.target.Org))
	w.joins(1, "李雷")
	w.joins(2, "李蕾")
	w.modify("uid=1,"+w.source.Org, "add: mail\nmail: old@example.com")
	w.modify("uid=2,"+w.source.Org, "add: mail\nmail: older@example.com")
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "mail", Source: "mail"}}
	w.synced()
	accounts := w.accounts()
	w.expectEqual("the login with a number", strings.Fields(accounts["1"])[0], "lilei7")
	w.expectEqual("the other one", strings.Fields(accounts["2"])[0], "lilei")
	mails := []string{strings.Fields(accounts["1"])[1], strings.Fields(accounts["2"])[1]}
	slices.Sort(mails)
	w.expectEqual("their addresses", mails, []string{"lilei2@example.com", "lilei@example.com"})
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 2})
}
