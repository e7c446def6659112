package manager_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	"synccenter.dev/synccenter/controllers/manager"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if options := os.Getenv(optionsVariable); options != "" {
		os.Exit(runManager(options))
	}
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// TestManager runs the whole manager with its own cache and with exactly the
// rights that config/default gives it, and plays the runner of two runs.
func TestManager(t *testing.T) {
	installRights(t, build(t, "../../config/default"))
	config := rest.CopyConfig(server.Config)
	config.Impersonate = managerIdentity()
	var asked requests
	asked.count(config)
	options := manager.Options{Image: "synccenter:test", MetricsAddress: freeAddress(t), ProbeAddress: freeAddress(t)}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- manager.Run(ctx, config, options) }()
	defer func() {
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("the manager ended with: %v", err)
		}
	}()

	namespace := server.Namespace(t)
	applyTaskAndRun(t, namespace, "hr", "hr-first")
	first := waitForJob(t, namespace, "hr-first")
	checkAccount(t, namespace)
	create(t, namespace, newRun("hr", "hr-second"))
	waitForReason(t, namespace, "hr-second", v1alpha1.ReasonWaitingForRun)

	finish(t, first)
	waitForReason(t, namespace, "hr-first", v1alpha1.ReasonSucceeded)
	second := waitForJob(t, namespace, "hr-second")
	if second.Status.Sequence != 2 {
		t.Errorf("the second run has sequence %d", second.Status.Sequence)
	}
	waitForTask(t, namespace, "hr", func(task *v1alpha1.SyncTask) bool {
		return len(task.Status.RecentExecutions) == 1 && task.Status.Links != nil
	})
	waitForEvent(t, namespace, "SyncRun", "hr-first", string(v1alpha1.ReasonSucceeded))
	waitForEvent(t, namespace, "SyncTask", "hr", string(v1alpha1.ReasonSucceeded))

	t.Run("an older run goes", func(t *testing.T) { checkRetention(t) })
	t.Run("lists", asked.checkLists)
	t.Run("metrics", func(t *testing.T) { checkMetrics(t, options.MetricsAddress) })
	t.Run("probes", func(t *testing.T) { checkProbes(t, options.ProbeAddress) })
	t.Run("an owner has one task", func(t *testing.T) { checkOwner(t, server.Namespace(t)) })
	t.Run("a deleted task goes", func(t *testing.T) { checkDeletion(t, namespace, second) })
}

func TestManagerNeedsAnImage(t *testing.T) {
	err := manager.Run(t.Context(), server.Config, manager.Options{})
	if err == nil || !strings.Contains(err.Error(), "--image") {
		t.Errorf("got %v, want an error that names --image", err)
	}
}

// checkOwner makes a second task with the owner of the first: it waits, says
// why, and takes the people over when the first is deleted.
func checkOwner(t *testing.T, namespace string) {
	readyIs := func(status metav1.ConditionStatus, reason v1alpha1.Reason) func(*v1alpha1.SyncTask) bool {
		return func(task *v1alpha1.SyncTask) bool {
			ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
			return ready != nil && ready.Status == status && ready.Reason == string(reason)
		}
	}
	create(t, namespace, newTask("one", "people"))
	waitForTask(t, namespace, "one", readyIs(metav1.ConditionTrue, v1alpha1.ReasonReady))
	create(t, namespace, newTask("two", "people"))
	create(t, namespace, newRun("two", "two-first"))
	waitForTask(t, namespace, "two", readyIs(metav1.ConditionFalse, v1alpha1.ReasonOwnerInUse))
	waitForReason(t, namespace, "two-first", v1alpha1.ReasonOwnerInUse)

	if err := server.Client.Delete(t.Context(), &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "one"}}); err != nil {
		t.Fatal(err)
	}
	waitForTask(t, namespace, "two", readyIs(metav1.ConditionTrue, v1alpha1.ReasonReady))
}

