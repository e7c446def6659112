package modeltest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
)

// Scenarios are what random lives have found, written down.

// scenario is a world of a test of its own.
func scenario(t *testing.T, adapt func(*memory.Config)) *world {
	t.Helper()
	s := shape{sourceConfig(), targetConfig()}
	adapt(&s.target)
	w := newWorld(t, s)
	t.Cleanup(w.close)
	return w
}

func unmarked(config *memory.Config) {
	config.Capabilities.UserMark, config.Capabilities.DepartmentMark = false, false
}

// has puts an entry into a directory.
func (w *world) has(in *memory.Directory, kind directory.Kind, id string, fields map[string]string) {
	w.Helper()
	entry := &memory.Entry{Kind: kind, ID: id}
	for name, value := range fields {
		entry.Set(name, value)
	}
	if _, err := in.Put(entry); err != nil {
		w.Fatalf("%v", err)
	}
}

// fails lets the n-th call of a method to the target fail.
func (w *world) fails(method string, n int, fault memory.Fault) {
	w.target.Trouble(func(call memory.Call) *memory.Fault {
		if call.Method != method {
			return nil
		}
		if n--; n == 0 {
			return &fault
		}
		return nil
	})
}

// killed lets an attempt die right after its n-th call of a method to the target.
func (r *run) killed(method string, n int) {
	r.Helper()
	r.killedAmid(method, n, func(memory.Call) *memory.Fault { return nil })
}

// killedAmid lets an attempt have trouble before it dies.
func (r *run) killedAmid(method string, n int, trouble func(memory.Call) *memory.Fault) {
	r.Helper()
	l := &life{}
	r.target.Trouble(func(call memory.Call) *memory.Fault {
		if call.Method == method && !l.dead {
			if n--; n == 0 {
				l.dead = true
				return &memory.Fault{Err: errDead, After: true}
			}
		}
		if fault := trouble(call); fault != nil && !l.dead {
			return fault
		}
		return l.fault(call)
	})
	r.dies(l)
}

// killedBeforeTheFirst lets an attempt die before its first call: the plan is stored, and the journal says that it may be begun.
func (r *run) killedBeforeTheFirst() {
	r.Helper()
	l := &life{at: 5, after: true, end: kill}
	r.target.Trouble(l.fault)
	r.dies(l)
}

// dies is an attempt that its life ends.
func (r *run) dies(l *life) {
	r.Helper()
	r.store.life, r.reports.life = l, l
	if err := r.attempt(context.Background(), false); !errors.Is(err, errDead) {
		r.Fatalf("the attempt was to be killed, it ended with %v", err)
	}
	r.store.life, r.reports.life = nil, nil
	r.target.Trouble(nil)
}

// record is the only record of an operation.
func (r *run) record(operation string) history.Record {
	r.Helper()
	var found []history.Record
	for _, record := range r.records {
		if string(record.Operation) == operation {
			found = append(found, record)
		}
	}
	if len(found) != 1 {
		r.Fatalf("there are %d records of %s:\n%s", len(found), operation, r.describe())
	}
	return found[0]
}

// TestAChangeThatTheTargetStoresInItsOwnWay is done by an attempt that dies, and the last attempt, which writes nothing, cannot tell.
func TestAChangeThatTheTargetStoresInItsOwnWay(t *testing.T) {
	t.Parallel()
	for method, change := range map[string][2]string{"UpdateUser": {"phone", "1 23"}, "ChangeUserIdentifier": {"uid", "LI"}} {
		t.Run(method, func(t *testing.T) {
			w := scenario(t, func(c *memory.Config) { c.Normalise["login"] = strings.ToLower })
			w.has(w.source, directory.User, "1", map[string]string{"uid": "wang"})
			w.sync()
			w.has(w.source, directory.User, "1", map[string]string{"uid": "wang", change[0]: change[1]})
			r := w.begin(nil)
			r.killed(method, 1)

			if err := r.attempt(context.Background(), true); err != nil {
				t.Fatal(err)
			}

			r.end().check()
			if got := r.record(method); got.Reason != "InDoubt" {
				t.Errorf("the record says %s", describe(&got))
			}
			if w.sync(); w.sync().writes != 0 {
				t.Error("the second run after it still writes")
			}
		})
	}
}

