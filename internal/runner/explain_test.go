package runner_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// explain answers with the explanation of one entry, and checks that nothing changed.
func (w *world) explain(subject, entry string) *inspection.Explanation {
	w.t.Helper()
	before := fmt.Sprint(w.snapshot(w.source), w.snapshot(w.target))
	ended := w.inspect(inspection.Request{Explain: &inspection.Subject{Subject: subject, Entry: entry}}, nil)
	if ended.Failure != "" {
		w.t.Fatalf("%s %q cannot be explained: %s", subject, entry, ended.Failure)
	}
	if after := fmt.Sprint(w.snapshot(w.source), w.snapshot(w.target)); after != before {
		w.t.Errorf("the directories were\n%s\nand are\n%s", before, after)
	}
	data, err := artifact.ReadAll(w.t.Context(), w.store, artifact.Scope{Run: ended.UID}, inspection.AnswerStream)
	if err != nil {
		w.t.Fatal(err)
	}
	var explained inspection.Explanation
	if err := json.Unmarshal(data, &explained); err != nil {
		w.t.Fatal(err)
	}
	return &explained
}

// explained are the operations of a decision, as "Operation Status".
func explained(x *inspection.Explanation) string {
	var list []string
	for _, o := range x.Decision.Operations {
		list = append(list, fmt.Sprintf("%s %s", o.Operation, o.Status))
	}
	return strings.Join(list, ", ")
}

