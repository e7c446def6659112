package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// administrator is a client that can watch.
func administrator(t *testing.T) client.WithWatch {
	t.Helper()
	c, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// runsIn lists the runs of a namespace.
func runsIn(t *testing.T, namespace string) []v1alpha1.SyncRun {
	t.Helper()
	var runs v1alpha1.SyncRunList
	if err := server.Client.List(t.Context(), &runs, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	return runs.Items
}

// manage plays the manager for the first run of the namespace: it writes the statuses one after the other, and a little later
// what the task shows of the last one. The test waits for its end.
func (p *person) manage(t *testing.T, statuses ...v1alpha1.SyncRunStatus) {
	t.Helper()
	c := administrator(t)
	// The command may see the last state, and the test end, before the answer to its writing is read.
	ctx := context.WithoutCancel(t.Context())
	watcher, err := c.Watch(ctx, &v1alpha1.SyncRunList{}, client.InNamespace(p.namespace))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		defer watcher.Stop()
		event := <-watcher.ResultChan()
		run, ok := event.Object.(*v1alpha1.SyncRun)
		if !ok {
			done <- errors.New("no run was created")
			return
		}
		for _, status := range statuses {
			run.Status = status
			if err := c.Status().Update(ctx, run); err != nil {
				done <- err
				return
			}
		}
		done <- showEnd(ctx, c, run)
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// showEnd lets the task of a run that is over show it, as late as a busy manager does.
func showEnd(ctx context.Context, c client.Client, run *v1alpha1.SyncRun) error {
	var task v1alpha1.SyncTask
	if err := c.Get(ctx, client.ObjectKey{Namespace: run.Namespace, Name: run.Spec.TaskRef.Name}, &task); err != nil {
		return err
	}
	task.Status.LastRun = &v1alpha1.LastRun{Name: run.Name, UID: run.UID, Sequence: run.Status.Sequence, Phase: v1alpha1.PhaseApplying}
	if err := c.Status().Update(ctx, &task); err != nil {
		return err
	}
	if err := pause(ctx, 2*settleInterval); err != nil {
		return err
	}
	task.Status.LastRun.Phase = run.Status.Phase
	task.Status.RecentExecutions = []v1alpha1.RecentExecution{{
		Run: run.Name, UID: run.UID, Sequence: run.Status.Sequence, Mode: run.Status.Mode, Time: *run.Status.CompletionTime, Outcome: run.Status.Phase,
	}}
	return c.Status().Update(ctx, &task)
}

func working(phase v1alpha1.Phase, done, total int64) v1alpha1.SyncRunStatus {
	return v1alpha1.SyncRunStatus{Phase: phase, Progress: &v1alpha1.Progress{Stage: string(phase), Done: done, Total: total}}
}

func TestRunAsksFirst(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", func(task *v1alpha1.SyncTask) { task.Spec.DisplayName = "人事" })

	p.fails(t, 1, []string{"no terminal to ask on", "--yes"}, "run", "hr")
	for _, answer := range []string{"n\n", "\n", "", "yesterday\n"} {
		p.in = strings.NewReader(answer)
		p.fails(t, exitCancelled, []string{
			"Execute task hr (人事), from LDAP hr.example.com to LDAP ldap.example.com", "cannot be brought back", "nothing was executed",
		}, "run", "hr")
	}
	if runs := runsIn(t, p.namespace); len(runs) > 0 {
		t.Fatalf("%d runs were created without a yes", len(runs))
	}
	p.in = strings.NewReader("y\n")
	r := p.succeeds(t, "run", "hr")
	runs := runsIn(t, p.namespace)
	if len(runs) != 1 {
		t.Fatalf("%d runs were created", len(runs))
	}
	if want := "syncrun.synccenter.dev/" + runs[0].Name + " created\n"; r.out != want {
		t.Errorf("want %q, got %q", want, r.out)
	}
	if _, kept := runs[0].Annotations[v1alpha1.AnnotationKeep]; kept {
		t.Error("a run that passes no limit is kept from retention")
	}
	if runs[0].GenerateName != "hr-" || runs[0].Spec.TaskRef.Name != "hr" || runs[0].Spec.Type != v1alpha1.RunSync {
		t.Errorf("created %+v", runs[0])
	}
}

// TestRunCarriesWhoAskedForIt acts as one user: the name is the one that the server knows, since any other would be refused.
func TestRunCarriesWhoAskedForIt(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: "alice"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "alice"}},
	}
	if err := server.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	p.as = "alice"
	p.succeeds(t, "run", "hr", "--yes")
	if name := runsIn(t, p.namespace)[0].Spec.RequestedBy; name != "alice" {
		t.Errorf("the run is asked for by %q", name)
	}
	contains(t, p.succeeds(t, "history", "hr", "-o", "wide").out, "REQUESTED-BY", "alice")
}

