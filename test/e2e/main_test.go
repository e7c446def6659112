//go:build e2e

// Package e2e tests Sync Center with real pods: a manager that was installed from config/default, OpenLDAP servers as source
// and target, kubectl and its plugin as a user has them. Each test has a namespace of its own, which goes when the test ends.
//
// hack/test-e2e.sh prepares all of it and runs the tests; docs/development.md lists the environment that they read.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// systemNamespace is where config/default installs the manager.
const systemNamespace = "synccenter-system"

// testLabel is on the namespaces of tests.
const testLabel = "synccenter.dev/e2e"

// cluster is what all tests share.
var cluster struct {
	config *rest.Config
	client client.WithWatch
	// pods gives what client cannot: logs and tokens.
	pods       kubernetes.Interface
	slapdImage string
}

func TestMain(m *testing.M) {
	if err := connect(); err != nil {
		fmt.Fprintf(os.Stderr, "end-to-end tests need what hack/test-e2e.sh prepares: %v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := awaitNamespacesGone(); err != nil {
		fmt.Fprintf(os.Stderr, "the namespaces of the tests do not go away: %v\n", err)
		code = 1
	}
	os.Exit(code)
}

// awaitNamespacesGone lets the manager release what the tests made, before somebody removes the manager.
func awaitNamespacesGone() error {
	return wait.PollUntilContextTimeout(context.Background(), 500*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var left corev1.NamespaceList
		err := cluster.client.List(ctx, &left, client.HasLabels{testLabel})
		return len(left.Items) == 0, err
	})
}

func connect() error {
	cluster.slapdImage = os.Getenv("E2E_SLAPD_IMAGE")
	if cluster.slapdImage == "" {
		return errors.New("E2E_SLAPD_IMAGE is not set")
	}
	for _, program := range []string{"kubectl", "kubectl-synccenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	var err error
	if cluster.config, err = ctrl.GetConfig(); err != nil {
		return err
	}
	if cluster.client, err = client.NewWithWatch(cluster.config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	cluster.pods, err = kubernetes.NewForConfig(cluster.config)
	return err
}