// TestAReferenceThatWasWrittenAndThenRefused: a second try of what cannot be settled by reading leaves a doubt when it is refused.
func TestAReferenceThatWasWrittenAndThenRefused(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	*w.task.Spec.Execution.Retries = 1
	w.has(w.source, directory.User, "1", map[string]string{"uid": "li", "manager": memory.Reference("1")})
	r := w.begin(nil)
	tries := 0
	w.target.Trouble(func(call memory.Call) *memory.Fault {
		if call.Method != "UpdateUser" {
			return nil
		}
		if tries++; tries == 1 {
			return &memory.Fault{Err: fault(connector.Unavailable), After: true}
		}
		return &memory.Fault{Err: fault(connector.Busy)}
	})

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	w.target.Trouble(nil)
	r.end().check()
	if got := r.record("UpdateUser"); got.Status != "Failed" || !inDoubt(&got) {
		t.Errorf("the record says %s", describe(&got))
	}
}

// TestAFailedAdoptionLeavesTheEntryAsItWas: the rename and the move that go with it are not done either.
func TestAFailedAdoptionLeavesTheEntryAsItWas(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	w.has(w.target, directory.User, "1", map[string]string{"login": "LI", "name": "by hand"})
	w.has(w.source, directory.User, "7", map[string]string{"uid": "li", "cn": "Li"})
	w.fails("UpdateUser", 1, memory.Fault{Err: fault(connector.Permission)})
	r := w.begin(nil)

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	w.target.Trouble(nil)
	r.end().check()
	if r.writes != 0 {
		t.Errorf("%d writes:\n%s", r.writes, r.describe())
	}
	if w.sync(); w.sync().writes != 0 {
		t.Error("the second run after it still writes")
	}
}

// TestAStrangerAtThePlaceOfACreateIsNotTakenOver: without marks an entry that was there before looks like what a create in doubt has made.
func TestAStrangerAtThePlaceOfACreateIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := scenario(t, unmarked)
	*w.task.Spec.Execution.Retries = 1
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "number", Source: "num"}}
	w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
	w.has(w.target, directory.User, "1", map[string]string{"login": "li", "greeting": "welcome"})
	w.fails("CreateUser", 1, memory.Fault{Err: fault(connector.Unavailable)})
	r := w.begin(nil)

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	w.target.Trouble(nil)
	r.end().check()
	if got := r.record("CreateUser"); got.Reason != "InDoubt" || r.linksAfter.Links.Has(directory.User, "1") {
		t.Errorf("the record says %s", describe(&got))
	}
}

// TestARemovalThatWasDoneBeforeTheProcessDied is told as done, or as a doubt when nobody can look: never as not done.
func TestARemovalThatWasDoneBeforeTheProcessDied(t *testing.T) {
	t.Parallel()
	for _, removal := range []struct {
		action         v1alpha1.UserDeletionAction
		method, reason string
		status         string
		staying        int
	}{
		{v1alpha1.DeletionDelete, "DeleteUser", "", "Succeeded", 2},
		{v1alpha1.DeletionDisable, "UpdateUser", "", "Succeeded", 2},
		{v1alpha1.DeletionDelete, "DeleteUser", "InDoubt", "Failed", 0},
	} {
		t.Run(string(removal.action)+" "+removal.status, func(t *testing.T) {
			w := scenario(t, func(*memory.Config) {})
			w.task.Spec.Deletion.Users.Action = removal.action
			w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
			for range removal.staying {
				w.has(w.source, directory.User, "", map[string]string{"uid": "somebody"})
			}
			w.sync()
			_ = w.source.Delete(memory.Key{Kind: directory.User, ID: "1"})
			if removal.staying == 0 {
				w.has(w.source, directory.User, "7", map[string]string{"uid": "new"})
			}
			r := w.begin(nil)
			r.killed(removal.method, 1)

			if err := r.attempt(context.Background(), false); err != nil {
				t.Fatal(err)
			}

			r.end().check()
			if got := r.record("DeleteUser"); string(got.Status) != removal.status || got.Reason != removal.reason {
				t.Errorf("the record says %s", describe(&got))
			}
		})
	}
}

// TestAnExchangeThatWasDoneBeforeTheProcessDied: the last attempt cannot tell of the one who stepped aside and has a new login by now, and tells the
// truth about the other one all the same.
func TestAnExchangeThatWasDoneBeforeTheProcessDied(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(c *memory.Config) { c.Normalise["login"] = strings.ToLower })
	w.has(w.source, directory.User, "1", map[string]string{"uid": "ann"})
	w.has(w.source, directory.User, "2", map[string]string{"uid": "bob"})
	w.sync()
	w.has(w.source, directory.User, "1", map[string]string{"uid": "Bob"})
	w.has(w.source, directory.User, "2", map[string]string{"uid": "ann"})
	r := w.begin(nil)
	r.killed("ChangeUserIdentifier", 3)

	if err := r.attempt(context.Background(), true); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	for _, record := range r.records {
		if record.SourceID == "2" && record.Status != "Succeeded" {
			t.Errorf("the other one has the login, and the record says %s", describe(&record))
		}
	}
	if w.sync(); w.sync().writes != 0 {
		t.Error("the second run after it still writes")
	}
}

