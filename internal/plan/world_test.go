package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// world is a source and a target in memory. The target has the rules of a real one: logins are unique, parents must exist, a name is
// unique below its parent, a department that is not empty stays.
type world struct {
	capabilities directory.Capabilities
	source       map[string]*directory.Entry
	target       map[string]*directory.Entry
	links        *state.Links
	salt         []byte
	// upper: the target stores the title in capitals.
	upper bool
	// repeats: the target gives every user twice.
	repeats bool
	nextID  int

	users, departments plan.Removal
	adopt, relink      plan.Policy
	hold               *guard.Finding
	unknown            map[string]error
	protected          map[string]bool
	disabledBefore     time.Time
	reconsider         bool
	// only limits the plans to some entries.
	only *plan.Only
	// edit changes the task's mapping and the target's fields, when it is set.
	edit func(*mapping.Spec, *directory.Schema)
	// refused are operations that fail before they are tried; see Operation.Needs.
	refused map[int]error
}

var nested = directory.Capabilities{
	Membership: directory.OnUser, MainDepartment: true, Nested: true, Leaders: true, Disable: true,
	UserMark: true, DepartmentMark: true, UserIdentifier: "login", DepartmentName: "label",
}

func newWorld() *world {
	return &world{
		capabilities: nested, source: map[string]*directory.Entry{}, target: map[string]*directory.Entry{}, links: state.NewLinks(),
		salt: []byte("salt"), users: plan.Delete, departments: plan.Delete, adopt: plan.Allow, relink: plan.Hold, unknown: map[string]error{},
	}
}

func (w *world) department(id, name, parent string) *directory.Entry {
	e := &directory.Entry{Kind: directory.Department, ID: id, Name: name, Parent: parent, Attributes: directory.Attributes{{Name: "ou", Values: []string{name}}}}
	w.source[id] = e
	return e
}

func (w *world) user(id, login, title string, departments ...string) *directory.Entry {
	e := &directory.Entry{Kind: directory.User, ID: id, Name: login, Departments: departments}
	e.Attributes = directory.Attributes{{Name: "title", Values: []string{title}}, {Name: "uid", Values: []string{login}}}
	if title == "" {
		e.Attributes = e.Attributes[1:]
	}
	w.source[id] = e
	return e
}

func (w *world) manager(id, manager string) {
	e := w.source[id]
	e.Attributes = append(directory.Attributes{{Name: "manager", Values: []string{manager}}}, e.Attributes...)
}

func schema(login, title, label string) directory.Schema {
	return directory.Schema{
		Users: []directory.Field{
			{Name: "manager", Type: directory.Reference, Equality: directory.Exact, Refers: directory.User},
			{Name: login, Type: directory.String, Equality: directory.IgnoreCase, Unique: true},
			{Name: title, Type: directory.String, Equality: directory.Exact},
		},
		Departments: []directory.Field{{Name: label, Type: directory.String, Equality: directory.IgnoreCase}},
	}
}