// checkRetention executes a task twice that keeps nothing but its last run.
func checkRetention(t *testing.T) {
	namespace := server.Namespace(t)
	chosen := newRun("hr", "hr-first")
	create(t, namespace, chosen)
	task := newTask("hr", "")
	task.Spec.History.Limit = ptr.To[int32](0)
	create(t, namespace, task)
	var runs []*v1alpha1.SyncRun
	for i := range 3 {
		run := chosen
		if i > 0 {
			run = newRun("hr", "")
			run.GenerateName = "hr-"
			create(t, namespace, run)
		}
		finish(t, waitForJob(t, namespace, run.Name))
		waitForReason(t, namespace, run.Name, v1alpha1.ReasonSucceeded)
		runs = append(runs, run)
	}
	eventually(t, "the second run goes", func() bool {
		err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(runs[1]), &v1alpha1.SyncRun{})
		return apierrors.IsNotFound(err)
	})
	waitForRun(t, namespace, chosen.Name, func(run *v1alpha1.SyncRun) bool {
		return meta.IsStatusConditionFalse(run.Status.Conditions, v1alpha1.ConditionDetailsKept)
	})
	waitForRun(t, namespace, runs[2].Name, func(run *v1alpha1.SyncRun) bool {
		return meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionDetailsKept) == nil
	})
	waitForTask(t, namespace, "hr", func(task *v1alpha1.SyncTask) bool { return len(task.Status.RecentExecutions) == 3 })
}

// checkDeletion deletes a task in execution: its run is asked to stop, says so,
// and the task goes.
func checkDeletion(t *testing.T, namespace string, run *v1alpha1.SyncRun) {
	tell(t, run, report.Report{Stage: report.Applying, Done: 1, Total: 2})
	waitForRun(t, namespace, run.Name, func(run *v1alpha1.SyncRun) bool { return run.Status.Phase == v1alpha1.PhaseApplying })
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hr"}}
	if err := server.Client.Delete(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	waitForReason(t, namespace, run.Name, v1alpha1.ReasonStopping)
	tell(t, run, report.Report{Stage: report.Applying, Outcome: &report.Outcome{
		Result: report.Cancelled, Reason: string(v1alpha1.ReasonTaskDeleted), Message: "1 of 2 operations were done.", EndTime: time.Now(),
	}})
	waitForReason(t, namespace, run.Name, v1alpha1.ReasonTaskDeleted)
	eventually(t, "the task goes", func() bool {
		err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(task), task)
		return apierrors.IsNotFound(err)
	})
}

// checkMetrics reads the metrics with and without a token.
func checkMetrics(t *testing.T, address string) {
	t.Helper()
	reader := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{GenerateName: "reader-"}}
	create(t, systemNamespace, reader)
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: reader.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "synccenter-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: systemNamespace, Name: reader.Name}},
	}
	if err := server.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	token := &authenticationv1.TokenRequest{}
	if err := server.Client.SubResource("token").Create(t.Context(), reader, token); err != nil {
		t.Fatal(err)
	}
	url := "https://" + address + "/metrics"
	if status, _ := get(t, url, ""); status != http.StatusUnauthorized {
		t.Errorf("without a token the metrics answer %d", status)
	}
	status, body := get(t, url, token.Status.Token)
	if status != http.StatusOK {
		t.Fatalf("with a token and the right the metrics answer %d: %s", status, body)
	}
	for _, want := range []string{`synccenter_runs_total{`, `outcome="Succeeded"`, `synccenter_operations_total{`, `synccenter_last_success_timestamp_seconds{`, `synccenter_pending_deletions{`} {
		if !strings.Contains(body, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func checkProbes(t *testing.T, address string) {
	t.Helper()
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := get(t, "http://"+address+path, ""); status != http.StatusOK {
			t.Errorf("%s answers %d: %s", path, status, body)
		}
	}
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the manager makes its certificate itself
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// checkAccount checks the account of the runners and its one role.
func checkAccount(t *testing.T, namespace string) {
	t.Helper()
	key := types.NamespacedName{Namespace: namespace, Name: runnerjob.ServiceAccount}
	var binding rbacv1.RoleBinding
	if err := errors.Join(server.Client.Get(t.Context(), key, &corev1.ServiceAccount{}), server.Client.Get(t.Context(), key, &binding)); err != nil {
		t.Fatal(err)
	}
	if binding.RoleRef.Kind != "ClusterRole" || binding.RoleRef.Name != "synccenter-runner" {
		t.Errorf("the account of the runners is bound to %+v", binding.RoleRef)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func applyTaskAndRun(t *testing.T, namespace, task, run string) {
	t.Helper()
	create(t, namespace, newRun(task, run))
	create(t, namespace, newTask(task, ""))
}

func newTask(name, owner string) *v1alpha1.SyncTask {
	users := v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"}
	return &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SyncTaskSpec{
			Owner: owner,
			Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://hr.example.com"}}, Users: users,
			}}},
			Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://directory.example.com"}},
				Users:          v1alpha1.LDAPTargetUsers{LDAPUsers: users},
			}},
			Deletion: v1alpha1.Deletion{Users: v1alpha1.UserDeletion{Action: v1alpha1.DeletionKeep}},
		},
	}
}

