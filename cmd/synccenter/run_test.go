package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/lease"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
	"synccenter.dev/synccenter/test/apiserver"
)

var api *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { api = s }))
}

// counting counts what a runner writes to the API server, but for its Lease.
type counting struct {
	client.Client
	mu     sync.Mutex
	writes []string
}

func (c *counting) note(verb string, object client.Object) {
	if _, isLease := object.(*coordinationv1.Lease); isLease {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes = append(c.writes, verb+" "+object.GetName())
}

func (c *counting) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	c.note("create", object)
	return c.Client.Create(ctx, object, options...)
}

func (c *counting) Update(ctx context.Context, object client.Object, options ...client.UpdateOption) error {
	c.note("update", object)
	return c.Client.Update(ctx, object, options...)
}

func (c *counting) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	c.note("patch", object)
	return c.Client.Patch(ctx, object, patch, options...)
}

func (c *counting) Delete(ctx context.Context, object client.Object, options ...client.DeleteOption) error {
	c.note("delete", object)
	return c.Client.Delete(ctx, object, options...)
}

// asRunner is a client with the rights of a runner in a namespace, as config/ gives them.
func asRunner(t *testing.T, namespace string) client.Client {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "runner_role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(manifest, &role); err != nil {
		t.Fatal(err)
	}
	role.Name += "-" + namespace
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "runner"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "synccenter-runner"}},
	}
	for _, object := range []client.Object{&role, binding} {
		if err := api.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	config := rest.CopyConfig(api.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + namespace + ":synccenter-runner"}
	limited, err := client.New(config, client.Options{Scheme: api.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return limited
}

// mountSecret does what the kubelet does.
func mountSecret(t *testing.T) runner.Connectors {
	t.Helper()
	mounts := runner.Connectors{Secrets: t.TempDir(), ConfigMaps: t.TempDir()}
	for key, value := range map[string]string{"username": slapdtest.AdminDN, "password": slapdtest.AdminPassword} {
		path := filepath.Join(mounts.Secrets, "ldap", key)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return mounts
}

// taskOn syncs the departments and people of one tree to another.
func taskOn(server *slapdtest.Server, source, target slapdtest.Tree) v1alpha1.SyncTaskSpec {
	connection := v1alpha1.LDAPConnection{URLs: []string{server.URL}, CredentialsSecretRef: &v1alpha1.SecretReference{Name: "ldap"}}
	return v1alpha1.SyncTaskSpec{
		Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
			LDAPConnection: connection, Users: v1alpha1.LDAPUsers{BaseDN: source.People},
		}}},
		Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
			LDAPConnection: connection, Users: v1alpha1.LDAPTargetUsers{LDAPUsers: v1alpha1.LDAPUsers{BaseDN: target.People}},
		}},
		Deletion: v1alpha1.Deletion{Users: v1alpha1.UserDeletion{Action: v1alpha1.DeletionDelete}},
		Export:   &v1alpha1.Export{TimeZone: "UTC"},
	}
}

// begun is a run whose definition is stored, as the manager does before it makes the Job.
func begun(t *testing.T, namespace string, spec v1alpha1.SyncTaskSpec) (runOptions, cluster.Options) {
	t.Helper()
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hr-first"},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
	}
	if err := api.Client.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hr"}, Spec: spec}
	data, err := definition.New(task, run, 1).Encode()
	if err != nil {
		t.Fatal(err)
	}
	stored := cluster.Options{
		Client: api.Client, Namespace: namespace, Task: "hr", Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID},
	}
	if _, err := artifacttest.WriteAll(t.Context(), cluster.New(stored), artifact.Scope{Run: string(run.UID)}, definition.Stream, data); err != nil {
		t.Fatal(err)
	}
	return runOptions{
		namespace: namespace, attempt: runner.Attempt{Run: run.Name, UID: string(run.UID), Number: 1}, budget: artifact.DefaultBudget(),
	}, stored
}

