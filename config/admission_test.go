package config_test

import (
	"context"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	leases "synccenter.dev/synccenter/internal/lease"
)

const adminGroup = "system:masters"

// runner is the account of the pods of runs, as seen from inside one of them.
func runner(t *testing.T, namespace, pod string) client.Client {
	t.Helper()
	name := "system:serviceaccount:" + namespace + ":synccenter-runner"
	user := rest.ImpersonationConfig{UserName: name, Groups: []string{adminGroup}}
	if pod != "" {
		user.Extra = map[string][]string{"authentication.kubernetes.io/pod-name": {pod}}
	}
	return as(t, user)
}

func artifact(namespace, name, run string, owned bool) *v1alpha1.SyncArtifact {
	result := &v1alpha1.SyncArtifact{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{v1alpha1.LabelRun: run}},
		Stream:     "records",
		Type:       v1alpha1.ArtifactManifest,
		Writer:     v1alpha1.ArtifactWriter{Run: run, UID: "uid", Attempt: 1},
		Data:       []byte("data"),
	}
	if owned {
		result.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindSyncRun, Name: run, UID: "uid"}}
	}
	return result
}

func TestRunnerWritesForItsOwnRun(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	waitRefused(t, "synccenter-runner-writes", func(ctx context.Context) error {
		return runner(t, namespace, "").Create(ctx, artifact(namespace, "trial", "hr", true), client.DryRunAll)
	})
	longest := "a23456789-123456789-123456789-123456789-123456789-123456"
	tests := map[string]struct {
		pod, run string
		refused  bool
	}{
		"its own run":                  {pod: "hr-first-1-x7k2p", run: "hr-first"},
		"its own, the twelfth attempt": {pod: "hr-first-12-x7k2p", run: "hr-first"},
		"its own, the longest name":    {pod: longest + "-1x7k2p", run: longest},
		"its own look":                 {pod: longest[:40] + "-explain-1234567-1x7k2p", run: longest[:40] + "-explain-1234567"},
		"another run":                  {pod: "hr-first-1-x7k2p", run: "hr-second", refused: true},
		"a run that its name begins":   {pod: "hr-first-1-x7k2p", run: "hr", refused: true},
		"a run by a number":            {pod: "hr-2601010200-1-x7k2p", run: "hr", refused: true},
		"no run":                       {pod: "hr-first-1-x7k2p", run: "", refused: true},
		"a token without a pod":        {pod: "", run: "hr-first", refused: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			user := runner(t, namespace, test.pod)
			object := artifact(namespace, "x", test.run, true)
			exported := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "x", Labels: object.Labels}}
			if test.run == "" {
				object.Labels, object.Writer.Run, object.OwnerReferences = nil, "x", nil
			}
			for _, object := range []client.Object{object, exported} {
				err := user.Create(t.Context(), object, client.DryRunAll)
				if test.refused {
					wantForbidden(t, err, "may not write for the run", "synccenter.dev/run")
				} else if err != nil {
					t.Errorf("the runner's own write is refused: %v", err)
				}
			}
		})
	}
}

func TestRunnerChangesWhatIsItsOwn(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	user := runner(t, namespace, "hr-second-1-x7k2p")
	waitRefused(t, "synccenter-runner-writes", func(ctx context.Context) error {
		return user.Create(ctx, artifact(namespace, "trial", "hr-first", true), client.DryRunAll)
	})
	tests := map[string]struct {
		owned   bool
		before  string
		refused bool
	}{
		"its own":                   {owned: true, before: "hr-second"},
		"another run's":             {owned: true, before: "hr-first", refused: true},
		"the state by another run":  {before: "hr-first"},
		"the state of a former run": {before: "hr-long-ago"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := artifact(namespace, "", test.before, test.owned)
			object.GenerateName = "x-"
			if err := server.Client.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			object.Labels[v1alpha1.LabelRun], object.Writer.Run = "hr-second", "hr-second"
			for what, err := range map[string]error{
				"replace": user.Update(t.Context(), object.DeepCopy(), client.DryRunAll),
				"delete":  user.Delete(t.Context(), object.DeepCopy(), client.DryRunAll),
			} {
				if test.refused {
					wantForbidden(t, err, "may not change what belongs to the run 'hr-first'")
				} else if err != nil {
					t.Errorf("the runner may not %s it: %v", what, err)
				}
			}
		})
	}
}