func newRun(task, name string) *v1alpha1.SyncRun {
	return &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}},
	}
}

func create(t *testing.T, namespace string, object client.Object) {
	t.Helper()
	object.SetNamespace(namespace)
	if err := server.Client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// finish plays a runner that made one person.
func finish(t *testing.T, run *v1alpha1.SyncRun) {
	t.Helper()
	tell(t, run, report.Report{
		Stage: report.Applying, StartTime: time.Now(),
		Outcome: &report.Outcome{Result: report.Succeeded, EndTime: time.Now()},
		Counts: &history.Counts{
			Users:      history.Tally{Total: 1, Succeeded: 1, UpdatesTotal: 1, UpdatesSucceeded: 1},
			Operations: []history.OperationCount{{Operation: "CreateUser", Planned: 1, Succeeded: 1}},
		},
		State: &report.State{Users: 1},
	})
}

func tell(t *testing.T, run *v1alpha1.SyncRun, facts report.Report) {
	t.Helper()
	facts.RunUID, facts.Attempt = string(run.UID), 1
	reports := cluster.NewReports(cluster.Options{
		Client: server.Client, Namespace: run.Namespace, Task: run.Spec.TaskRef.Name,
		Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID, Attempt: 1},
	})
	if err := reports.Put(t.Context(), &facts); err != nil {
		t.Fatal(err)
	}
}

// waitForJob waits until the run has its Job, and answers with the run.
func waitForJob(t *testing.T, namespace, run string) *v1alpha1.SyncRun {
	t.Helper()
	result := waitForRun(t, namespace, run, func(run *v1alpha1.SyncRun) bool { return run.Status.Job != nil })
	var job batchv1.Job
	if err := server.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: result.Status.Job.Name}, &job); err != nil {
		t.Fatal(err)
	}
	return result
}

func waitForReason(t *testing.T, namespace, run string, reason v1alpha1.Reason) {
	t.Helper()
	waitForRun(t, namespace, run, func(run *v1alpha1.SyncRun) bool {
		for _, c := range run.Status.Conditions {
			if c.Type == v1alpha1.ConditionComplete {
				return c.Reason == string(reason)
			}
		}
		return false
	})
}

func waitForRun(t *testing.T, namespace, name string, wanted func(*v1alpha1.SyncRun) bool) *v1alpha1.SyncRun {
	t.Helper()
	run := &v1alpha1.SyncRun{}
	eventually(t, "run "+name, func() bool {
		if err := server.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, run); err != nil {
			t.Fatal(err)
		}
		return wanted(run)
	}, func() string { return fmt.Sprintf("%+v", run.Status) })
	conditiontest.Run(t, run)
	return run
}

func waitForTask(t *testing.T, namespace, name string, wanted func(*v1alpha1.SyncTask) bool) {
	t.Helper()
	task := &v1alpha1.SyncTask{}
	eventually(t, "task "+name, func() bool {
		if err := server.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, task); err != nil {
			t.Fatal(err)
		}
		return wanted(task)
	}, func() string { return fmt.Sprintf("%+v", task.Status) })
	conditiontest.Task(t, task)
}

func waitForEvent(t *testing.T, namespace, kind, name, reason string) {
	t.Helper()
	eventually(t, "event "+reason+" of "+kind+" "+name, func() bool {
		var list corev1.EventList
		if err := server.Client.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
		for _, event := range list.Items {
			if event.InvolvedObject.Kind == kind && event.InvolvedObject.Name == name && event.Reason == reason {
				return true
			}
		}
		return false
	})
}

// eventually waits for a condition, half a minute at most.
func eventually(t *testing.T, what string, reached func() bool, found ...func() string) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for !reached() {
		select {
		case <-ticker.C:
		case <-deadline:
			message := what + " did not come in half a minute"
			for _, f := range found {
				message += ": " + f()
			}
			t.Fatal(message)
		}
	}
}
