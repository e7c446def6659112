package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/plan"
)

// company is a world with three departments and three people, already in step.
func company(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")
	w.department("d3", "East", "d2")
	w.user("u1", "li", "Boss", "d1")
	w.user("u2", "ann", "Clerk", "d3", "d1")
	w.user("u3", "bob", "", "d2")
	w.manager("u2", "u1")
	w.source["d2"].Leaders = []string{"u3"}
	w.sync(t)
	w.settled(t)
	return w
}

func TestFirstRunCreatesEverythingInOrder(t *testing.T) {
	w := newWorld()
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")
	w.user("u1", "li", "Boss", "d1")
	w.user("u2", "ann", "Clerk", "d2", "d1")
	w.manager("u1", "u2")
	operations := w.sync(t)
	want := `CreateDepartment d1 label:[]>[Company]
CreateDepartment d2 (parent):[]>[d1] label:[]>[Sales]
CreateUser u1 (departments):[]>[d1] login:[]>[li] position:[]>[Boss]
CreateUser u2 (departments):[]>[d2 d1] login:[]>[ann] position:[]>[Clerk]
UpdateUser u1 manager:[]>[u2]
`
	if diff := cmp.Diff(want, describe(operations)); diff != "" {
		t.Error(diff)
	}
	w.settled(t)
}

func TestEdits(t *testing.T) {
	cases := map[string]struct {
		edit func(w *world)
		want string
	}{
		"nothing": {func(*world) {}, ""},
		"a title changes": {func(w *world) { setAttribute(w.source["u2"], "title", []string{"Chief"}) },
			"UpdateUser u2 position:[Clerk]>[Chief]\n"},
		"a title is cleared": {func(w *world) { setAttribute(w.source["u2"], "title", nil) },
			"UpdateUser u2 position:[Clerk]>[]\n"},
		"only the case of a login changes": {func(w *world) { setAttribute(w.source["u1"], "uid", []string{"Li"}) },
			"ChangeUserIdentifier u1 login:[li]>[Li]\n"},
		"a person moves": {func(w *world) { w.source["u3"].Departments = []string{"d1"} },
			"ChangeUserDepartments u3 (departments):[d2]>[d1]\n"},
		"only the main department changes": {func(w *world) { w.source["u2"].Departments = []string{"d1", "d3"} },
			"ChangeUserDepartments u2 (departments):[d3 d1]>[d1 d3]\n"},
		"a department moves below its sibling": {func(w *world) { w.department("d4", "West", "d1"); w.source["d2"].Parent = "d4" },
			"CreateDepartment d4 (parent):[]>[d1] label:[]>[West]\nMoveDepartment d2 (parent):[d1]>[d4]\n"},
		"a department moves below its former child": {func(w *world) { w.source["d3"].Parent = "d1"; w.source["d2"].Parent = "d3" },
			"MoveDepartment d3 (parent):[d2]>[d1]\nMoveDepartment d2 (parent):[d1]>[d3]\n"},
		"a department is renamed": {func(w *world) { setAttribute(w.source["d3"], "ou", []string{"Orient"}) },
			"UpdateDepartment d3 label:[East]>[Orient]\n"},
		"the leader changes": {func(w *world) { w.source["d2"].Leaders = []string{"u1", "u3"} },
			"SyncDepartmentLeaders d2 (leaders):[u3]>[u1 u3]\n"},
		"the manager goes": {func(w *world) { setAttribute(w.source["u2"], "manager", nil) },
			"UpdateUser u2 manager:[u1]>[]\n"},
		"a manager whom nobody knows is no difference": {func(w *world) { setAttribute(w.source["u3"], "manager", []string{"nobody"}) }, ""},
		"a person leaves": {func(w *world) { delete(w.source, "u3") },
			"SyncDepartmentLeaders d2 (leaders):[u3]>[]\nDeleteUser u3 (link):[u3]>[]\n"},
		"a department goes with its people": {func(w *world) {
			delete(w.source, "d3")
			w.source["u2"].Departments = []string{"d1"}
		}, "ChangeUserDepartments u2 (departments):[d3 d1]>[d1]\nDeleteDepartment d3 (link):[d3]>[]\n"},
		"two people swap their logins": {func(w *world) {
			setAttribute(w.source["u1"], "uid", []string{"ann"})
			setAttribute(w.source["u2"], "uid", []string{"li"})
		}, "ChangeUserIdentifier u1 login:[li]>[swap-bb82030dbc2b]\nChangeUserIdentifier u2 login:[ann]>[li]\nChangeUserIdentifier u1 login:[swap-bb82030dbc2b]>[ann]\n"},
		"three people pass their logins on in a circle": {func(w *world) {
			setAttribute(w.source["u1"], "uid", []string{"ann"})
			setAttribute(w.source["u2"], "uid", []string{"bob"})
			setAttribute(w.source["u3"], "uid", []string{"li"})
		}, "ChangeUserIdentifier u1 login:[li]>[swap-bb82030dbc2b]\nChangeUserIdentifier u3 login:[bob]>[li]\nChangeUserIdentifier u2 login:[ann]>[bob]\nChangeUserIdentifier u1 login:[swap-bb82030dbc2b]>[ann]\n"},
		"a chain of logins": {func(w *world) {
			setAttribute(w.source["u1"], "uid", []string{"ann"})
			setAttribute(w.source["u2"], "uid", []string{"bob"})
			setAttribute(w.source["u3"], "uid", []string{"new"})
		}, "ChangeUserIdentifier u3 login:[bob]>[new]\nChangeUserIdentifier u2 login:[ann]>[bob]\nChangeUserIdentifier u1 login:[li]>[ann]\n"},
		"two departments swap their names": {func(w *world) {
			w.source["d3"].Parent = "d1"
			setAttribute(w.source["d2"], "ou", []string{"East"})
			setAttribute(w.source["d3"], "ou", []string{"Sales"})
		}, "UpdateDepartment d3 label:[East]>[swap-f451a61749c6]\nMoveDepartment d3 (parent):[d2]>[d1]\nUpdateDepartment d2 label:[Sales]>[East]\nUpdateDepartment d3 label:[swap-f451a61749c6]>[Sales]\n"},
		"a new department takes the name and place of one that goes": {func(w *world) {
			w.source["u2"].Departments = []string{"d1"}
			delete(w.source, "d3")
			w.department("d9", "East", "d2")
		}, "UpdateDepartment d3 label:[East]>[swap-f451a61749c6]\nCreateDepartment d9 (parent):[]>[d2] label:[]>[East]\nChangeUserDepartments u2 (departments):[d3 d1]>[d1]\nDeleteDepartment d3 (link):[d3]>[]\n"},
		"a leaver's login goes to a joiner": {func(w *world) {
			w.relink = plan.Never
			delete(w.source, "u3")
			w.source["d2"].Leaders = nil
			w.user("u9", "bob", "New", "d2")
		}, "DeleteUser u3 (link):[u3]>[]\nCreateUser u9 (departments):[]>[d2] login:[]>[bob] position:[]>[New]\nSyncDepartmentLeaders d2 (leaders):[u3]>[]\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := company(t)
			c.edit(w)
			operations, _, changes := w.plan(t)
			if diff := cmp.Diff(c.want, describe(operations)); diff != "" {
				t.Error(diff)
			}
			for index, err := range w.execute(operations, changes) {
				t.Fatalf("operation %d was refused: %v", index, err)
			}
			w.settled(t)
		})
	}
}

