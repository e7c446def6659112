package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/test/apiserver"
)

// writers is how many requests are under way at once.
const writers = 16

func taskName(i int) string { return fmt.Sprintf("directory-%04d", i) }

func (s size) namespace(task int) string { return fmt.Sprintf("company-%02d", task%s.namespaces) }

// fill makes tasks, each with a history, as a manager would have left them. They go into etcd as the API server would have written
// them: two hundred thousand writes through it take an hour on a busy machine.
func fill(ctx context.Context, server *apiserver.Server, s size) error {
	for i := range s.namespaces {
		if err := server.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace(i)}}); err != nil {
			return err
		}
	}
	managers, err := fieldManagers(ctx, server.Client, s)
	if err != nil {
		return fmt.Errorf("asking the API server how it marks who wrote what: %w", err)
	}
	group, ongoing := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range s.tasks {
		objects := historyOf(s, i)
		for _, object := range objects {
			object.SetManagedFields(managers[object.GetObjectKind().GroupVersionKind().Kind])
		}
		group.Go(func() error { return store(ongoing, server.Etcd(), objects) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return awaitShown(ctx, server, s)
}

// fieldManagers are what the API server remembers of who wrote which field, by kind: a task and a run of this bench are written by it.
func fieldManagers(ctx context.Context, c client.Client, s size) (map[string][]metav1.ManagedFieldsEntry, error) {
	s.runs = 1
	result := map[string][]metav1.ManagedFieldsEntry{}
	for _, object := range historyOf(s, 0) {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		written := object.DeepCopyObject().(client.Object)
		written.SetUID("")
		if err := c.Create(ctx, written); err != nil {
			return nil, err
		}
		object.SetResourceVersion(written.GetResourceVersion())
		object.SetUID(written.GetUID())
		if err := c.Status().Update(ctx, object); err != nil {
			return nil, err
		}
		result[kind] = object.GetManagedFields()
		object.SetFinalizers(nil)
		if err := c.Update(ctx, object); err != nil {
			return nil, err
		}
		if err := c.Delete(ctx, object); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// historyOf is a task and its finished runs.
func historyOf(s size, i int) []client.Object {
	begin := time.Now().Add(-time.Duration(s.runs+1) * time.Hour)
	var objects []client.Object
	var runs []*v1alpha1.SyncRun
	for sequence := 1; sequence <= s.runs; sequence++ {
		run := finishedRun(s.namespace(i), taskName(i), sequence, begin.Add(time.Duration(sequence)*time.Hour))
		if sequence < s.runs {
			// Of older runs the records of entries without a change are a number.
			meta.SetStatusCondition(&run.Status.Conditions, metav1.Condition{
				Type: v1alpha1.ConditionDetailsKept, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonNoUpdateCounted),
				Message: "The records of entries without a change are kept as a number: history.noUpdate of the task.", ObservedGeneration: 1,
			})
		}
		run.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindSyncRun}
		runs, objects = append(runs, run), append(objects, run)
	}
	task := &v1alpha1.SyncTask{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindSyncTask},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace(i), Name: taskName(i), Finalizers: []string{v1alpha1.Finalizer}},
		Spec:       taskSpec(),
		Status:     taskStatus(runs),
	}
	task.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: manifestOf(task)}
	for _, object := range append(objects, task) {
		object.SetGeneration(1)
		object.SetCreationTimestamp(metav1.NewTime(begin.Truncate(time.Second)))
		if object.GetUID() == "" {
			object.SetUID(uuid.NewUUID())
		}
	}
	return append(objects, task)
}

// manifestOf is what kubectl apply writes down of a task.
func manifestOf(task *v1alpha1.SyncTask) string {
	text, err := json.Marshal(map[string]any{
		"apiVersion": task.APIVersion, "kind": task.Kind, "metadata": map[string]string{"name": task.Name, "namespace": task.Namespace}, "spec": task.Spec,
	})
	if err != nil {
		panic(err) // a task can always be written
	}
	return string(text)
}

// store puts objects into etcd in one transaction, by its gateway for JSON.
func store(ctx context.Context, etcd string, objects []client.Object) error {
	type put struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}
	type operation struct {
		Put put `json:"requestPut"`
	}
	var transaction struct {
		Success []operation `json:"success"`
	}
	for _, object := range objects {
		value, err := json.Marshal(object)
		if err != nil {
			return err
		}
		resource := strings.ToLower(object.GetObjectKind().GroupVersionKind().Kind) + "s"
		key := path.Join("/registry", v1alpha1.GroupVersion.Group, resource, object.GetNamespace(), object.GetName())
		transaction.Success = append(transaction.Success, operation{put{[]byte(key), value}})
	}
	body, err := json.Marshal(transaction)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, etcd+"/v3/kv/txn", bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s: %s (%v)", response.Status, answer, err)
	}
	return nil
}

// awaitShown waits until the API server has taken everything up. It refuses to answer while it does.
func awaitShown(ctx context.Context, server *apiserver.Server, s size) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	last := s.namespace(s.tasks - 1)
	for {
		var runs v1alpha1.SyncRunList
		err := server.Client.List(ctx, &runs, client.InNamespace(last))
		if err == nil && len(runs.Items) == s.runs*((s.tasks-1)/s.namespaces+1) {
			return nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return fmt.Errorf("of namespace %s the API server shows %d runs: %w", last, len(runs.Items), errors.Join(ctx.Err(), err))
		}
	}
}