// TestExplainEachOutcome compares what is said about somebody with what the next run does.
func TestExplainEachOutcome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// prepare changes what is there after a first run of the company; entry is who is asked for.
		prepare        func(*world)
		subject, entry string
		operations     string
		decision       string
		check          func(*testing.T, *inspection.Explanation)
	}{
		"nothing differs": {entry: "an", operations: "NoUpdate Succeeded", decision: "write nothing", check: func(t *testing.T, x *inspection.Explanation) {
			if !x.Read.Found || x.Scope == nil || !x.Scope.In || !x.State.Linked || x.State.Target == nil || x.State.Origin != string(state.Created) || x.Match[0].Rule != "link" {
				t.Errorf("got %+v", x)
			}
			if len(x.Read.Departments) != 1 || x.Read.Departments[0] != "Head/Sales/East" || len(x.Mapping) != 5 || x.Mapping[0].Giver != "from uid" || x.Mapping[0].Values[0] != "an" {
				t.Errorf("read %+v, mapping %+v", x.Read, x.Mapping)
			}
		}},
		"a field differs": {
			prepare: func(w *world) { w.modify(w.researcher("fang"), "replace: description\ndescription: new words") },
			entry:   "fang", operations: "UpdateUser Planned", decision: "would do this now", check: func(t *testing.T, x *inspection.Explanation) {
				if change := x.Decision.Operations[0].Changes[0]; change.Field != "description" || change.After[0] != "new words" {
					t.Errorf("the change is %+v", change)
				}
			},
		},
		"somebody new": {
			prepare: func(w *world) { w.person("new", "Research", "Head") },
			entry:   "new", operations: "CreateUser Planned", check: func(t *testing.T, x *inspection.Explanation) {
				if x.State.Linked || len(x.Match) != 2 || x.Match[0].Rule != "mark" || x.Match[1].Message != "finds nobody" {
					t.Errorf("state %+v, match %+v", x.State, x.Match)
				}
			},
		},
		"somebody new who is there already": {
			prepare: func(w *world) {
				w.person("twin", "Research", "Head")
				serverApply(w, personLDIF("twin", w.targetDN("Head")))
			},
			entry: "twin", operations: "UpdateUser Planned, ChangeUserDepartments Planned", check: func(t *testing.T, x *inspection.Explanation) {
				if rule := x.Match[1]; rule.Rule != "target uid = source uid" || len(rule.Hits) != 1 || !strings.HasPrefix(rule.Hits[0].Place, "uid=twin,") {
					t.Errorf("match %+v", x.Match)
				}
			},
		},
		"gone from the source": {
			prepare: func(w *world) { serverApply(w, "dn: "+w.researcher("fang")+"\nchangetype: delete\n\n") },
			entry:   "The fang", operations: "DeleteUser Planned", check: func(t *testing.T, x *inspection.Explanation) {
				if x.Read.Found || x.SourceID == "" || x.TargetID == "" || !strings.Contains(x.State.Message, "kept in step") {
					t.Errorf("got %+v", x)
				}
			},
		},
		"out of scope": {
			prepare: func(w *world) { w.task.Spec.Scope.Users.Filter = "user.uid != 'fang'" },
			entry:   "fang", operations: "DeleteUser Held", check: func(t *testing.T, x *inspection.Explanation) {
				if x.Scope == nil || x.Scope.In || x.Scope.Message != "scope.users.filter does not hold" || x.Decision.Notice == "" {
					t.Errorf("scope %+v, notice %q", x.Scope, x.Decision.Notice)
				}
			},
		},
		"left out by the filter of the source": {
			prepare: func(w *world) {
				w.task.Spec.Sources[0].LDAP.Users.Filter = "(&(objectClass=inetOrgPerson)(!(uid=fang)))"
			},
			entry: "The fang", operations: "DeleteUser Held", check: func(t *testing.T, x *inspection.Explanation) {
				if !strings.Contains(x.Read.Message, "filter of the source leaves it out") {
					t.Errorf("read %+v", x.Read)
				}
			},
		},
		"a mapping that fails": {
			prepare: func(w *world) {
				w.task.Spec.Mappings.Users[3] = v1alpha1.Mapping{To: "mail", From: "title", Required: true}
			},
			entry: "an", operations: "UpdateUser Failed", check: func(t *testing.T, x *inspection.Explanation) {
				if !x.Mapping[3].Failed || !strings.Contains(x.Mapping[3].Message, "required") || x.Mapping[0].Failed {
					t.Errorf("mapping %+v", x.Mapping)
				}
			},
		},
		"the guard stops": {
			prepare: func(w *world) {
				for _, uid := range []string{"fang", "gerd", "hua", "ines"} {
					serverApply(w, "dn: "+w.researcher(uid)+"\nchangetype: delete\n\n")
				}
			},
			entry: "an", operations: "NoUpdate Succeeded", decision: "would stop before its first write", check: func(t *testing.T, x *inspection.Explanation) {
				if x.Decision.Stopped == "" {
					t.Error("why is not said")
				}
			},
		},
		"nobody": {entry: "nobody at all", decision: "neither directory has it"},
		"in the target alone": {
			prepare: func(w *world) { serverApply(w, personLDIF("stranger", w.targetDN("Head"))) },
			entry:   "stranger", decision: "does not answer for it",
		},
		"in the target alone, another's": {
			prepare: func(w *world) {
				serverApply(w, strings.TrimSuffix(personLDIF("stranger", w.targetDN("Head")), "\n")+"employeeNumber: other/task#1\n\n")
			},
			entry: "stranger", decision: "belongs to the owner of its mark",
		},
		"several fit": {
			prepare: func(w *world) {
				serverApply(w, strings.Replace(personLDIF("an2", w.dn("Head")), "cn: The an2", "cn: The an", 1))
			},
			entry: "The an", check: func(t *testing.T, x *inspection.Explanation) {
				if len(x.Candidates) != 2 || x.Candidates[0].Name != "The an" {
					t.Errorf("candidates %+v", x.Candidates)
				}
			},
		},
		"a department by its path": {subject: inspection.SubjectDepartment, entry: "Head/Sales/East", operations: "NoUpdate Succeeded", check: func(t *testing.T, x *inspection.Explanation) {
			if x.Name != "East" || x.Read.Departments[0] != "Head/Sales" {
				t.Errorf("got %+v", x.Read)
			}
		}},
		"a department with another name": {
			prepare: func(w *world) {
				serverApply(w, "dn: "+w.dn("Research", "Head")+"\nchangetype: modrdn\nnewrdn: ou=Science\ndeleteoldrdn: 1\n\n")
			},
			subject: inspection.SubjectDepartment, entry: "Science", operations: "UpdateDepartment Planned",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			w.synced()
			if test.prepare != nil {
				test.prepare(w)
			}
			subject := test.subject
			if subject == "" {
				subject = inspection.SubjectUser
			}
			x := w.explain(subject, test.entry)
			if got := explained(x); got != test.operations {
				t.Errorf("the operations are %q, want %q: %+v", got, test.operations, x.Decision)
			}
			if !strings.Contains(x.Decision.Message, test.decision) {
				t.Errorf("the decision is %q, want %q in it", x.Decision.Message, test.decision)
			}
			if test.check != nil {
				test.check(t, x)
			}
			w.expectToldTruth(x)
		})
	}
}

func serverApply(w *world, ldif string) {
	w.t.Helper()
	server.Apply(w.t, ldif)
}