func (w *world) mapper(t tester) *mapping.Mapper {
	t.Helper()
	spec := mapping.Spec{
		Users:       []mapping.Row{{To: "login", From: "uid"}, {To: "position", From: "title"}, {To: "manager", From: "manager"}},
		Departments: []mapping.Row{{To: "label", From: "ou"}},
		MatchUsers:  []mapping.Rule{{Pairs: []mapping.Pair{{Target: "login", Source: "uid"}}}},
	}
	target := schema("login", "position", "label")
	if w.edit != nil {
		w.edit(&spec, &target)
	}
	m, err := mapping.Compile(spec, schema("uid", "title", "ou"), target, w.capabilities)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run plans one run. The operations come as they would be stored.
func (w *world) plan(t tester) ([]plan.Operation, guard.Facts, []plan.LinkChange) {
	t.Helper()
	mapper := w.mapper(t)
	planner := plan.New(plan.Options{
		Owner: "me", Mapper: mapper, Capabilities: w.capabilities, Links: w.links, Salt: w.salt,
		UserRemoval: w.users, DepartmentRemoval: w.departments, Adopt: w.adopt, Relink: w.relink,
		DisabledBefore: w.disabledBefore, Reconsider: w.reconsider, Only: w.only,
	})
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, entry := range w.source {
		if w.leftOut(entry.Kind, id) {
			continue
		}
		if err := w.unknown[id]; err != nil {
			check(planner.AddUnknown(entry.Kind, id, entry.Name, err))
			continue
		}
		form, err := mapper.Map(*entry)
		check(err)
		check(planner.AddSource(&form))
	}
	for link := range w.links.Sorted(directory.User) {
		if w.leftOut(directory.User, link.SourceID) && w.source[link.SourceID] == nil {
			planner.AddAbsent(link.SourceID)
		}
	}
	for _, entry := range w.target {
		form := mapper.Observe(*entry)
		check(planner.AddTarget(&form))
		if w.repeats && entry.Kind == directory.User {
			check(planner.AddTarget(&form))
		}
		if w.protected[entry.ID] {
			planner.Protect(entry.Kind, entry.ID)
		}
	}
	same := func(reference string) (string, bool) { return reference, true }
	facts, err := planner.Plan(plan.References{Source: same, Target: same})
	check(err)
	var operations []plan.Operation
	for operation, err := range plan.Validated(planner.Operations(w.hold)) {
		check(err)
		operations = append(operations, operation)
	}
	return operations, facts, slices.Collect(planner.LinkChanges())
}

// leftOut reports that a plan about some entries does not get this one of the source: a linked user whom it does not name.
func (w *world) leftOut(kind directory.Kind, id string) bool {
	if w.only == nil || kind == directory.Department || w.only.Users[id] {
		return false
	}
	_, linked := w.links.BySource(kind, id)
	return linked
}

// execute does what a plan says, one operation after the other, and answers with the errors by operation.
func (w *world) execute(operations []plan.Operation, changes []plan.LinkChange) map[int]error {
	for _, change := range changes {
		switch link, _ := w.links.BySource(change.Link.Kind, change.Link.SourceID); {
		case change.Drop:
			w.links.Delete(change.Link.Kind, change.Link.SourceID)
		case change.LossEnds:
			link.HeldLoss = nil
			mustPut(w.links, link)
		default:
			mustPut(w.links, change.Link)
		}
	}
	failed := map[int]error{}
	maps.Copy(failed, w.refused)
	for _, o := range operations {
		if o.Decision != nil {
			if o.Decision.Status == plan.Held && o.TakesAway {
				w.remember(&o)
			}
			continue
		}
		for _, needed := range o.Needs {
			if failed[needed] != nil {
				failed[o.Index] = failed[needed]
			}
		}
		if failed[o.Index] == nil {
			if err := w.do(&o); err != nil {
				failed[o.Index] = err
			}
		}
	}
	return failed
}

// remember puts a removal on the list of what is held.
func (w *world) remember(o *plan.Operation) {
	lost := []string{o.SourceID}
	switch o.Kind {
	case plan.SyncDepartmentMembers:
		lost = o.Changes[0].Before
	case plan.ChangeUserDepartments:
	default:
		link, _ := w.links.BySource(o.Subject, o.SourceID)
		link.Off = link.State == state.Disabled
		mustPut(w.links, link)
		w.setState(o, state.Held)
		return
	}
	for _, id := range lost {
		if link, ok := w.links.BySource(directory.User, id); ok {
			link.HeldLoss = &state.Hold{Run: "hr-1"}
			mustPut(w.links, link)
		}
	}
}

func mustPut(links *state.Links, link state.Link) {
	if err := links.Put(link); err != nil {
		panic(err)
	}
}

func (w *world) setState(o *plan.Operation, to state.LinkState) {
	if link, ok := w.links.BySource(o.Subject, o.SourceID); ok {
		link.State = to
		mustPut(w.links, link)
	}
}

func (w *world) targetID(kind directory.Kind, sourceID string) string {
	link, _ := w.links.BySource(kind, sourceID)
	return link.TargetID
}

func (w *world) targetIDs(kind directory.Kind, ids []string) (out []string) {
	for _, id := range ids {
		if target := w.targetID(kind, id); target != "" {
			out = append(out, target)
		}
	}
	return out
}

func (w *world) do(o *plan.Operation) error {
	switch o.Kind {
	case plan.CreateDepartment, plan.CreateUser:
		return w.create(o)
	case plan.DeleteUser, plan.DeleteDepartment:
		return w.remove(o)
	case plan.SyncDepartmentMembers:
		return w.members(o)
	}
	id := o.TargetID
	if id == "" {
		id = w.targetID(o.Subject, o.SourceID)
	}
	entry := w.target[id]
	if entry == nil {
		return fmt.Errorf("no entry %q", id)
	}
	for _, change := range o.Changes {
		if err := w.change(entry, o, change); err != nil {
			return err
		}
	}
	if o.Active != nil {
		entry.Disabled = !*o.Active
		w.setState(o, state.Active)
	}
	if o.Relinks != "" {
		w.links.Delete(o.Subject, o.Relinks)
	}
	if o.Adopt {
		mustPut(w.links, state.Link{Kind: o.Subject, SourceID: o.SourceID, TargetID: id, Origin: state.Adopted, State: state.Active, Name: o.Name})
	}
	if o.Mark {
		entry.Mark = &directory.Mark{Owner: "me", SourceID: o.SourceID}
	}
	return nil
}

func (w *world) create(o *plan.Operation) error {
	w.nextID++
	entry := &directory.Entry{Kind: o.Subject, ID: fmt.Sprintf("t%05d", w.nextID), Name: o.Name, Mark: &directory.Mark{Owner: "me", SourceID: o.SourceID}}
	if o.Parent != "" {
		if entry.Parent = w.targetID(directory.Department, o.Parent); w.target[entry.Parent] == nil {
			return fmt.Errorf("parent %s of %s does not exist", o.Parent, o.SourceID)
		}
	}
	entry.Departments = w.targetIDs(directory.Department, o.Departments)
	for _, change := range o.Changes {
		if !strings.HasPrefix(change.Field, "(") {
			if err := w.change(entry, o, change); err != nil {
				return err
			}
		}
	}
	if err := w.placeFree(entry); err != nil {
		return err
	}
	w.target[entry.ID] = entry
	mustPut(w.links, state.Link{Kind: o.Subject, SourceID: o.SourceID, TargetID: entry.ID, Origin: state.Created, State: state.Active, Name: o.Name})
	return nil
}

func (w *world) placeFree(entry *directory.Entry) error {
	if entry.Kind != directory.Department {
		return nil
	}
	for at := w.target[entry.Parent]; at != nil; at = w.target[at.Parent] {
		if at.ID == entry.ID {
			return fmt.Errorf("department %s would stand below itself", entry.ID)
		}
	}
	for _, other := range w.target {
		if other.Kind == entry.Kind && other.ID != entry.ID && other.Parent == entry.Parent && slices.Equal(other.Attributes.Get("label"), entry.Attributes.Get("label")) {
			return fmt.Errorf("name %v is taken below %q", entry.Attributes.Get("label"), entry.Parent)
		}
	}
	return nil
}

func (w *world) change(entry *directory.Entry, o *plan.Operation, change plan.Change) error {
	switch change.Field {
	case plan.FieldParent:
		entry.Parent = ""
		if o.Parent != "" {
			parent := w.targetID(directory.Department, o.Parent)
			if parent == "" {
				return fmt.Errorf("parent %s does not exist", o.Parent)
			}
			entry.Parent = parent
		}
		return w.placeFree(entry)
	case plan.FieldDepartments:
		foreign := slices.DeleteFunc(slices.Clone(entry.Departments), func(id string) bool {
			_, ours := w.links.ByTarget(directory.Department, id)
			return ours
		})
		entry.Departments = append(w.targetIDs(directory.Department, change.After), foreign...)
		return nil
	case plan.FieldLeaders:
		entry.Leaders = w.targetIDs(directory.User, change.After)
		return nil
	case plan.FieldLink, plan.FieldActive:
		return nil
	}
	values := change.After
	switch {
	case change.Reference != "":
		values = w.targetIDs(directory.User, values)
	case change.Field == "login":
		for _, other := range w.target {
			if other.Kind == directory.User && other.ID != entry.ID && slices.EqualFunc(other.Attributes.Get("login"), values, strings.EqualFold) {
				return fmt.Errorf("login %v is taken", values)
			}
		}
	case change.Field == "position" && w.upper && len(values) > 0:
		values = []string{strings.ToUpper(values[0])}
	}
	setAttribute(entry, change.Field, values)
	if change.Field == "position" && w.upper {
		w.learn(o, change, values)
	}
	if change.Field == "login" || change.Field == "label" {
		entry.Name = values[0]
	}
	return nil
}

func (w *world) learn(o *plan.Operation, change plan.Change, reads []string) {
	link, ok := w.links.BySource(o.Subject, o.SourceID)
	if !ok {
		return
	}
	link.Learned = []state.Learned{{Field: change.Field, Wrote: state.Digest(w.salt, change.Field, change.After), Reads: state.Digest(w.salt, change.Field, reads)}}
	mustPut(w.links, link)
}

func setAttribute(entry *directory.Entry, name string, values []string) {
	entry.Attributes = slices.DeleteFunc(slices.Clone(entry.Attributes), func(a directory.Attribute) bool { return a.Name == name })
	if len(values) > 0 {
		entry.Attributes = append(entry.Attributes, directory.Attribute{Name: name, Values: values})
		slices.SortFunc(entry.Attributes, func(a, b directory.Attribute) int { return strings.Compare(a.Name, b.Name) })
	}
}

func (w *world) remove(o *plan.Operation) error {
	entry := w.target[o.TargetID]
	if entry == nil {
		return fmt.Errorf("no entry %s", o.TargetID)
	}
	if o.Removal == plan.Disable {
		entry.Disabled = true
		w.setState(o, state.Disabled)
		return nil
	}
	for _, other := range w.target {
		if o.Subject == directory.Department && (other.Parent == entry.ID || slices.Contains(other.Departments, entry.ID)) {
			return fmt.Errorf("%s is in department %s", other.Name, entry.Name)
		}
	}
	delete(w.target, o.TargetID)
	w.links.Delete(o.Subject, o.SourceID)
	return nil
}

func (w *world) members(o *plan.Operation) error {
	department := w.targetID(directory.Department, o.SourceID)
	for _, change := range o.Changes {
		for _, id := range change.After {
			if user := w.target[w.targetID(directory.User, id)]; user != nil && department != "" {
				user.Departments = append(user.Departments, department)
			}
		}
		for _, id := range change.Before {
			if user := w.target[w.targetID(directory.User, id)]; user != nil {
				user.Departments = slices.DeleteFunc(slices.Clone(user.Departments), func(d string) bool { return d == department })
			}
		}
	}
	return nil
}

// sync plans and executes, and fails the test at the first operation that the target refuses.
func (w *world) sync(t tester) []plan.Operation {
	t.Helper()
	operations, _, changes := w.plan(t)
	for index, err := range w.execute(operations, changes) {
		t.Fatalf("operation %d of\n%s\nwas refused: %v", index, describe(operations), err)
	}
	return operations
}

// describe is a plan as a person would note it down: what is to be done, without NoUpdate.
func describe(operations []plan.Operation) string {
	var out strings.Builder
	for _, o := range operations {
		if o.Kind == plan.NoUpdate {
			continue
		}
		fmt.Fprintf(&out, "%s %s", o.Kind, o.SourceID)
		if o.Decision != nil {
			fmt.Fprintf(&out, " %s/%s", o.Decision.Status, o.Decision.Reason)
		}
		for _, change := range o.Changes {
			fmt.Fprintf(&out, " %s:%v>%v", change.Field, change.Before, change.After)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// unchanged counts the NoUpdate operations.
func unchanged(operations []plan.Operation) int {
	n := 0
	for _, o := range operations {
		if o.Kind == plan.NoUpdate {
			n++
		}
	}
	return n
}

// settled fails unless a further run changes nothing and examines everything.
func (w *world) settled(t tester) {
	t.Helper()
	operations, _, _ := w.plan(t)
	if text := describe(operations); text != "" {
		t.Fatalf("a second run wants to do:\n%s", text)
	}
	if got, want := unchanged(operations), len(w.source); got != want {
		t.Fatalf("a second run has %d NoUpdate for %d entries", got, want)
	}
}

// tester is what the world needs of a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