// TestAMemberWhoseCreationIsInDoubt was made a member by the attempt that died: no record may say that this was left for later.
func TestAMemberWhoseCreationIsInDoubt(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(c *memory.Config) { unmarked(c); onDepartment(c) })
	w.has(w.source, directory.Department, "1", map[string]string{"ou": "Sales"})
	w.has(w.source, directory.User, "1", map[string]string{"uid": "li", "phone": "45 6"}) // which the target stores in its own way
	_ = w.source.Edit(memory.Key{Kind: directory.User, ID: "1"}, func(u *memory.Entry) { u.Departments = []string{"1"} })
	r := w.begin(nil)
	r.killed("SyncDepartmentMembers", 1)

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	if got := r.record("SyncDepartmentMembers"); got.Reason != "InDoubt" {
		t.Errorf("the record says %s", describe(&got))
	}
}

func onDepartment(config *memory.Config) {
	config.Capabilities.Membership, config.Capabilities.MainDepartment = directory.OnDepartment, false
}

// TestWhoNamesADepartmentThatIsGoneLosesIt: the look-up just before tells a department that is gone from one that is newer than the read.
func TestWhoNamesADepartmentThatIsGoneLosesIt(t *testing.T) {
	t.Parallel()
	for name, adapt := range map[string]func(*memory.Config){"on the user": func(*memory.Config) {}, "on the department": onDepartment} {
		t.Run(name, func(t *testing.T) {
			w := scenario(t, adapt)
			w.has(w.source, directory.Department, "1", map[string]string{"ou": "Sales"})
			w.has(w.source, directory.Department, "2", map[string]string{"ou": "Research"})
			w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
			w.has(w.source, directory.User, "2", map[string]string{"uid": "wang"})
			_ = w.source.Edit(memory.Key{Kind: directory.User, ID: "1"}, func(u *memory.Entry) { u.Departments = []string{"1"} })
			w.sync()
			_ = w.source.Delete(memory.Key{Kind: directory.Department, ID: "1"})

			r := w.sync()

			for _, record := range r.records {
				if record.Reason == "LookupFailed" {
					t.Errorf("the record says %s", describe(&record))
				}
			}
			user := memory.Key{Kind: directory.User, ID: "1"}
			if left := append(r.after[user].Departments, membersOf(r.after, user)...); len(left) > 0 {
				t.Errorf("the user is still in %q", left)
			}
		})
	}
}

// TestAMainDepartmentThatIsNotThereYet: the main one of before stays that, if the user stays in it, and the record says so.
func TestAMainDepartmentThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	for name, departments := range map[string][]string{"the old one stays": {"3", "1", "2"}, "the old one is left": {"3", "4", "1"}} {
		t.Run(name, func(t *testing.T) {
			w := scenario(t, func(*memory.Config) {})
			for _, id := range []string{"1", "2", "4"} {
				w.has(w.source, directory.Department, id, map[string]string{"ou": "D" + id})
			}
			w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
			user := memory.Key{Kind: directory.User, ID: "1"}
			_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = []string{"2", "1"} })
			w.sync()
			w.has(w.source, directory.Department, "3", map[string]string{"ou": "D3"})
			_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = departments })
			w.fails("CreateDepartment", 1, memory.Fault{Err: fault(connector.Permission)})
			r := w.begin(nil)

			if err := r.attempt(context.Background(), false); err != nil {
				t.Fatal(err)
			}

			w.target.Trouble(nil)
			r.end().check()
			if w.sync(); w.sync().writes != 0 {
				t.Error("the second run after it still writes")
			}
		})
	}
}