func TestNobodyInParticularAsksWhereTheServerDoesNotTellWho(t *testing.T) {
	for name, answer := range map[string]func(*authenticationv1.SelfSubjectReview) error{
		"refused": func(*authenticationv1.SelfSubjectReview) error { return errors.New("refused") },
		"too long": func(r *authenticationv1.SelfSubjectReview) error {
			r.Status.UserInfo.Username = strings.Repeat("a", 257)
			return nil
		},
	} {
		c := interceptor.NewClient(administrator(t), interceptor.Funcs{
			Create: func(_ context.Context, _ client.WithWatch, object client.Object, _ ...client.CreateOption) error {
				review, ok := object.(*authenticationv1.SelfSubjectReview)
				if !ok {
					return errors.New("no review")
				}
				return answer(review)
			},
		})
		if got := (&cluster{WithWatch: c}).requester(t.Context()); got != "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestRunAboutSomeEntriesAlone(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	p.in = strings.NewReader("y\n")
	asked := p.types(t, "run", "hr", "--only-user", "a,1", "--only-user", "b", "--only-department", "17")
	contains(t, asked.err, "for the named entries alone (people: 2, departments: 1)")
	run := runsIn(t, p.namespace)[0]
	if only := run.Spec.Only; only == nil || !slices.Equal(only.Users, []string{"a,1", "b"}) || !slices.Equal(only.Departments, []string{"17"}) {
		t.Errorf("created %+v", run.Spec)
	}
}

func TestRunSaysWhatIsInTheWay(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", func(task *v1alpha1.SyncTask) {
		task.Spec.Suspend = true
		task.Annotations = map[string]string{v1alpha1.AnnotationHold: "audit"}
		task.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: "NotServed", Message: "spec.previewOf is not served", LastTransitionTime: metav1.NewTime(now)},
		}
	})
	contains(t, p.succeeds(t, "run", "hr", "--yes").err, "suspended", "held (audit)", "not ready (NotServed): spec.previewOf")
}

func TestRunWaitsForTheOutcome(t *testing.T) {
	tests := []struct {
		phase v1alpha1.Phase
		code  int
	}{
		{v1alpha1.PhaseSucceeded, 0},
		{v1alpha1.PhaseFailed, 1},
		{v1alpha1.PhasePartiallyFailed, 2},
		{v1alpha1.PhaseCancelled, 3},
	}
	for _, test := range tests {
		t.Run(string(test.phase), func(t *testing.T) {
			p := newPerson(t)
			p.task(t, "hr", nil)
			p.manage(t, working(v1alpha1.PhaseApplying, 5, 10), ended(1, test.phase, records()))
			r := p.types(t, "run", "hr", "--yes", "--wait")
			if r.code != test.code {
				t.Errorf("want the exit code %d, got %d: %s", test.code, r.code, r.err)
			}
			contains(t, r.out, "created", ": "+string(test.phase), "Users:         2/3, updates 1/2")
			if out := p.succeeds(t, "tasks").out; !strings.Contains(out, string(endedStates[test.phase])) {
				t.Errorf("after the waiting, the task does not show how the run ended:\n%s", out)
			}
			if said := strings.Count(r.out+r.err, "all was done that could be done"); said != 1 {
				t.Errorf("how the run ended is said %d times: %q and %q", said, r.out, r.err)
			}
		})
	}
}

// TestWaitingAsksNoTaskThatWillNotShowTheRun ends at once for a run that was refused, and for one whose task is gone.
func TestWaitingAsksNoTaskThatWillNotShowTheRun(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	refused := p.run(t, "hr-a", "hr", ended(0, v1alpha1.PhaseFailed, nil))
	orphan := p.run(t, "gone-a", "gone", ended(1, v1alpha1.PhaseSucceeded, nil))
	for _, run := range []*v1alpha1.SyncRun{refused, orphan} {
		var out strings.Builder
		options := &Options{IOStreams: genericiooptions.IOStreams{ErrOut: &out}}
		options.awaitTask(t.Context(), &cluster{WithWatch: administrator(t), namespace: p.namespace}, run)
		if out.String() != "" {
			t.Errorf("run %s was waited for: %s", run.Name, out.String())
		}
	}
}

func TestProgressForLogs(t *testing.T) {
	var out strings.Builder
	view := &progressView{out: &out}
	for done := range int64(1001) {
		view.show(&v1alpha1.SyncRun{Status: working(v1alpha1.PhaseApplying, done, 1000)})
	}
	waiting := v1alpha1.SyncRunStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionComplete, Message: "another run\x1b[2J of the task works"}}}
	view.show(&v1alpha1.SyncRun{Status: waiting})
	view.end()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 12 || lines[5] != "Applying 50% of 1000" || lines[11] != "Pending: another run[2J of the task works" {
		t.Errorf("got %d lines: %q", len(lines), lines)
	}
}

