package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
)

// TestNamesOfSomebodyWhoseRemovalIsHeld has u3 lead d2 with u1 and manage u1 and u2. u3 is gone, and the removal is held: in the run that holds it,
// in the next one, and until somebody decides.
func TestNamesOfSomebodyWhoseRemovalIsHeld(t *testing.T) {
	several := func(_ *mapping.Spec, target *directory.Schema) { target.Users[0].Multiple = true }
	cases := map[string]struct {
		edit func(*mapping.Spec, *directory.Schema)
		// further happens in the source when u3 leaves.
		further func(w *world)
		// holds is the run that holds the removal, waits the one after it, decided the one with an override.
		holds, waits, decided string
		// notes are how many entries have a note in the run that waits.
		notes int
	}{
		"nobody takes a place": {
			further: func(*world) {},
			holds: `SyncDepartmentLeaders d2 Held/DependsOnHeld (leaders):[u3]>[]
UpdateUser u1 Held/DependsOnHeld manager:[u3]>[]
UpdateUser u2 Held/DependsOnHeld manager:[u3]>[]
DeleteUser u3 Held/TooMany (link):[u3]>[]
`,
			notes: 3,
			decided: `SyncDepartmentLeaders d2 (leaders):[u1 u3]>[u1]
UpdateUser u1 manager:[u3]>[]
UpdateUser u2 manager:[u3]>[]
DeleteUser u3 (link):[u3]>[]
`,
		},
		"somebody else is named beside": {
			edit: several,
			further: func(w *world) {
				w.source["d2"].Leaders = []string{"u1", "u2"}
				w.manager("u1", "u2")
			},
			holds: `SyncDepartmentLeaders d2 Held/DependsOnHeld (leaders):[u3]>[]
UpdateUser u1 Held/DependsOnHeld manager:[u3]>[]
UpdateUser u2 Held/DependsOnHeld manager:[u3]>[]
DeleteUser u3 Held/TooMany (link):[u3]>[]
SyncDepartmentLeaders d2 (leaders):[u1 u3]>[u1 u2 u3]
UpdateUser u1 manager:[u3]>[u2 u3]
`,
			notes: 3,
			decided: `SyncDepartmentLeaders d2 (leaders):[u1 u2 u3]>[u1 u2]
UpdateUser u1 manager:[u2 u3]>[u2]
UpdateUser u2 manager:[u3]>[]
DeleteUser u3 (link):[u3]>[]
`,
		},
		"a field of one name names somebody else": {
			further: func(w *world) { w.manager("u1", "u2"); w.manager("u2", "u1") },
			holds: `SyncDepartmentLeaders d2 Held/DependsOnHeld (leaders):[u3]>[]
DeleteUser u3 Held/TooMany (link):[u3]>[]
UpdateUser u1 manager:[u3]>[u2]
UpdateUser u2 manager:[u3]>[u1]
`,
			notes:   1,
			decided: "SyncDepartmentLeaders d2 (leaders):[u1 u3]>[u1]\nDeleteUser u3 (link):[u3]>[]\n",
		},
		"a field of one name names a joiner who waits for the same removal": {
			further: func(w *world) {
				w.relink = plan.Never
				w.user("u4", "bob", "", "d2")
				w.manager("u1", "u4")
			},
			holds: `DeleteUser u3 Held/TooMany (link):[u3]>[]
CreateUser u4 Held/DependsOnHeld (departments):[]>[d2] login:[]>[bob]
SyncDepartmentLeaders d2 Held/DependsOnHeld (leaders):[u3]>[]
UpdateUser u1 Held/DependsOnHeld manager:[u3]>[u4]
UpdateUser u2 Held/DependsOnHeld manager:[u3]>[]
`,
			waits: `CreateUser u4 Held/DependsOnHeld (departments):[]>[d2] login:[]>[bob]
UpdateUser u1 Held/DependsOnHeld manager:[u3]>[u4]
`,
			notes: 2,
			decided: `DeleteUser u3 (link):[u3]>[]
CreateUser u4 (departments):[]>[d2] login:[]>[bob]
SyncDepartmentLeaders d2 (leaders):[u1 u3]>[u1]
UpdateUser u1 manager:[u3]>[u4]
UpdateUser u2 manager:[u3]>[]
`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := company(t)
			w.edit = c.edit
			for _, id := range []string{"u1", "u2"} {
				setAttribute(w.source[id], "manager", []string{"u3"})
			}
			w.source["d2"].Leaders = []string{"u1", "u3"}
			w.sync(t)
			delete(w.source, "u3")
			for _, id := range []string{"u1", "u2"} {
				setAttribute(w.source[id], "manager", nil)
			}
			w.source["d2"].Leaders = []string{"u1"}
			c.further(w)

			w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
			w.expectPlan(t, c.holds)
			w.hold = nil

			operations, _, _ := w.plan(t)
			if diff := cmp.Diff(c.waits, describe(operations)); diff != "" {
				t.Errorf("the run after it (-want +got):\n%s", diff)
			}
			notes := 0
			for _, o := range operations {
				if strings.Contains(o.Note, `still names "bob", whose removal is held`) {
					notes++
				}
			}
			if notes != c.notes {
				t.Errorf("%d records say who is still named, want %d", notes, c.notes)
			}

			w.reconsider = true
			w.expectPlan(t, c.decided)
			w.settled(t)
		})
	}
}

// TestNamesOfSomebodyWhoIsBack are as the source says, whether that is as before or not.
func TestNamesOfSomebodyWhoIsBack(t *testing.T) {
	for _, named := range []bool{true, false} {
		w := company(t)
		bob := w.source["u3"]
		delete(w.source, "u3")
		w.source["d2"].Leaders = nil
		w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
		w.sync(t)
		w.hold = nil
		w.source["u3"] = bob
		want := "SyncDepartmentLeaders d2 (leaders):[u3]>[]\n"
		if named {
			w.source["d2"].Leaders = []string{"u3"}
			want = ""
		}

		w.expectPlan(t, want)

		w.settled(t)
	}
}

// TestARunAboutSomebodyWhoNamesAHeldLeaver leaves the name: the run is not about the leaver.
func TestARunAboutSomebodyWhoNamesAHeldLeaver(t *testing.T) {
	w := company(t)
	delete(w.source, "u1")
	setAttribute(w.source["u2"], "manager", nil)
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	w.sync(t)
	w.hold = nil
	w.only = &plan.Only{Users: map[string]bool{"u2": true}}

	w.expectPlan(t, "")

	if got := w.target[w.targetID(directory.User, "u2")].Attributes.Get("manager"); !slices.Equal(got, []string{w.targetID(directory.User, "u1")}) {
		t.Errorf("the manager is %q", got)
	}
}
