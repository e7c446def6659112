// Package config_test applies the manifests of this folder to a real API server
// and looks at what they allow and refuse.
package config_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// installed makes sure that install does its work once.
var installed sync.Once

// install applies what a cluster needs before the tests of rights and policies.
func install(t *testing.T) {
	t.Helper()
	installed.Do(func() {
		for _, pattern := range []string{"manager/namespace.yaml", "rbac/*.yaml", "rbac/manager/*.yaml", "admission/*.yaml"} {
			for _, object := range manifests(t, pattern) {
				if err := server.Client.Create(t.Context(), object); err != nil {
					t.Fatalf("creating %s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
		}
	})
}

// manifests reads all objects of the files that match a pattern.
func manifests(t *testing.T, pattern string) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %s (%v)", pattern, err)
	}
	var result []*unstructured.Unstructured
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		opened, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { opened.Close() })
		decoder := yaml.NewYAMLOrJSONDecoder(opened, 4096)
		for {
			object := &unstructured.Unstructured{}
			if err := decoder.Decode(object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("reading %s: %v", file, err)
			}
			result = append(result, object)
		}
	}
	return result
}

// as is a client of another user.
func as(t *testing.T, user rest.ImpersonationConfig) client.Client {
	t.Helper()
	config := rest.CopyConfig(server.Config)
	config.Impersonate = user
	result, err := client.New(config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatalf("connecting as %s: %v", user.UserName, err)
	}
	return result
}

// waitRefused waits until a policy that was just applied is in force: until
// then the API server lets the write through, which is why it must be a trial.
func waitRefused(t *testing.T, what string, try func(context.Context) error) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := try(ctx)
		if err == nil {
			return false, nil
		}
		if apierrors.IsForbidden(err) && strings.Contains(err.Error(), what) {
			return true, nil
		}
		return false, fmt.Errorf("the trial failed otherwise: %w", err)
	})
	if err != nil {
		t.Fatalf("waiting for the policy %s: %v", what, err)
	}
}

// wantForbidden checks that a write was refused in the words wanted.
func wantForbidden(t *testing.T, err error, words ...string) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Fatalf("the API server answered %v, want a refusal", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the refusal %q does not say %q", err, word)
		}
	}
}

// sampleTask is the first sample, in a namespace.
func sampleTask(t *testing.T, namespace string) *v1alpha1.SyncTask {
	t.Helper()
	data, err := os.Open("samples/synctask.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	task := &v1alpha1.SyncTask{}
	if err := yaml.NewYAMLOrJSONDecoder(data, 4096).Decode(task); err != nil {
		t.Fatalf("reading the sample: %v", err)
	}
	task.Namespace = namespace
	return task
}