// taskSpec is a task with what most have.
func taskSpec() v1alpha1.SyncTaskSpec {
	connection := func(url string) v1alpha1.LDAPConnection {
		return v1alpha1.LDAPConnection{URLs: []string{url}, CredentialsSecretRef: &v1alpha1.SecretReference{Name: "directory"}}
	}
	users := v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"}
	spec := v1alpha1.SyncTaskSpec{
		DisplayName: "HR to company directory",
		Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
			LDAPConnection: connection("ldaps://hr.example.com"), Users: users,
		}}},
		Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
			LDAPConnection: connection("ldaps://directory.example.com"), Users: v1alpha1.LDAPTargetUsers{LDAPUsers: users},
		}},
		Deletion: v1alpha1.Deletion{Users: v1alpha1.UserDeletion{Action: v1alpha1.DeletionKeep}},
	}
	for _, field := range strings.Fields("uid cn sn givenName displayName mail telephoneNumber mobile title employeeType preferredLanguage roomNumber") {
		spec.Mappings.Users = append(spec.Mappings.Users, v1alpha1.Mapping{To: v1alpha1.FieldName(field), From: v1alpha1.FieldName(field)})
	}
	return spec
}

// finishedRun is a run of which one operation in a thousand failed: its status is neither the shortest nor the longest.
func finishedRun(namespace, task string, sequence int, at time.Time) *v1alpha1.SyncRun {
	end := metav1.NewTime(at.Truncate(time.Second))
	counts := func(total int64) *v1alpha1.SubjectCounts {
		return &v1alpha1.SubjectCounts{
			Total: total, Succeeded: total, Updates: v1alpha1.UpdateCounts{Total: 3, Succeeded: 3},
			Summary: fmt.Sprintf("%d/%d", total, total), UpdatesSummary: "3/3",
		}
	}
	name, uid := fmt.Sprintf("%s-%05d", task, sequence), uuid.NewUUID()
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: uid, Labels: map[string]string{"app.kubernetes.io/part-of": "company"},
			Annotations: map[string]string{v1alpha1.AnnotationAcceptedUID: string(uid)},
		},
		Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}, Type: v1alpha1.RunSync},
		Status: v1alpha1.SyncRunStatus{
			Sequence: int64(sequence), Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhaseSucceeded, Message: "Everything is in step.",
			StartTime: &end, CompletionTime: &end, ObservedGeneration: 1,
			Task:          &v1alpha1.ExecutedTask{Generation: 1, DefinitionDigest: v1alpha1.Digest("sha256:" + strings.Repeat("0", 64))},
			Organizations: counts(48), Users: counts(1200),
			Plan:    &v1alpha1.PlanStatus{Digest: v1alpha1.Digest("sha256:" + strings.Repeat("1", 64)), Operations: 3},
			Records: &v1alpha1.RecordsStatus{Count: 1248, Bytes: 40_000, Digest: v1alpha1.Digest("sha256:" + strings.Repeat("2", 64))},
			Job:     &v1alpha1.JobReference{Name: name + "-1"},
		},
	}
	for _, operation := range []v1alpha1.OperationType{v1alpha1.OperationCreateUser, v1alpha1.OperationUpdateUser, v1alpha1.OperationNoUpdate} {
		run.Status.Operations = append(run.Status.Operations, v1alpha1.OperationCounts{Operation: operation, Planned: 400, Succeeded: 400})
	}
	for _, condition := range []string{v1alpha1.ConditionComplete, v1alpha1.ConditionSucceeded} {
		run.Status.Conditions = append(run.Status.Conditions, metav1.Condition{
			Type: condition, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonSucceeded), Message: "Everything is in step.",
			ObservedGeneration: 1, LastTransitionTime: end,
		})
	}
	return run
}

// taskStatus is what the manager shows of a task with this history.
func taskStatus(runs []*v1alpha1.SyncRun) v1alpha1.SyncTaskStatus {
	status := v1alpha1.SyncTaskStatus{ObservedGeneration: 1, Source: "LDAP hr.example.com", Target: "LDAP directory.example.com", LastSequence: int64(len(runs))}
	for i := len(runs) - 1; i >= 0 && len(status.RecentExecutions) < 10; i-- {
		run := runs[i]
		status.RecentExecutions = append(status.RecentExecutions, v1alpha1.RecentExecution{
			Run: run.Name, UID: run.UID, Sequence: run.Status.Sequence, Mode: run.Status.Mode, Time: *run.Status.CompletionTime,
			Outcome: run.Status.Phase, Organizations: run.Status.Organizations, Users: run.Status.Users,
		})
	}
	if len(runs) > 0 {
		last := runs[len(runs)-1]
		status.LastRun = &v1alpha1.LastRun{Name: last.Name, UID: last.UID, Sequence: last.Status.Sequence, Phase: last.Status.Phase}
	}
	return status
}

// schedule makes tasks due at a minute, and the others not.
func schedule(ctx context.Context, c client.Client, s size, at time.Time) error {
	group, ongoing := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	patch := fmt.Appendf(nil, `{"spec":{"trigger":{"mode":"Scheduled","schedule":{"cron":"%d %d * * *"}}}}`, at.UTC().Minute(), at.UTC().Hour())
	for i := range s.due {
		group.Go(func() error {
			task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace(i), Name: taskName(i)}}
			return c.Patch(ongoing, task, client.RawPatch(types.MergePatchType, patch))
		})
	}
	return group.Wait()
}