func TestARunInTheClusterNeedsNoMoreRightsAndWritesThanStated(t *testing.T) {
	directory := slapdtest.Start(t, slapdtest.Options{})
	source, target := directory.Tree(t), directory.Tree(t)
	for _, uid := range []string{"an", "bo", "chen"} {
		directory.Apply(t, "dn: uid="+uid+","+source.People+"\nobjectClass: inetOrgPerson\nuid: "+uid+"\ncn: "+uid+"\nsn: "+uid+"\n\n")
	}
	namespace := api.Namespace(t)
	options, stored := begun(t, namespace, taskOn(directory, source, target))
	limited := &counting{Client: asRunner(t, namespace)}

	if err := options.run(t.Context(), limited, mountSecret(t)); err != nil {
		t.Fatal(err)
	}

	last, err := cluster.NewReports(stored).Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if last == nil || last.Outcome == nil || last.Outcome.Result != report.Succeeded || last.Counts.Users.Succeeded != 3 {
		t.Fatalf("the run did not succeed: %+v", last)
	}
	chunks := 0
	for _, write := range limited.writes {
		if strings.Contains(write, "-chunk-") {
			chunks++
		}
	}
	if others := len(limited.writes) - chunks; others > 15 {
		t.Errorf("%d writes beside chunks, want at most 15:\n%s", others, strings.Join(limited.writes, "\n"))
	}
	expectExport(t, namespace, last.Export)
	expectFreeLease(t, namespace)
	expectOnlyWhatStays(t, namespace)
}

func expectExport(t *testing.T, namespace string, export *report.Export) {
	t.Helper()
	if export == nil || export.Reason != string(v1alpha1.ReasonStored) {
		t.Fatalf("the export is not stored: %+v", export)
	}
	var stored corev1.ConfigMap
	if err := api.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: export.ConfigMap}, &stored); err != nil {
		t.Fatal(err)
	}
	if int64(len(stored.BinaryData[export.Key])) != export.SizeBytes || export.SizeBytes == 0 {
		t.Errorf("the file has %d bytes and the report says %d", len(stored.BinaryData[export.Key]), export.SizeBytes)
	}
	if len(stored.OwnerReferences) != 1 || stored.OwnerReferences[0].Name != "hr-first" {
		t.Errorf("the export does not go with its run: %+v", stored.OwnerReferences)
	}
}

func expectFreeLease(t *testing.T, namespace string) {
	t.Helper()
	var held coordinationv1.Lease
	if err := api.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: lease.Name(namespace + "/hr")}, &held); err != nil {
		t.Fatal(err)
	}
	if held.Spec.HolderIdentity != nil && *held.Spec.HolderIdentity != "" {
		t.Errorf("the lease is still held by %s", *held.Spec.HolderIdentity)
	}
}

// expectOnlyWhatStays fails the test when a plan or a journal is left behind.
func expectOnlyWhatStays(t *testing.T, namespace string) {
	t.Helper()
	var artifacts v1alpha1.SyncArtifactList
	if err := api.Client.List(t.Context(), &artifacts, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	for _, one := range artifacts.Items {
		if slices.Contains([]string{"plan", "journal"}, one.Stream) {
			t.Errorf("%s is left behind", one.Name)
		}
	}
}

func TestAnExportReplacesThatOfItsOwnRunAlone(t *testing.T) {
	namespace := api.Namespace(t)
	limited := asRunner(t, namespace)
	own := &exportConfigMaps{client: limited, namespace: namespace, task: "hr", run: "hr-first", uid: "uid-1"}
	for _, content := range []string{"first", "second"} {
		if _, _, err := own.Put(t.Context(), "hr-first.xlsx", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	other := &exportConfigMaps{client: limited, namespace: namespace, task: "hr", run: "hr-first", uid: "uid-2"}
	if _, _, err := other.Put(t.Context(), "hr-first.xlsx", []byte("third")); err == nil {
		t.Error("the export of another run was replaced")
	}
	var stored corev1.ConfigMap
	if err := api.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: "hr-first-export"}, &stored); err != nil {
		t.Fatal(err)
	}
	if got := string(stored.BinaryData["hr-first.xlsx"]); got != "second" {
		t.Errorf("the export holds %q", got)
	}
	if _, _, err := own.Put(t.Context(), "hr-first.xlsx", make([]byte, maxExport+1)); !errors.Is(err, runner.ErrTooLarge) {
		t.Errorf("want ErrTooLarge, got %v", err)
	}
}
