// Package apiserver starts a real etcd and Kubernetes API server for tests,
// with the project's kinds installed. It has no controllers, no kubelet and no
// garbage collector: what those do must be tested in a real cluster.
//
// The programs etcd and kube-apiserver are found in the folder that
// KUBEBUILDER_ASSETS names. Without it a test fails; it is never skipped.
package apiserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// assetsVariable names the folder with etcd and kube-apiserver.
const assetsVariable = "KUBEBUILDER_ASSETS"

// Server is a running API server. Start it once per package, in TestMain.
type Server struct {
	// Config is that of an administrator.
	Config *rest.Config
	// Client is that of an administrator, without a cache.
	Client client.Client
	// Scheme knows the kinds of Kubernetes and of the project.
	Scheme *runtime.Scheme

	environment *envtest.Environment
}

// Start starts an API server with the project's kinds. The caller stops it.
func Start() (*Server, error) {
	if os.Getenv(assetsVariable) == "" {
		return nil, fmt.Errorf("starting an API server for tests: %s is not set; run the tests with make, or set it to a folder with etcd and kube-apiserver", assetsVariable)
	}
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("building the scheme for tests: %w", err)
	}
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
		Scheme:                scheme,
	}
	config, err := environment.Start()
	if err != nil {
		return nil, fmt.Errorf("starting an API server from the folder %s=%s: %w", assetsVariable, os.Getenv(assetsVariable), err)
	}
	server := &Server{Config: config, Scheme: scheme, environment: environment}
	server.Client, err = client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to the API server for tests: %w", err), environment.Stop())
	}
	return server, nil
}

// Etcd is the URL of the server's etcd, for benchmarks that fill it with more
// than an API server takes in a reasonable time.
func (s *Server) Etcd() string { return s.environment.ControlPlane.Etcd.URL.String() }

// Stop ends the API server and its etcd.
func (s *Server) Stop() error {
	if err := s.environment.Stop(); err != nil {
		return fmt.Errorf("stopping the API server for tests: %w", err)
	}
	return nil
}

// Main starts a server, hands it to use, runs the tests of a package and stops
// the server. It answers with the exit code for os.Exit.
func Main(m *testing.M, use func(*Server)) int {
	server, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	use(server)
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Namespace makes a namespace of its own for a test and answers with its name.
// It is left behind: without controllers nothing would delete what is in it.
func (s *Server) Namespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := s.Client.Create(t.Context(), namespace); err != nil {
		t.Fatalf("creating a namespace: %v", err)
	}
	return namespace.Name
}

// moduleRoot is the folder of go.mod, above the folder in which a test runs.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for the project's folder: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("looking for the project's folder: no go.mod in this folder or above it")
		}
		folder = parent
	}
}