func TestRemovalPolicies(t *testing.T) {
	w := company(t)
	w.users, w.departments = plan.Disable, plan.Keep
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	delete(w.source, "d3")
	w.source["u2"].Departments = []string{"d1"}
	operations := w.sync(t)
	want := `DeleteDepartment d3 Skipped/Kept
ChangeUserDepartments u2 (departments):[d3 d1]>[d1]
SyncDepartmentLeaders d2 (leaders):[u3]>[]
DeleteUser u3 (active):[true]>[false]
`
	if diff := cmp.Diff(want, describe(operations)); diff != "" {
		t.Error(diff)
	}
	w.settled(t)

	// A joiner cannot have the login of somebody whose account is only turned off.
	w.user("u9", "bob", "New", "d2")
	w.adopt, w.relink = plan.Allow, plan.Hold
	if got := describe(w.sync(t)); got != "CreateUser u9 Held/RelinkNeedsDecision\n" {
		t.Errorf("a joiner with the login of a disabled leaver:\n%s", got)
	}
	delete(w.source, "u9")

	// Whoever comes back is restored.
	w.user("u3", "bob", "", "d2")
	if got := describe(w.sync(t)); got != "UpdateUser u3 (active):[false]>[true]\n" {
		t.Errorf("a leaver who comes back:\n%s", got)
	}
	w.settled(t)
}