func TestRunnerHoldsLeasesInItsOwnName(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	user := runner(t, namespace, "hr-first-1-x7k2p")
	lease := func(holder string) *coordinationv1.Lease {
		result := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "synccenter-"}}
		if holder != "" {
			result.Spec.HolderIdentity = &holder
		}
		return result
	}
	const own, other = "uid/hr-first-1-x7k2p", "uid/hr-second-1-abcde"
	waitRefused(t, "synccenter-runner-leases", func(ctx context.Context) error {
		return user.Create(ctx, lease(other), client.DryRunAll)
	})
	tests := map[string]struct {
		before, after string
		refused       bool
	}{
		"takes a free one":          {"", own, false},
		"renews its own":            {own, own, false},
		"gives its own back":        {own, "", false},
		"takes over":                {other, own, false},
		"gives another's back":      {other, "", true},
		"renews another's":          {other, other, true},
		"takes one for another":     {"", other, true},
		"by a name that ends so":    {"", "uid/x-hr-first-1-x7k2p", true},
		"takes it in no pod's name": {"", "uid/", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := lease(test.before)
			if err := server.Client.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			object.Spec = lease(test.after).Spec
			err := user.Update(t.Context(), object, client.DryRunAll)
			if test.refused {
				wantForbidden(t, err, "'hr-first-1-x7k2p'", "in its own name")
			} else if err != nil {
				t.Errorf("the runner's own Lease is refused: %v", err)
			}
		})
	}
}

// TestOthersWriteArtifacts: the policy is about runners alone.
func TestOthersWriteArtifacts(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	waitRefused(t, "synccenter-runner-writes", func(ctx context.Context) error {
		return runner(t, namespace, "").Create(ctx, artifact(namespace, "trial", "hr", true), client.DryRunAll)
	})
	manager := as(t, rest.ImpersonationConfig{UserName: managerName})
	if err := manager.Create(t.Context(), artifact(namespace, "definition", "hr-first", true), client.DryRunAll); err != nil {
		t.Errorf("the manager may not store a definition: %v", err)
	}
}

func TestSecretReferences(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	for _, user := range []string{"alice", "bob", "carol"} {
		bind(t, namespace, user, "synccenter-editor")
	}
	grant(t, namespace, "alice", "get", "hr-ldap", "company-ldap", "registry")
	grant(t, namespace, "carol", "use", "hr-ldap", "company-ldap", "registry")
	alice := as(t, rest.ImpersonationConfig{UserName: "alice"})
	bob := as(t, rest.ImpersonationConfig{UserName: "bob"})
	carol := as(t, rest.ImpersonationConfig{UserName: "carol"})
	waitRefused(t, "synccenter-secret-references", func(ctx context.Context) error {
		return bob.Create(ctx, sampleTask(t, namespace), client.DryRunAll)
	})

	wantForbidden(t, bob.Create(t.Context(), sampleTask(t, namespace)), "'bob'", "'hr-ldap'", "get or use")
	if err := carol.Create(t.Context(), sampleTask(t, namespace), client.DryRunAll); err != nil {
		t.Errorf("who may use the Secrets may not name them: %v", err)
	}
	anonymous := sampleTask(t, namespace)
	anonymous.Spec.Sources[0].LDAP.CredentialsSecretRef, anonymous.Spec.Target.LDAP.CredentialsSecretRef = nil, nil
	if err := bob.Create(t.Context(), anonymous, client.DryRunAll); err != nil {
		t.Errorf("a task without Secrets is refused: %v", err)
	}
	task := sampleTask(t, namespace)
	if err := alice.Create(t.Context(), task); err != nil {
		t.Fatalf("who may get the Secrets may not name them: %v", err)
	}

	tests := map[string]struct {
		change func(*v1alpha1.SyncTaskSpec)
		// refused is the Secret that bob may not name; empty if the change is his to make.
		refused string
	}{
		"what names no Secret":   {func(s *v1alpha1.SyncTaskSpec) { s.Suspend = true }, ""},
		"no Secret any more":     {func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.CredentialsSecretRef = nil }, ""},
		"another Secret":         {func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.CredentialsSecretRef.Name = "other" }, "'other'"},
		"the other end's Secret": {func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.CredentialsSecretRef.Name = "hr-ldap" }, "'hr-ldap'"},
		"another server":         {func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.URLs = []string{"ldaps://thief.example"} }, "'hr-ldap'"},
		"one more server": {func(s *v1alpha1.SyncTaskSpec) {
			s.Target.LDAP.URLs = append(s.Target.LDAP.URLs, "ldaps://thief.example")
		}, "'company-ldap'"},
		"another authority": {func(s *v1alpha1.SyncTaskSpec) {
			s.Target.LDAP.CABundleRef = &v1alpha1.ConfigMapKeyReference{Name: "mine"}
		}, "'company-ldap'"},
		"another machine for the server's name": {func(s *v1alpha1.SyncTaskSpec) {
			s.Execution.PodTemplate.HostAliases = []v1alpha1.HostAlias{{IP: "192.0.2.66", Hostnames: []string{"ldap.hr.example"}}}
		}, "'hr-ldap'"},
		"a Secret of a registry": {func(s *v1alpha1.SyncTaskSpec) {
			s.Execution.PodTemplate.ImagePullSecrets = []v1alpha1.SecretReference{{Name: "registry"}}
		}, "'registry'"},
		"all four at once": {func(s *v1alpha1.SyncTaskSpec) {
			s.Sources[0].LDAP.StartTLS, s.Sources[0].LDAP.URLs = true, []string{"ldap://thief.example"}
			s.Target.LDAP.URLs = []string{"ldaps://thief.example"}
			s.Execution.PodTemplate.ImagePullSecrets = []v1alpha1.SecretReference{{Name: "registry"}, {Name: "hr-ldap"}}
		}, "'hr-ldap'"},
		"a base, the same server": {func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Users.BaseDN = "ou=few,dc=hr,dc=example" }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			changed := task.DeepCopy()
			test.change(&changed.Spec)
			if test.refused == "'other'" {
				wantForbidden(t, alice.Update(t.Context(), changed.DeepCopy(), client.DryRunAll), test.refused)
			} else if err := alice.Update(t.Context(), changed.DeepCopy(), client.DryRunAll); err != nil {
				t.Errorf("who may get the Secrets may not make the change: %v", err)
			}
			err := bob.Update(t.Context(), changed, client.DryRunAll)
			if test.refused != "" {
				wantForbidden(t, err, test.refused)
			} else if err != nil {
				t.Errorf("the change is refused: %v", err)
			}
		})
	}
}

