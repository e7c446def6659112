package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// numbering is a world whose logins get numbers. People who have no link are found by their position, if they have one.
func numbering() *world {
	w := newWorld()
	w.edit = func(spec *mapping.Spec, _ *directory.Schema) {
		spec.Users[0].Numbered = true
		spec.MatchUsers = []mapping.Rule{{Pairs: []mapping.Pair{{Target: "position", Source: "title"}}}}
	}
	return w
}

// has makes a user in the target that nobody is linked to.
func (w *world) has(id, login, position string) *directory.Entry {
	e := &directory.Entry{Kind: directory.User, ID: id, Name: login, Attributes: directory.Attributes{{Name: "login", Values: []string{login}}}}
	setAttribute(e, "position", []string{position})
	w.target[id] = e
	return e
}

// logins are those of the target's users whose source IDs are given.
func (w *world) logins(ids ...string) []string {
	var out []string
	for _, id := range ids {
		if e := w.target[w.targetID(directory.User, id)]; e != nil {
			out = append(out, e.Attributes.Get("login")...)
		}
	}
	return out
}

func TestDoublesGetTheLowestFreeNumberInTheOrderOfTheirIDs(t *testing.T) {
	w := numbering()
	w.has("stranger", "lilei3", "x")
	for _, id := range []string{"u4", "u2", "u5", "u1", "u3"} {
		w.user(id, "lilei", "")
	}
	w.sync(t)
	want := []string{"lilei", "lilei2", "lilei4", "lilei5", "lilei6"}
	if diff := cmp.Diff(want, w.logins("u1", "u2", "u3", "u4", "u5")); diff != "" {
		t.Error(diff)
	}
	w.settled(t)

	delete(w.source, "u2")
	w.sync(t)
	w.settled(t)
	if diff := cmp.Diff([]string{"lilei", "lilei4", "lilei5", "lilei6"}, w.logins("u1", "u3", "u4", "u5")); diff != "" {
		t.Errorf("somebody was renumbered when another one left: %s", diff)
	}

	w.user("u0", "LiLei", "")
	w.user("u9", "lilei", "")
	w.sync(t)
	if diff := cmp.Diff([]string{"LiLei2", "lilei7"}, w.logins("u0", "u9")); diff != "" {
		t.Errorf("newcomers: %s", diff)
	}
	w.settled(t)
}

func TestDoublesOfPeopleWhoAreThere(t *testing.T) {
	cases := map[string]struct {
		prepare func(w *world)
		edit    func(w *world)
		want    string
	}{
		"a new name gets what is free": {nil, func(w *world) { setAttribute(w.source["u1"], "uid", []string{"hanmei"}) },
			"ChangeUserIdentifier u1 login:[lilei]>[hanmei]\n"},
		"a new name that somebody has gets a number": {nil, func(w *world) { setAttribute(w.source["u2"], "uid", []string{"wang"}) },
			"ChangeUserIdentifier u2 login:[lilei2]>[wang2]\n"},
		"what is given up in the same run counts as taken": {nil, func(w *world) {
			setAttribute(w.source["u1"], "uid", []string{"hanmei"})
			w.user("u4", "lilei", "")
		}, "ChangeUserIdentifier u1 login:[lilei]>[hanmei]\nCreateUser u4 login:[]>[lilei3]\n"},
		"two who swap their names need no temporary one": {nil, func(w *world) {
			setAttribute(w.source["u1"], "uid", []string{"wang"})
			setAttribute(w.source["u3"], "uid", []string{"lilei"})
		}, "ChangeUserIdentifier u1 login:[lilei]>[wang2]\nChangeUserIdentifier u3 login:[wang]>[lilei3]\n"},
		"the case of the name changes, the number stays": {nil, func(w *world) { setAttribute(w.source["u2"], "uid", []string{"LiLei"}) },
			"ChangeUserIdentifier u2 login:[lilei2]>[LiLei2]\n"},
		"a name that ends with a number is somebody's base": {nil, func(w *world) {
			setAttribute(w.source["u2"], "uid", []string{"lilei2"})
			w.user("u4", "lilei", "")
			w.user("u5", "lilei2", "")
		}, "CreateUser u4 login:[]>[lilei3]\nCreateUser u5 login:[]>[lilei22]\n"},
		"whoever is adopted keeps a base with a number": {func(w *world) { w.has("s", "lilei77", "Clerk") }, func(w *world) { w.user("u4", "lilei", "Clerk") },
			"UpdateUser u4 (link):[]>[u4]\n"},
		"whoever is adopted gets a name of the row otherwise": {func(w *world) { w.has("s", "somebody", "Clerk") }, func(w *world) { w.user("u4", "lilei", "Clerk") },
			"UpdateUser u4 (link):[]>[u4]\nChangeUserIdentifier u4 login:[somebody]>[lilei3]\n"},
		"a disabled account keeps its name": {func(w *world) { w.users = plan.Disable }, func(w *world) {
			delete(w.source, "u1")
			w.user("u4", "lilei", "")
		}, "CreateUser u4 login:[]>[lilei3]\nDeleteUser u1 (active):[true]>[false]\n"},
		"a protected account keeps its name": {func(w *world) { w.has("s", "root", ""); w.protected = map[string]bool{"s": true} }, func(w *world) { w.user("u4", "root", "") },
			"CreateUser u4 login:[]>[root2]\n"},
		"a newcomer is not taken for a namesake": {func(w *world) { w.has("s", "han", "x") }, func(w *world) { w.user("u4", "han", "y") },
			"CreateUser u4 login:[]>[han2] position:[]>[y]\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := numbering()
			w.user("u1", "lilei", "")
			w.user("u2", "lilei", "")
			w.user("u3", "wang", "")
			w.sync(t)
			if c.prepare != nil {
				c.prepare(w)
			}
			w.settled(t)
			c.edit(w)
			if diff := cmp.Diff(c.want, describe(w.sync(t))); diff != "" {
				t.Error(diff)
			}
			if w.protected == nil && w.users != plan.Disable {
				w.settled(t)
			}
		})
	}
}