// TestADepartmentThatCannotLeaveItsPlace: who is to take that place does not move there, and has its own name again.
func TestADepartmentThatCannotLeaveItsPlace(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	for _, one := range [][3]string{{"1", "", "sales"}, {"2", "1", "D2"}, {"3", "2", "sales"}} {
		w.has(w.source, directory.Department, one[0], map[string]string{"ou": one[2]})
		w.below(one[0], one[1])
	}
	w.sync()
	for _, one := range [][2]string{{"2", ""}, {"3", ""}, {"1", "2"}} {
		w.below(one[0], one[1])
	}
	w.fails("MoveDepartment", 2, memory.Fault{Err: fault(connector.Conflict)})
	r := w.begin(nil)

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	w.target.Trouble(nil)
	r.end().check()
	for _, entry := range r.after {
		if strings.HasPrefix(entry.First("label"), "swap-") {
			t.Errorf("a department has a temporary name:\n%s", r.describe())
		}
	}
	if w.sync(); w.sync().writes != 0 {
		t.Error("the second run after it still writes")
	}
}

// below puts a department of the source below another one.
func (w *world) below(id, parent string) {
	w.Helper()
	if err := w.source.Edit(memory.Key{Kind: directory.Department, ID: id}, func(d *memory.Entry) { d.Parent = parent }); err != nil {
		w.Fatalf("%v", err)
	}
}

// TestADepartmentThatWasToStepAsideAndDidNot has the name that it was to have in the end all the time: that proves nothing.
func TestADepartmentThatWasToStepAsideAndDidNot(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	for _, one := range [][3]string{{"1", "", "sales"}, {"2", "1", "D2"}, {"3", "2", "sales"}} {
		w.has(w.source, directory.Department, one[0], map[string]string{"ou": one[2]})
		w.below(one[0], one[1])
	}
	w.sync()
	for _, one := range [][2]string{{"2", ""}, {"3", ""}, {"1", "2"}} {
		w.below(one[0], one[1])
	}
	r := w.begin(nil)
	r.killedBeforeTheFirst()

	if err := r.attempt(context.Background(), true); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	for _, record := range r.records {
		if record.Status == "Succeeded" {
			t.Errorf("nothing was done, and the record says %s", describe(&record))
		}
	}
}

// TestADepartmentThatHasItsNameAgainBeforeTheProcessDied stepped aside for another one and was moved: what it is called says nothing of that, where it
// stands does.
func TestADepartmentThatHasItsNameAgainBeforeTheProcessDied(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	for _, one := range [][3]string{{"1", "", "Sales"}, {"6", "1", "sales"}} {
		w.has(w.source, directory.Department, one[0], map[string]string{"ou": one[2]})
		w.below(one[0], one[1])
	}
	w.sync()
	w.below("6", "")
	w.below("1", "6")
	r := w.begin(nil)
	r.killed("UpdateDepartment", 2)

	if err := r.attempt(context.Background(), true); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	if !r.succeeded() {
		t.Errorf("everything was done, and the records say otherwise:\n%s", r.describe())
	}
}

// TestAnExchangeThatWasDoneIsProvenByItsEnd: of the one who stepped aside nobody can tell, and what was done after it proves it.
func TestAnExchangeThatWasDoneIsProvenByItsEnd(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	w.has(w.source, directory.User, "1", map[string]string{"uid": "ann"})
	w.has(w.source, directory.User, "2", map[string]string{"uid": "bob"})
	w.sync()
	w.has(w.source, directory.User, "1", map[string]string{"uid": "bob"})
	w.has(w.source, directory.User, "2", map[string]string{"uid": "ann"})
	r := w.begin(nil)
	r.killed("ChangeUserIdentifier", 3)

	if err := r.attempt(context.Background(), true); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	if !r.succeeded() {
		t.Errorf("everything was done, and the records say otherwise:\n%s", r.describe())
	}
}

// TestADepartmentWhoseCreationIsInDoubt: of a user who was created beside it nobody can tell whether it is one of the user's.
func TestADepartmentWhoseCreationIsInDoubt(t *testing.T) {
	t.Parallel()
	w := scenario(t, unmarked)
	w.has(w.source, directory.Department, "1", map[string]string{"ou": "D1"})
	w.has(w.source, directory.Department, "2", map[string]string{"ou": "D2"})
	w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
	_ = w.source.Edit(memory.Key{Kind: directory.User, ID: "1"}, func(u *memory.Entry) { u.Departments = []string{"1", "2"} })
	r := w.begin(nil)
	r.killed("CreateUser", 1)
	w.fails("Find", 2, memory.Fault{Err: fault(connector.Unavailable)})

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	w.target.Trouble(nil)
	r.end().check()
	if got := r.record("CreateUser"); !strings.Contains(got.Message, "whether it is there is not known") {
		t.Errorf("the record says %s", describe(&got))
	}
	if w.sync(); w.sync().writes != 0 {
		t.Error("the second run after it still writes")
	}
}