// expectToldTruth makes a run and compares its records of the entry with what was explained.
func (w *world) expectToldTruth(x *inspection.Explanation) {
	w.t.Helper()
	if x.Decision.Stopped != "" || x.SourceID == "" {
		return
	}
	w.sync()
	want, got := map[plan.OperationKind]int{}, map[plan.OperationKind]int{}
	for _, o := range x.Decision.Operations {
		want[o.Operation]++
	}
	for _, r := range w.records(w.lastUID()) {
		if string(r.Subject) == x.Subject.Subject && r.SourceID == x.SourceID {
			got[r.Operation]++
		}
	}
	w.expectEqual("operations of the run", got, want)
}

func TestAnExplanationHidesWhatIsSensitive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Mappings.Users[4].Sensitive = true
	w.company()
	w.modify(w.researcher("fang"), "replace: description\ndescription: salary 1000")
	w.synced()
	w.modify(w.researcher("fang"), "replace: description\ndescription: salary 4711")
	x := w.explain(inspection.SubjectUser, "fang")
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "4711") {
		t.Errorf("the value is told: %s", text)
	}
	if explained(x) != "UpdateUser Planned" || !strings.Contains(string(text), "(hidden)") {
		t.Errorf("got %s", text)
	}
	for what, value := range map[string]string{"of the source": "salary 4711", "of the target": "salary 1000"} {
		x := w.explain(inspection.SubjectUser, value)
		if x.SourceID != "" || x.TargetID != "" || len(x.Candidates) > 0 || !strings.Contains(x.Read.Message, "of sensitive rows are not searched") {
			t.Errorf("a sensitive value %s tells who has it, or why nobody is found is not said: %+v", what, x)
		}
	}
	if x := w.explain(inspection.SubjectUser, "fang"); x.Name != "The fang" {
		t.Errorf("another value does not find who has it: %+v", x)
	}
}

func TestAnEndThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Target.LDAP.URLs = []string{"ldap://127.0.0.1:1"}
	ended := w.inspect(inspection.Request{Explain: &inspection.Subject{Subject: inspection.SubjectUser, Entry: "an"}}, nil)
	if !strings.Contains(ended.Failure, "refused") || !strings.HasPrefix(ended.Failure, "target") {
		t.Errorf("the failure is %q", ended.Failure)
	}
}

func TestUnmanagedEntriesAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Mappings.Users[4].Sensitive = true
	// The error of a filter quotes what it cannot work with.
	w.task.Spec.Protected.Users = "user.uid == 'admin' || user.description != null && {'a': 1}[user.description] > 0"
	w.company()
	w.synced()
	server.Apply(t, strings.TrimSuffix(personLDIF("stranger", w.targetDN("Head")), "\n")+"description: salary 4711\n\n"+personLDIF("admin", w.targetDN("Head"))+
		strings.TrimSuffix(personLDIF("theirs", w.targetDN("Head")), "\n")+"employeeNumber: other/task#1\n\n")
	ended := w.inspect(inspection.Request{Unmanaged: true}, nil)
	if ended.Failure != "" {
		t.Fatal(ended.Failure)
	}
	reader, err := artifact.Open(t.Context(), w.store, artifact.Scope{Run: ended.UID}, inspection.AnswerStream)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line, err := range artifact.Lines(reader) {
		if err != nil {
			t.Fatal(err)
		}
		var one inspection.Unmanaged
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(line), "4711") || (one.Unreadable != "") != (one.Name == "The stranger") {
			t.Errorf("a sensitive value is told, or what cannot be told of an entry: %s", line)
		}
		got[one.Name] = fmt.Sprintf("%s %s %t %t", one.Subject, one.Owner, one.Protected, one.End)
	}
	w.expectEqual("the list", got, map[string]string{
		"The stranger": "User  false false", "The admin": "User  true false", "The theirs": "User other/task false false", "": "  false true",
	})
}

func TestAnAnswerThatIsTooLongIsNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	for name, test := range map[string]struct {
		request inspection.Request
		advice  string
	}{
		"an explanation": {inspection.Request{Explain: &inspection.Subject{Subject: inspection.SubjectUser, Entry: "an"}}, "--run-budget"},
		"a list":         {inspection.Request{Unmanaged: true}, "base DN"},
	} {
		ended := w.inspect(test.request, func(kept *inspections) { kept.budget = 20 })
		if !strings.Contains(ended.Failure, "20 bytes") || !strings.Contains(ended.Failure, test.advice) {
			t.Errorf("%s: the failure is %q", name, ended.Failure)
		}
		if _, _, err := artifact.Stat(t.Context(), w.store, artifact.Scope{Run: ended.UID}, inspection.AnswerStream); !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("%s: something of it is stored: %v", name, err)
		}
	}
}