// TestALongMessageIsToldOnce follows a run whose removals are held: the message stays the same through the phases, and the end tells it whole.
func TestALongMessageIsToldOnce(t *testing.T) {
	held := strings.Repeat("too many would be removed, ", 20)
	for _, bar := range []bool{false, true} {
		var out strings.Builder
		view := &progressView{out: &out, bar: bar}
		for _, phase := range []v1alpha1.Phase{v1alpha1.PhasePlanning, v1alpha1.PhaseApplying, v1alpha1.PhaseExporting} {
			status := working(phase, 0, 0)
			if phase != v1alpha1.PhasePlanning {
				status.Message = held
			}
			view.show(&v1alpha1.SyncRun{Status: status})
		}
		for line := range strings.FieldsFuncSeq(out.String(), func(r rune) bool { return r == '\n' || r == '\r' }) {
			if width := displayWidth(line); width > 110 {
				t.Errorf("a line has %d columns: %s", width, line)
			}
		}
		lines := strings.Split(out.String(), "\n")
		if !bar && (len(lines) != 4 || lines[0] != "Planning" || !strings.HasPrefix(lines[1], "Applying: too many") || lines[2] != "Exporting") {
			t.Errorf("it says %q", lines)
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var out strings.Builder
	view := &progressView{out: &out, bar: true}
	view.show(&v1alpha1.SyncRun{Status: working(v1alpha1.PhaseApplying, 500, 1000)})
	view.show(&v1alpha1.SyncRun{Status: working(v1alpha1.PhaseApplying, 500, 1000)})
	view.end()
	const clear = "\r\x1b[K"
	if want := clear + "Applying  [###############...............]  50%  500/1000" + clear; out.String() != want {
		t.Errorf("want %q, got %q", want, out.String())
	}
}

func TestWaitingSurvivesAWatchThatEnds(t *testing.T) {
	p := newPerson(t)
	run := p.run(t, "hr-a", "hr", v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseReading})
	watches := 0
	c := interceptor.NewClient(administrator(t), interceptor.Funcs{
		Watch: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) (watch.Interface, error) {
			if watches++; watches > 1 {
				return c.Watch(ctx, list, options...)
			}
			// The run ends while nobody watches.
			run.Status = ended(1, v1alpha1.PhaseSucceeded, nil)
			if err := server.Client.Status().Update(ctx, run); err != nil {
				return nil, err
			}
			closed := watch.NewFake()
			closed.Stop()
			return closed, nil
		},
	})
	seen, err := follow(t.Context(), &cluster{WithWatch: c, namespace: p.namespace}, "hr-a", func(*v1alpha1.SyncRun) {})
	if err != nil {
		t.Fatal(err)
	}
	if seen.Status.Phase != v1alpha1.PhaseSucceeded {
		t.Errorf("the last state seen is %s", seen.Status.Phase)
	}
}

func TestWaitingEndsWhenTheRunIsDeleted(t *testing.T) {
	p := newPerson(t)
	run := p.run(t, "hr-a", "hr", v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseReading})
	deleted := false
	show := func(*v1alpha1.SyncRun) {
		if !deleted {
			deleted = true
			if err := server.Client.Delete(t.Context(), run); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := follow(t.Context(), &cluster{WithWatch: administrator(t), namespace: p.namespace}, "hr-a", show)
	var gone *deletedError
	if !errors.As(err, &gone) {
		t.Errorf("got %v", err)
	}
}

func TestWaitingCanBeInterrupted(t *testing.T) {
	p := newPerson(t)
	p.run(t, "hr-a", "hr", v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseReading})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := follow(ctx, &cluster{WithWatch: administrator(t), namespace: p.namespace}, "hr-a", func(*v1alpha1.SyncRun) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCancel(t *testing.T) {
	p := newPerson(t)
	p.run(t, "hr-a", "hr", v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseApplying})
	contains(t, p.succeeds(t, "cancel", "hr-a").out, "Run hr-a is asked to stop", "kubectl synccenter details hr-a")
	if run := runsIn(t, p.namespace)[0]; !run.Spec.Cancel {
		t.Error("spec.cancel is not set")
	}
	p.succeeds(t, "cancel", "hr-a")
	p.run(t, "hr-b", "hr", ended(1, v1alpha1.PhaseSucceeded, nil))
	p.fails(t, 1, []string{"over already (Succeeded)"}, "cancel", "hr-b")
}
