//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestManagerHasNoRightOnSecrets asks the cluster what the manager's account may do.
func TestManagerHasNoRightOnSecrets(t *testing.T) {
	t.Parallel()
	for _, resource := range []string{"secrets", "syncruns"} {
		for _, verb := range []string{"get", "list", "watch"} {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "system:serviceaccount:" + systemNamespace + ":synccenter-manager", Groups: []string{"system:serviceaccounts", "system:authenticated"},
				ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Resource: resource},
			}}
			if resource == "syncruns" { // that the question is put right: this it may
				review.Spec.ResourceAttributes.Group = v1alpha1.GroupVersion.Group
			}
			if err := cluster.client.Create(t.Context(), review); err != nil {
				t.Fatal(err)
			}
			if want := resource == "syncruns"; review.Status.Allowed != want {
				t.Errorf("the manager's right to %s %s is %t, want %t", verb, resource, review.Status.Allowed, want)
			}
		}
	}
}

// TestRunnerWritesForItsOwnRun takes the identity of a run's pod and tries to write for another run.
func TestRunnerWritesForItsOwnRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(40)})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company", slowly(3))
	w.start("own", "company")
	w.awaitPeople("own", target, "company", 1)
	runner := w.as(w.podsOf(t.Context(), "own")[0])

	var run v1alpha1.SyncRun
	w.get("own", &run)
	artifact := func(label string) *v1alpha1.SyncArtifact {
		return &v1alpha1.SyncArtifact{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "probe", Labels: map[string]string{v1alpha1.LabelRun: label}},
			Stream:     "probe", Type: v1alpha1.ArtifactChunk, Data: []byte("probe"),
			Writer: v1alpha1.ArtifactWriter{Run: label, UID: run.UID, Attempt: 1},
		}
	}
	if err := runner.Create(t.Context(), artifact("own"), client.DryRunAll); err != nil {
		t.Errorf("a runner may not write for its own run: %v", err)
	}
	for what, err := range map[string]error{
		"write for another run":     runner.Create(t.Context(), artifact("other"), client.DryRunAll),
		"read Secrets":              runner.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "source-admin"}, &corev1.Secret{}),
		"write the status of a run": runner.Status().Update(t.Context(), &run, client.DryRunAll),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("a runner that tries to %s gets: %v", what, err)
		}
	}
	w.kubectl("synccenter", "cancel", "own")
	w.await("own")
}

// as is a client with the identity of a pod: a token of its account that is bound to it.
func (w *world) as(pod corev1.Pod) client.Client {
	w.Helper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
	}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Spec.ServiceAccountName}}
	if err := cluster.client.SubResource("token").Create(w.Context(), account, request); err != nil {
		w.Fatalf("asking for a token of pod %s: %v", pod.Name, err)
	}
	config := rest.AnonymousClientConfig(cluster.config)
	config.BearerToken = request.Status.Token
	result, err := client.New(config, client.Options{Scheme: cluster.client.Scheme()})
	if err != nil {
		w.Fatal(err)
	}
	return result
}

// TestMetrics reads the manager's metrics without a token, with one that has no right, and with one that has it.
func TestMetrics(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"nobody", "reader"} {
		w.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "synccenter-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.namespace, Name: "reader"}},
	}
	if err := cluster.client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.client.Delete(context.WithoutCancel(t.Context()), binding); err != nil {
			t.Errorf("removing the binding of the test: %v", err)
		}
	})

	address := w.forward(systemNamespace, "service/synccenter-metrics", 8443)
	for account, want := range map[string]int{"": http.StatusUnauthorized, "nobody": http.StatusForbidden, "reader": http.StatusOK} {
		status, body := w.metrics(address, account)
		if status != want {
			t.Errorf("the account %q gets the metrics with status %d, want %d: %.300s", account, status, want, body)
		}
		// A manager that has seen no run yet has no series of its own.
		if shown := strings.Contains(body, "go_goroutines"); shown != (want == http.StatusOK) {
			t.Errorf("the account %q is shown metrics: %t", account, shown)
		}
	}
}

// metrics asks for the metrics with the token of an account, or without one.
func (w *world) metrics(address, account string) (status int, body string) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "https://"+address+"/metrics", http.NoBody)
	if err != nil {
		w.Fatal(err)
	}
	if account != "" {
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(w.kubectl("create", "token", account)))
	}
	// The manager made its certificate itself.
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	answer, err := browser.Do(request)
	if err != nil {
		w.Fatalf("asking for the metrics: %v", err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatalf("reading the metrics: %v", err)
	}
	return answer.StatusCode, string(data)
}