func TestOwnName(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	bind(t, namespace, "alice", "synccenter-editor")
	bind(t, namespace, "alice", "synccenter-approver")
	alice := as(t, rest.ImpersonationConfig{UserName: "alice"})
	run := func(name string) client.Object {
		return &v1alpha1.SyncRun{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "hr-"},
			Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}, RequestedBy: name},
		}
	}
	approval := func(name string) client.Object {
		return &v1alpha1.SyncApproval{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "hr-"},
			Spec: v1alpha1.SyncApprovalSpec{
				TaskRef: v1alpha1.TaskReference{Name: "hr"}, Decision: v1alpha1.DecisionApprove, ApprovedBy: name,
				Deletions: &v1alpha1.HeldDeletions{ListDigest: "sha256:12"},
			},
		}
	}
	waitRefused(t, "synccenter-own-name", func(ctx context.Context) error {
		return alice.Create(ctx, run("bob"), client.DryRunAll)
	})
	wantForbidden(t, alice.Create(t.Context(), run("bob")), "spec.requestedBy is 'bob'", "you are 'alice'")
	wantForbidden(t, alice.Create(t.Context(), approval("bob")), "spec.approvedBy is 'bob'", "you are 'alice'")
	for _, object := range []client.Object{run(""), run("alice"), approval("alice")} {
		if err := alice.Create(t.Context(), object); err != nil {
			t.Errorf("%T in one's own name is refused: %v", object, err)
		}
	}
}

// TestAutomaticRuns: the label of automatic runs is the manager's, and an
// administrator's who restores a backup.
func TestAutomaticRuns(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	bind(t, namespace, "alice", "synccenter-editor")
	alice := as(t, rest.ImpersonationConfig{UserName: "alice"})
	manager := as(t, rest.ImpersonationConfig{UserName: managerName})
	admin := as(t, rest.ImpersonationConfig{UserName: "kubernetes-admin", Groups: []string{adminGroup}})
	run := func(labels map[string]string) *v1alpha1.SyncRun {
		return &v1alpha1.SyncRun{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "hr-", Labels: labels},
			Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
		}
	}
	automatic := map[string]string{v1alpha1.LabelTrigger: string(v1alpha1.TriggerScheduled)}
	waitRefused(t, "synccenter-automatic-runs", func(ctx context.Context) error {
		return alice.Create(ctx, run(automatic), client.DryRunAll)
	})
	wantForbidden(t, alice.Create(t.Context(), run(automatic)), "'alice'", "synccenter.dev/trigger", "apply the run without it")
	byHand := run(map[string]string{v1alpha1.LabelTask: "hr"})
	if err := alice.Create(t.Context(), byHand); err != nil {
		t.Fatalf("a run with other labels is refused: %v", err)
	}
	byHand.Labels = automatic
	wantForbidden(t, alice.Update(t.Context(), byHand), "'alice'", "neither set nor change")

	made := run(automatic)
	if err := manager.Create(t.Context(), made); err != nil {
		t.Fatalf("the manager may not make a run: %v", err)
	}
	made.Spec.Cancel = true
	if err := alice.Update(t.Context(), made, client.DryRunAll); err != nil {
		t.Errorf("cancelling an automatic run is refused: %v", err)
	}
	made.Labels = nil
	wantForbidden(t, alice.Update(t.Context(), made), "'alice'", "synccenter.dev/keep")
	if err := admin.Create(t.Context(), run(automatic), client.DryRunAll); err != nil {
		t.Errorf("an administrator may not restore a run: %v", err)
	}
}