func TestDisabledNowAndDeletedLater(t *testing.T) {
	w := company(t)
	w.users = plan.Disable
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	w.sync(t)
	link, _ := w.links.BySource(directory.User, "u3")
	since := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	link.Since = &since
	mustPut(w.links, link)
	w.disabledBefore = since
	w.settled(t)
	w.disabledBefore = since.Add(time.Second)
	if diff := cmp.Diff("DeleteUser u3 (link):[u3]>[]\n", describe(w.sync(t))); diff != "" {
		t.Error(diff)
	}
	w.settled(t)
}

func TestHeldRemovals(t *testing.T) {
	w := company(t)
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	operations := w.sync(t)
	want := "SyncDepartmentLeaders d2 Held/DependsOnHeld (leaders):[u3]>[]\nDeleteUser u3 Held/TooMany (link):[u3]>[]\n"
	if diff := cmp.Diff(want, describe(operations)); diff != "" {
		t.Error(diff)
	}
	// What is held makes no further record, also when nothing is held any more.
	w.hold = nil
	w.settled(t)
	if _, digest := w.links.Pending(); digest == "" {
		t.Error("nothing is pending")
	}
	// A person who overrides the limits asks about them again.
	w.reconsider = true
	if got, want := describe(w.sync(t)), "SyncDepartmentLeaders d2 (leaders):[u3]>[]\nDeleteUser u3 (link):[u3]>[]\n"; got != want {
		t.Errorf("with the limits overridden:\n%s", got)
	}
	w.settled(t)
}

func TestUnknownEntriesAreLeftAlone(t *testing.T) {
	w := company(t)
	w.unknown["u2"] = errors.New("mappings.users[1]: no such key")
	w.unknown["d3"] = errors.New("unreadable")
	got := describe(w.sync(t))
	want := "UpdateDepartment d3 Failed/EntryUnknown\nUpdateUser u2 Failed/EntryUnknown\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequiredFieldThatCannotBeRead(t *testing.T) {
	w := newWorld()
	w.user("u1", "li", "Boss").Attributes = directory.Attributes{{Name: "title", Values: []string{"Boss"}}}
	w.source["u1"].Unreadable = []string{"uid"}
	if diff := cmp.Diff("CreateUser u1 Failed/RequiredFieldUnreadable\n", describe(w.sync(t))); diff != "" {
		t.Error(diff)
	}
}