// lengths makes the field of the logins short, and OnCreate if that is wanted.
func lengths(w *world, length int, onCreate bool) {
	before := w.edit
	w.edit = func(spec *mapping.Spec, target *directory.Schema) {
		before(spec, target)
		spec.Users[0].OnCreate = onCreate
		target.Users[1].MaxLength = length
	}
}

func TestANumberGoesBeforeAnAtAndIntoTheLength(t *testing.T) {
	cases := map[string]struct {
		length int
		base   string
		want   []string
	}{
		"before an @":           {0, "li.lei@example.com", []string{"li.lei@example.com", "li.lei2@example.com", "li.lei3@example.com"}},
		"the base is shortened": {5, "lilei", []string{"lilei", "lile2", "lile3"}},
		"letters, not bytes":    {3, "李雷雷", []string{"李雷雷", "李雷2", "李雷3"}},
		"before an @, too":      {7, "lilei@x", []string{"lilei@x", "lile2@x", "lile3@x"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := numbering()
			lengths(w, c.length, false)
			for _, id := range []string{"u1", "u2", "u3"} {
				w.user(id, c.base, "")
			}
			w.sync(t)
			if diff := cmp.Diff(c.want, w.logins("u1", "u2", "u3")); diff != "" {
				t.Error(diff)
			}
			w.settled(t)
		})
	}
}

func TestNoNumberFits(t *testing.T) {
	w := numbering()
	lengths(w, 1, false)
	w.user("u1", "l", "")
	w.user("u2", "l", "")
	operations, _, _ := w.plan(t)
	if got, want := describe(operations), "CreateUser u2 Failed/NoFreeValue\nCreateUser u1 login:[]>[l]\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if message := operations[0].Decision.Message; !strings.Contains(message, `login "l"`) {
		t.Errorf("the message does not name the field and the value: %s", message)
	}
}

func TestANumberThatIsGivenOnceIsNeverComparedAgain(t *testing.T) {
	w := numbering()
	lengths(w, 0, true)
	w.user("u1", "lilei", "")
	w.user("u2", "lilei", "")
	w.sync(t)
	if diff := cmp.Diff([]string{"lilei", "lilei2"}, w.logins("u1", "u2")); diff != "" {
		t.Error(diff)
	}
	setAttribute(w.source["u2"], "uid", []string{"hanmei"})
	w.settled(t)
}

func TestATargetThatStoresANumberedValueInItsOwnWay(t *testing.T) {
	w := numbering()
	before := w.edit
	w.edit = func(spec *mapping.Spec, target *directory.Schema) {
		before(spec, target)
		target.Users[1].Equality = directory.Exact
	}
	w.user("u1", "Lei", "")
	w.user("u2", "Lei", "")
	w.sync(t)
	for _, id := range []string{"u1", "u2"} {
		entry := w.target[w.targetID(directory.User, id)]
		wrote := entry.Attributes.Get("login")
		reads := []string{strings.ToUpper(wrote[0])}
		setAttribute(entry, "login", reads)
		link, _ := w.links.BySource(directory.User, id)
		link.Learned = []state.Learned{{Field: "login", Wrote: state.Digest(w.salt, "login", wrote), Reads: state.Digest(w.salt, "login", reads)}}
		mustPut(w.links, link)
	}
	w.settled(t)
}

func TestNumbersDoNotDependOnTheOrderOfTheInput(t *testing.T) {
	var plans []string
	for range 10 {
		w := numbering()
		for _, i := range rand.Perm(40) {
			w.user(fmt.Sprintf("u%02d", i), fmt.Sprintf("name%d", i%3), "")
		}
		for i := range 20 {
			w.has(fmt.Sprintf("t%02d", i), fmt.Sprintf("name%d", i), "x")
		}
		operations, _, _ := w.plan(t) // maps of entries come in a new order each time
		plans = append(plans, describe(operations))
	}
	slices.Sort(plans)
	if different := slices.Compact(plans); len(different) != 1 {
		t.Errorf("the same input gave %d plans:\n%s", len(different), strings.Join(different, "\n"))
	}
}
