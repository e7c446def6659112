//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patience is how long anything may take that is waited for. A pod that was killed keeps its Lease for a minute.
const patience = 4 * time.Minute

// world is the namespace of one test.
type world struct {
	*testing.T
	namespace string
}

// newWorld makes a namespace where the strictest rules for pods hold.
func newWorld(t *testing.T) *world {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-", Labels: map[string]string{testLabel: "", "pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := cluster.client.Create(t.Context(), namespace); err != nil {
		t.Fatalf("making a namespace: %v", err)
	}
	w := &world{T: t, namespace: namespace.Name}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if t.Failed() {
			w.explain(ctx)
		}
		if err := cluster.client.Delete(ctx, namespace); err != nil {
			t.Errorf("removing the namespace of the test: %v", err)
		}
	})
	return w
}

// explain prints what a person would look at after a failure.
func (w *world) explain(ctx context.Context) {
	for _, arguments := range []string{
		"get syncruns,synctasks,jobs,pods --output=wide",
		"describe syncruns,synctasks",
		"logs --selector=synccenter.dev/run --prefix --tail=20 --ignore-errors",
		"get events --sort-by=.lastTimestamp",
	} {
		command := exec.CommandContext(ctx, "kubectl", append([]string{"--namespace", w.namespace}, strings.Fields(arguments)...)...)
		output, err := command.CombinedOutput()
		w.Logf("kubectl %s (%v)\n%s", arguments, err, output)
	}
}

// kubectl runs kubectl in the namespace of the test and answers with what it prints.
func (w *world) kubectl(arguments ...string) string {
	w.Helper()
	output, complaint := w.tryKubectl("", arguments...)
	if complaint != "" {
		w.Fatalf("kubectl %s: %s", strings.Join(arguments, " "), complaint)
	}
	return output
}

// tryKubectl runs kubectl and answers with what it prints and, when it fails, with what it complains of.
func (w *world) tryKubectl(input string, arguments ...string) (output, complaint string) {
	w.Helper()
	command := exec.CommandContext(w.Context(), "kubectl", append(arguments, "--namespace", w.namespace)...)
	var out, problems bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &problems
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return out.String(), "(" + exit.String() + ") " + problems.String()
	case err != nil:
		w.Fatalf("running kubectl: %v", err)
	}
	return out.String(), ""
}

// apply applies a manifest of testdata.
func (w *world) apply(manifest string) {
	w.Helper()
	w.kubectl("apply", "--server-side", "--filename", "testdata/"+manifest)
}

// create creates an object in the namespace of the test.
func (w *world) create(object client.Object) {
	w.Helper()
	object.SetNamespace(w.namespace)
	if err := cluster.client.Create(w.Context(), object); err != nil {
		w.Fatalf("creating %T %s: %v", object, object.GetName(), err)
	}
}

// get reads an object of the namespace.
func (w *world) get(name string, object client.Object) {
	w.Helper()
	if err := cluster.client.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, object); err != nil {
		w.Fatalf("reading %T %s: %v", object, name, err)
	}
}

// until waits for a condition of one object. what says what is waited for.
func until[T client.Object](w *world, what, name string, object T, condition func(T) bool) T {
	w.Helper()
	err := wait.PollUntilContextTimeout(w.Context(), 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := cluster.client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, object)
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil && condition(object), err
	})
	if err != nil {
		w.Fatalf("waiting for %s: %v", what, err)
	}
	return object
}

// eventually waits for what is not about one object.
func (w *world) eventually(what string, condition func(context.Context) (bool, error)) {
	w.Helper()
	if err := wait.PollUntilContextTimeout(w.Context(), 200*time.Millisecond, patience, true, condition); err != nil {
		w.Fatalf("waiting for %s: %v", what, err)
	}
}

// read is a file of testdata.
func (w *world) read(name string) string {
	w.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}