// TestChunksAreImmutable: nobody changes the data of a chunk, whatever it is, and
// its labels and owners change as those of any object: Kubernetes itself takes
// the owner away when somebody deletes a run and leaves what it owns.
func TestChunksAreImmutable(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	chunk := artifact(namespace, "", "hr-first", true)
	chunk.GenerateName, chunk.Type, chunk.Data = "x-", v1alpha1.ArtifactChunk, []byte{0xfb, 0xff, 0xfe} // +//+ in base64
	if err := server.Client.Create(t.Context(), chunk); err != nil {
		t.Fatal(err)
	}
	changed := chunk.DeepCopy()
	changed.Data = []byte("other")
	waitRefused(t, "synccenter-immutable-chunks", func(ctx context.Context) error {
		return server.Client.Update(ctx, changed.DeepCopy(), client.DryRunAll)
	})
	wantForbidden(t, server.Client.Update(t.Context(), changed), "the data of a chunk is immutable", "make a new chunk")
	chunk.OwnerReferences = nil
	chunk.Labels["team"] = "hr"
	if err := server.Client.Update(t.Context(), chunk); err != nil {
		t.Errorf("the owner of a chunk cannot be taken away: %v", err)
	}
}

// TestManagerDeletesExportsAlone: the manager's right to delete ConfigMaps is for those of runs.
func TestManagerDeletesExportsAlone(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	manager := as(t, rest.ImpersonationConfig{UserName: managerName})
	of := artifact(namespace, "", "hr-first", true)
	other := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "settings", Labels: of.Labels}}
	export := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hr-first-export", OwnerReferences: of.OwnerReferences}}
	for _, object := range []client.Object{other, export} {
		if err := server.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	waitRefused(t, "synccenter-manager-exports", func(ctx context.Context) error { return manager.Delete(ctx, other, client.DryRunAll) })
	wantForbidden(t, manager.Delete(t.Context(), other), "'settings'", "belongs to no SyncRun")
	if err := manager.Delete(t.Context(), export); err != nil {
		t.Errorf("the manager may not delete an export: %v", err)
	}
}

// TestManagerWritesLeasesOfTasksAlone: it asks a runner to stop, leads itself,
// and can neither take a task's Lease nor touch that of anything else.
func TestManagerWritesLeasesOfTasksAlone(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	manager := as(t, rest.ImpersonationConfig{UserName: managerName})
	lease := func(namespace, name, holder string) *coordinationv1.Lease {
		result := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		if holder != "" {
			result.Spec.HolderIdentity = &holder
		}
		return result
	}
	ofNode, ofTask := lease(namespace, "node-1", "node-1"), lease(namespace, leases.Name("hr"), "uid/hr-first-1-x7k2p")
	for _, object := range []client.Object{ofNode, ofTask} {
		if err := server.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	patch := func(object client.Object, change string) error {
		return manager.Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(change)), client.DryRunAll)
	}
	const annotate, takeOver = `{"metadata":{"annotations":{"synccenter.dev/stop":"why"}}}`, `{"spec":{"holderIdentity":"me"}}`
	waitRefused(t, "synccenter-manager-leases", func(context.Context) error { return patch(ofNode.DeepCopy(), annotate) })
	wantForbidden(t, patch(ofNode.DeepCopy(), annotate), "'node-1'", "is none of a task")
	wantForbidden(t, patch(ofTask.DeepCopy(), takeOver), "may not say who holds")
	wantForbidden(t, manager.Create(t.Context(), lease(namespace, leases.Name("payroll"), "me"), client.DryRunAll), "may not say who holds")
	wantForbidden(t, manager.Create(t.Context(), lease(namespace, "synccenter-manager", ""), client.DryRunAll), "is none of a task")
	for what, err := range map[string]error{
		"ask a runner to stop":                  patch(ofTask.DeepCopy(), annotate),
		"ask one to stop that has not begun":    manager.Create(t.Context(), lease(namespace, leases.Name("payroll"), ""), client.DryRunAll),
		"lead, in the namespace of the manager": manager.Create(t.Context(), lease("synccenter-system", "synccenter-manager", "me"), client.DryRunAll),
	} {
		if err != nil {
			t.Errorf("the manager may not %s: %v", what, err)
		}
	}
}

// grant gives a user one verb on Secrets by name.
func grant(t *testing.T, namespace, user, verb string, names ...string) {
	t.Helper()
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "test-"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: names, Verbs: []string{verb}}},
	}
	if err := server.Client.Create(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "test-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if err := server.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
}
