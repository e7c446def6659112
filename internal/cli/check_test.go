package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/report"
)

// managing plays the manager and the pod for the next request on a task. What it gets is the inspection as it was begun.
func (p *person) managing(t *testing.T, task string, answer func(*v1alpha1.SyncTask, *inspection.Inspection)) {
	t.Helper()
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		for t.Context().Err() == nil {
			var found v1alpha1.SyncTask
			if err := server.Client.Get(t.Context(), types.NamespacedName{Namespace: p.namespace, Name: task}, &found); err != nil {
				return
			}
			text, asked := found.Annotations[v1alpha1.AnnotationInspect]
			if !asked {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if err := p.look(t, &found, text, answer); err != nil {
				t.Error(err)
			}
			return
		}
	}()
}

func (p *person) look(t *testing.T, task *v1alpha1.SyncTask, text string, answer func(*v1alpha1.SyncTask, *inspection.Inspection)) error {
	request, err := inspection.ParseRequest(text)
	if err != nil {
		return err
	}
	i, err := inspection.New(*request, definition.New(task, &v1alpha1.SyncRun{}, 0), now)
	if err != nil {
		return err
	}
	stored := artifactcluster.NewInspections(artifactcluster.OptionsOf(server.Client, task, i.Name, i.UID, request.Kind()))
	if answer != nil {
		if err := stored.Create(t.Context(), i); err != nil {
			return err
		}
	}
	changed := task.DeepCopy()
	delete(changed.Annotations, v1alpha1.AnnotationInspect)
	if err := server.Client.Patch(t.Context(), changed, client.MergeFrom(task)); err != nil {
		return err
	}
	if answer == nil {
		return nil
	}
	begun, revision, err := stored.Load(t.Context())
	if err != nil {
		return err
	}
	at := now
	begun.Ended, begun.Definition = &at, nil
	answer(changed, begun)
	if err := stored.Replace(t.Context(), begun, revision); err != nil {
		return err
	}
	return server.Client.Status().Update(t.Context(), changed)
}

func steps(marks ...inspection.Mark) inspection.End {
	end := inspection.End{Endpoint: report.Endpoint{Reason: "Connected", Message: "fine"}}
	names := []string{"Secret", "连接", "login", "create users"}
	for i, mark := range marks {
		end.Steps = append(end.Steps, inspection.Step{Name: names[i], Mark: mark, Message: "what was \x1b[31mfound", Milliseconds: 7})
	}
	return end
}

func TestCheck(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	good := func(_ *v1alpha1.SyncTask, i *inspection.Inspection) {
		i.Check = &inspection.Check{Source: steps(inspection.Passed, inspection.Warning), Target: steps(inspection.Passed, inspection.Passed, inspection.Passed, inspection.Skipped)}
	}
	bad := func(_ *v1alpha1.SyncTask, i *inspection.Inspection) {
		i.Check = &inspection.Check{Source: steps(inspection.Passed), Target: steps(inspection.Passed, inspection.Passed, inspection.Failed)}
	}
	p.managing(t, "hr", good)
	golden(t, "check", p.succeeds(t, "check", "hr").out)
	p.managing(t, "hr", bad)
	r := p.types(t, "check", "hr")
	if r.code != exitFailed {
		t.Errorf("a check that failed ends with %d", r.code)
	}
	golden(t, "check-failed", r.out)
	p.managing(t, "hr", bad)
	if r := p.types(t, "check", "hr", "-o", "yaml"); r.code != exitFailed {
		t.Errorf("it ends with %d: %s", r.code, r.err)
	} else {
		contains(t, r.out, "task: hr\n", "  - mark: Failed\n", "milliseconds: 7")
	}
	p.managing(t, "hr", func(_ *v1alpha1.SyncTask, i *inspection.Inspection) { i.Trouble = "no image" })
	p.fails(t, exitFailed, []string{"could not be looked at", "no image"}, "check", "hr")
	p.managing(t, "hr", nil)
	p.fails(t, exitFailed, []string{"refuses", "kubectl describe synctask hr"}, "check", "hr")
	p.fails(t, exitFailed, []string{"there is no task"}, "check", "nobody")
	p.task(t, "wrong", func(task *v1alpha1.SyncTask) {
		task.Status.Conditions = []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: "NotServed", Message: "spec.previewOf", ObservedGeneration: 1, LastTransitionTime: metav1.NewTime(now),
		}}
	})
	p.fails(t, exitFailed, []string{"not Ready", "spec.previewOf"}, "check", "wrong")
	p.fails(t, exitFailed, []string{"--output"}, "check", "hr", "-o", "excel")
}

func TestCheckWithoutTheRightToReadArtifacts(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	p.mayOnly(t, "editor", "get", "list", "patch")
	p.managing(t, "hr", func(task *v1alpha1.SyncTask, i *inspection.Inspection) {
		i.Check = &inspection.Check{}
		task.Status.LastCheck = &v1alpha1.LastCheck{Name: i.Name, Time: metav1.NewTime(now)}
		for name, status := range map[string]metav1.ConditionStatus{v1alpha1.ConditionSourceReady: metav1.ConditionTrue, v1alpha1.ConditionTargetReady: metav1.ConditionFalse} {
			meta.SetStatusCondition(&task.Status.Conditions, metav1.Condition{Type: name, Status: status, Reason: "Told", Message: "as the status says"})
		}
	})
	r := p.types(t, "check", "hr")
	if r.code != exitFailed {
		t.Errorf("it ends with %d: %s", r.code, r.err)
	}
	golden(t, "check-conditions", r.out)

	for name, test := range map[string]struct {
		task  string
		taken func(*v1alpha1.SyncTask)
		code  int
		want  string
	}{
		"a check of somebody else has the last word": {"shared", func(task *v1alpha1.SyncTask) {
			task.Status.LastCheck = &v1alpha1.LastCheck{Name: "hr-check-other", Time: metav1.NewTime(now)}
		}, 0, ""},
		"the request is refused": {"refused", func(task *v1alpha1.SyncTask) {
			meta.SetStatusCondition(&task.Status.Conditions, metav1.Condition{
				Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: "NotServed", Message: "spec.previewOf", ObservedGeneration: 1,
			})
		}, exitFailed, "spec.previewOf"},
	} {
		p.as = ""
		p.task(t, test.task, nil)
		p.as = "editor"
		p.managing(t, test.task, func(task *v1alpha1.SyncTask, _ *inspection.Inspection) { test.taken(task) })
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		var out, errOut bytes.Buffer
		code := p.typesInto(ctx, &out, &errOut, "check", test.task)
		stop()
		if code != test.code || !strings.Contains(errOut.String(), test.want) {
			t.Errorf("%s: it ends with %d: %s", name, code, errOut.String())
		}
	}
	p.mayOnly(t, "viewer", "get", "list")
	p.fails(t, exitFailed, []string{"needs the right to change the task"}, "check", "hr")
}

// mayOnly makes the person somebody who may do so much with tasks, and nothing else.
func (p *person) mayOnly(t *testing.T, user string, verbs ...string) {
	t.Helper()
	p.as = user
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: user},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"synctasks"}, Verbs: verbs}},
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: role.ObjectMeta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := server.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}