func TestMatching(t *testing.T) {
	existing := func(w *world, id, login string, mark *directory.Mark) {
		w.target[id] = &directory.Entry{Kind: directory.User, ID: id, Name: login, Mark: mark,
			Attributes: directory.Attributes{{Name: "login", Values: []string{login}}}}
	}
	cases := map[string]struct {
		setUp func(w *world)
		want  string
	}{
		"an unlinked entry is adopted": {func(w *world) { existing(w, "x1", "LI", nil) },
			"UpdateUser u1 (link):[]>[u1]\nChangeUserIdentifier u1 login:[LI]>[li]\n"},
		"unless the task says no": {func(w *world) { existing(w, "x1", "li", nil); w.adopt = plan.Never },
			"CreateUser u1 Failed/AdoptionNeedsDecision\n"},
		"or wants to look": {func(w *world) { existing(w, "x1", "li", nil); w.adopt = plan.Hold },
			"CreateUser u1 Held/AdoptionNeedsDecision\n"},
		"two hits fail": {func(w *world) { existing(w, "x1", "li", nil); existing(w, "x2", "LI", nil) },
			"CreateUser u1 Failed/AmbiguousMatch\n"},
		"our own mark is enough": {func(w *world) {
			existing(w, "x1", "other", &directory.Mark{Owner: "me", SourceID: "u1"})
			w.adopt = plan.Never
		}, "UpdateUser u1 (link):[]>[u1]\nChangeUserIdentifier u1 login:[other]>[li]\n"},
		"another's mark is respected": {func(w *world) { existing(w, "x1", "li", &directory.Mark{Owner: "they", SourceID: "u7"}) },
			"CreateUser u1 Failed/OwnedByAnother\n"},
		"two sources for one entry": {func(w *world) { existing(w, "x1", "li", nil); w.user("u2", "Li", "") },
			"CreateUser u1 Failed/Collision\nCreateUser u2 Failed/Collision\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.user("u1", "li", "")
			c.setUp(w)
			if diff := cmp.Diff(c.want, describe(w.sync(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProtectedEntriesAreLeftAlone(t *testing.T) {
	w := company(t)
	w.target["x9"] = &directory.Entry{Kind: directory.User, ID: "x9", Name: "root", Attributes: directory.Attributes{{Name: "login", Values: []string{"root"}}}}
	w.protected = map[string]bool{"x9": true, w.targetID(directory.User, "u3"): true, w.targetID(directory.User, "u2"): true, w.targetID(directory.Department, "d3"): true}
	w.user("u9", "root", "", "d1")
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	setAttribute(w.source["u2"], "title", []string{"Chief"})
	setAttribute(w.source["d3"], "ou", []string{"Orient"})
	want := `UpdateDepartment d3 Skipped/Protected label:[East]>[Orient]
UpdateUser u2 Skipped/Protected position:[Clerk]>[Chief]
DeleteUser u3 Skipped/Protected (link):[u3]>[]
CreateUser u9 Skipped/Protected
SyncDepartmentLeaders d2 (leaders):[u3]>[]
`
	if diff := cmp.Diff(want, describe(w.sync(t))); diff != "" {
		t.Error(diff)
	}
}

func TestRelinkWaitsForAPerson(t *testing.T) {
	w := company(t)
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	w.user("u33", "bob", "", "d2")
	got := describe(w.sync(t))
	want := "DeleteUser u3 Held/RelinkNeedsDecision (link):[u3]>[]\nCreateUser u33 Held/RelinkNeedsDecision\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, w.reconsider = range []bool{false, true} { // the removal is held once more when a person asks about it
		want := "CreateUser u33 Held/RelinkNeedsDecision\n"
		if w.reconsider {
			want = "DeleteUser u3 Held/RelinkNeedsDecision (link):[u3]>[]\n" + want
		}
		if diff := cmp.Diff(want, describe(w.sync(t))); diff != "" {
			t.Error(diff)
		}
	}
	w.reconsider = false
	w.relink = plan.Allow
	if got, want := describe(w.sync(t)), "ChangeUserIdentifier u33 (link):[u3]>[u33]\nSyncDepartmentLeaders d2 (leaders):[u33]>[]\n"; got != want {
		t.Errorf("once it may be relinked:\n%s", got)
	}
	w.settled(t)
}

func TestRelink(t *testing.T) {
	w := company(t)
	w.relink = plan.Allow
	delete(w.source, "u3")
	w.source["d2"].Leaders = []string{"u33"}
	w.user("u33", "bob", "", "d2")
	got := describe(w.sync(t))
	if want := "ChangeUserIdentifier u33 (link):[u3]>[u33]\n"; !strings.HasPrefix(got, want) {
		t.Errorf("a person with a new ID:\n%s", got)
	}
	w.settled(t)
	if _, still := w.links.BySource(directory.User, "u3"); still {
		t.Error("the link of the ID that is gone is still there")
	}
}

func TestDepartmentsAreMatchedByPlaceAndName(t *testing.T) {
	w := newWorld()
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")
	for _, e := range []*directory.Entry{{ID: "x1", Name: "Company"}, {ID: "x2", Name: "sales", Parent: "x1"}, {ID: "x3", Name: "Sales"}} {
		e.Kind, e.Attributes = directory.Department, directory.Attributes{{Name: "label", Values: []string{e.Name}}}
		w.target[e.ID] = e
	}
	want := "UpdateDepartment d1 (link):[]>[d1]\nUpdateDepartment d2 (link):[]>[d2] label:[sales]>[Sales]\n"
	if diff := cmp.Diff(want, describe(w.sync(t))); diff != "" {
		t.Error(diff)
	}
	w.settled(t)
}

func TestNormalisedValuesSettle(t *testing.T) {
	w := newWorld()
	w.upper = true
	w.user("u1", "li", "boss")
	w.sync(t)
	// The create could not learn, since its link did not exist yet; the update does.
	w.sync(t)
	w.settled(t)
}

func TestMembershipOnDepartments(t *testing.T) {
	w := newWorld()
	w.capabilities.Membership, w.capabilities.MainDepartment = directory.OnDepartment, false
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "")
	w.user("u1", "li", "", "d1")
	w.user("u2", "ann", "", "d1", "d2")
	w.sync(t)
	w.settled(t)
	w.source["u2"].Departments = []string{"d2"}
	w.source["u1"].Departments = []string{"d1", "d2"}
	want := "SyncDepartmentMembers d1 (members):[u2]>[]\nSyncDepartmentMembers d2 (members):[]>[u1]\n"
	operations := w.sync(t)
	if diff := cmp.Diff(want, describe(operations)); diff != "" {
		t.Error(diff)
	}
	if unchanged(operations) != 2 {
		t.Errorf("%d NoUpdate; both users were examined and do not change themselves", unchanged(operations))
	}
	w.settled(t)
	w.source["u1"].Departments = nil
	w.hold = &guard.Finding{Reason: "TooMany"}
	want = "SyncDepartmentMembers d1 Held/TooMany (members):[u1]>[]\nSyncDepartmentMembers d2 Held/TooMany (members):[u1]>[]\n"
	if diff := cmp.Diff(want, describe(w.sync(t))); diff != "" {
		t.Errorf("the loss of the last department is a removal: %s", diff)
	}
}

func TestForeignDepartmentsStay(t *testing.T) {
	w := company(t)
	w.target["x1"] = &directory.Entry{Kind: directory.Department, ID: "x1", Name: "Chess club"}
	user := w.target[w.targetID(directory.User, "u3")]
	user.Departments = append(user.Departments, "x1")
	w.settled(t)
}

func TestFacts(t *testing.T) {
	w := company(t)
	delete(w.source, "u3")
	setAttribute(w.source["u1"], "title", nil)
	setAttribute(w.source["u2"], "title", []string{"x"})
	_, facts, _ := w.plan(t)
	want := guard.Facts{
		SourceUsers: 2, SourceDepartments: 3, ActiveUsers: 3, ActiveDepartments: 3, RemovalsUsers: 1, ComparedUsers: 2, ChangedUsers: 2,
		Cleared:          map[string]int64{"position": 1},
		DepartmentLosses: []guard.DepartmentLoss{{ID: "d1", Name: "Company", Members: 3, Loses: 1}, {ID: "d2", Name: "Company/Sales", Members: 2, Loses: 1}},
	}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Error(diff)
	}
}

func TestSameBytesInAnyOrder(t *testing.T) {
	encode := func() []byte {
		w := newWorld()
		for i := range 40 {
			w.department(fmt.Sprintf("d%02d", i), fmt.Sprint("Dept ", i), "")
			w.user(fmt.Sprintf("u%02d", i), fmt.Sprint("login", i), "x", fmt.Sprintf("d%02d", i))
		}
		operations, _, _ := w.plan(t) // maps are walked in another order each time
		encoded, err := json.Marshal(operations)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	first := encode()
	for range 3 {
		if !bytes.Equal(first, encode()) {
			t.Fatal("the same input gave another plan")
		}
	}
}

func TestValidatedRefuses(t *testing.T) {
	good := plan.Operation{Index: 0, Wave: 5, Kind: plan.CreateUser, Subject: directory.User, SourceID: "u"}
	cases := map[string][]plan.Operation{
		"a removal without a link":   {{Kind: plan.DeleteUser, Subject: directory.User, SourceID: "u", Removal: plan.Delete}},
		"the wrong subject":          {{Kind: plan.DeleteUser, Subject: directory.Department, SourceID: "u", TargetID: "t"}},
		"an unknown kind":            {{Kind: "Explode", Subject: directory.User, SourceID: "u"}},
		"waves that go down":         {good, {Index: 1, Wave: 4, Kind: plan.CreateUser, Subject: directory.User, SourceID: "v"}},
		"a gap":                      {good, {Index: 2, Wave: 5, Kind: plan.CreateUser, Subject: directory.User, SourceID: "v"}},
		"a need that comes later":    {{Index: 0, Kind: plan.CreateUser, Subject: directory.User, SourceID: "u", Needs: []int{0}}},
		"a parent in the same wave":  {{Index: 0, Wave: 1, Kind: plan.CreateDepartment, Subject: directory.Department, SourceID: "p"}, {Index: 1, Wave: 1, Kind: plan.CreateDepartment, Subject: directory.Department, SourceID: "c", Parent: "p"}},
		"no source entry":            {{Kind: plan.CreateUser, Subject: directory.User}},
		"something to do for nobody": {{Kind: plan.NoUpdate, Subject: directory.User, SourceID: "u"}},
	}
	for name, operations := range cases {
		t.Run(name, func(t *testing.T) {
			var last error
			for _, err := range plan.Validated(func(yield func(plan.Operation, error) bool) {
				for _, o := range operations {
					if !yield(o, nil) {
						return
					}
				}
			}) {
				last = err
			}
			if last == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestLinksOfEntriesGoneOnBothSides(t *testing.T) {
	w := company(t)
	delete(w.target, w.targetID(directory.User, "u3"))
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	operations := w.sync(t)
	at := slices.IndexFunc(operations, func(o plan.Operation) bool { return o.SourceID == "u3" })
	if at < 0 || operations[at].Kind != plan.NoUpdate || operations[at].Note == "" {
		t.Errorf("no NoUpdate with a note for the user who is gone on both sides")
	}
	if _, linked := w.links.BySource(directory.User, "u3"); linked {
		t.Error("the link is still there")
	}
}
