package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const managerName = "system:serviceaccount:synccenter-system:synccenter-manager"

// right is what a user asks for.
type right struct{ group, resource, verb, name string }

func allowed(t *testing.T, user, namespace string, r right) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: r.group, Resource: r.resource, Verb: r.verb, Name: r.name, Namespace: namespace,
		},
	}}
	if err := server.Client.Create(t.Context(), review); err != nil {
		t.Fatalf("asking for the rights of %s: %v", user, err)
	}
	return review.Status.Allowed
}

// bind gives a user a ClusterRole in a namespace.
func bind(t *testing.T, namespace, user, role string) {
	t.Helper()
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "test-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if err := server.Client.Create(t.Context(), binding); err != nil {
		t.Fatalf("binding %s to %s: %v", user, role, err)
	}
}

func TestRights(t *testing.T) {
	install(t)
	namespace := server.Namespace(t)
	for user, role := range map[string]string{
		"runner": "synccenter-runner", "viewer": "synccenter-viewer", "editor": "synccenter-editor",
		"approver": "synccenter-approver", "reader": "synccenter-artifact-reader",
	} {
		bind(t, namespace, user, role)
	}
	const ours = "synccenter.dev"
	tests := []struct {
		user    string
		right   right
		allowed bool
	}{
		{managerName, right{ours, "synctasks", "list", ""}, true},
		{managerName, right{ours, "syncruns/status", "update", ""}, true},
		{managerName, right{ours, "syncruns", "trigger", ""}, true},
		{managerName, right{"batch", "jobs", "create", ""}, true},
		{managerName, right{"coordination.k8s.io", "leases", "patch", ""}, true},
		{managerName, right{"coordination.k8s.io", "leases", "update", ""}, false},
		{managerName, right{"coordination.k8s.io", "leases", "delete", ""}, false},
		{managerName, right{"", "serviceaccounts", "patch", "synccenter-runner"}, true},
		{managerName, right{"", "serviceaccounts", "patch", "default"}, false},
		{managerName, right{"rbac.authorization.k8s.io", "rolebindings", "patch", "synccenter-runner"}, true},
		{managerName, right{"rbac.authorization.k8s.io", "rolebindings", "create", "admins"}, false},
		{managerName, right{ours, "syncapprovals", "patch", ""}, false},
		{managerName, right{"", "nodes", "get", ""}, true},
		{managerName, right{"authentication.k8s.io", "tokenreviews", "create", ""}, true},
		{managerName, right{"authorization.k8s.io", "subjectaccessreviews", "create", ""}, true},
		{managerName, right{"", "configmaps", "get", ""}, false},
		{managerName, right{"", "configmaps", "delete", ""}, true},
		{managerName, right{"", "configmaps", "update", ""}, false},
		{managerName, right{"", "pods", "create", ""}, false},
		{managerName, right{"", "pods", "exec", ""}, false},
		{managerName, right{"rbac.authorization.k8s.io", "clusterroles", "bind", "synccenter-runner"}, true},
		{managerName, right{"rbac.authorization.k8s.io", "clusterroles", "bind", "cluster-admin"}, false},
		{managerName, right{"rbac.authorization.k8s.io", "clusterroles", "escalate", "synccenter-runner"}, false},
		{"runner", right{ours, "syncartifacts", "create", ""}, true},
		{"runner", right{"coordination.k8s.io", "leases", "update", ""}, true},
		{"runner", right{"", "configmaps", "create", ""}, true},
		{"runner", right{"", "configmaps", "get", ""}, false},
		{"runner", right{ours, "syncruns/status", "update", ""}, false},
		{"runner", right{ours, "synctasks", "get", ""}, false},
		{"viewer", right{ours, "syncruns", "list", ""}, true},
		{"viewer", right{ours, "syncruns", "create", ""}, false},
		{"viewer", right{ours, "syncartifacts", "get", ""}, false},
		{"editor", right{ours, "syncruns", "create", ""}, true},
		{"editor", right{ours, "syncruns", "trigger", ""}, false},
		{"editor", right{ours, "syncruns/status", "update", ""}, false},
		{"editor", right{ours, "syncapprovals", "create", ""}, false},
		{"editor", right{ours, "syncartifacts", "get", ""}, false},
		{"approver", right{ours, "syncapprovals", "create", ""}, true},
		{"reader", right{ours, "syncartifacts", "get", ""}, true},
	}
	for _, test := range tests {
		if got := allowed(t, test.user, namespace, test.right); got != test.allowed {
			t.Errorf("%s: allowed to %s %s/%s %s is %t, want %t", test.user, test.right.verb, test.right.group, test.right.resource, test.right.name, got, test.allowed)
		}
	}
	for _, user := range []string{managerName, "runner", "viewer", "editor", "approver", "reader"} {
		for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use"} {
			if allowed(t, user, namespace, right{"", "secrets", verb, ""}) {
				t.Errorf("%s may %s Secrets", user, verb)
			}
		}
	}
}

// TestTheManagerHasNoOtherRights states the manager's whole role: what no code
// needs, a manager that was taken over would have for nothing. A right that is
// added here has its use in controllers.
func TestTheManagerHasNoOtherRights(t *testing.T) {
	t.Parallel()
	const runner = " synccenter-runner"
	want := map[string]string{
		"synctasks.synccenter.dev":            "get list patch watch",
		"synctasks.synccenter.dev/status":     "update",
		"synctasks.synccenter.dev/finalizers": "update",
		"syncruns.synccenter.dev":             "create delete get list patch trigger watch",
		"syncruns.synccenter.dev/status":      "update",
		"syncruns.synccenter.dev/finalizers":  "update",
		"syncapprovals.synccenter.dev":        "list watch",
		"syncapprovals.synccenter.dev/status": "update",
		"syncartifacts.synccenter.dev":        "create delete get list patch update watch",
		"jobs.batch":                          "create delete get list patch watch",
		"pods.":                               "list watch",
		"events.":                             "list",
		"events.events.k8s.io":                "create patch",
		"configmaps.":                         "delete",
		"leases.coordination.k8s.io":          "create get patch",

		"serviceaccounts." + runner:                       "create get patch",
		"rolebindings.rbac.authorization.k8s.io" + runner: "create get patch",
		"clusterroles.rbac.authorization.k8s.io" + runner: "bind",
	}
	if diff := cmp.Diff(want, rightsOf(t, "rbac/manager/role.yaml")); diff != "" {
		t.Errorf("the manager's rights where it looks after tasks (-want +got):\n%s", diff)
	}
	want = map[string]string{
		"leases.coordination.k8s.io":                    "create",
		"leases.coordination.k8s.io synccenter-manager": "get update",
		"events.": "create patch",
	}
	if diff := cmp.Diff(want, rightsOf(t, "rbac/leader_election_role.yaml")); diff != "" {
		t.Errorf("the manager's rights in its own namespace (-want +got):\n%s", diff)
	}
}

// rightsOf are the verbs of the roles in a file, by resource and name.
func rightsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	verbs := map[string][]string{}
	for _, object := range manifests(t, file) {
		var role rbacv1.ClusterRole
		if !strings.HasSuffix(object.GetKind(), "Role") {
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			names := rule.ResourceNames
			if len(names) == 0 {
				names = []string{""}
			}
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, name := range names {
						kind, subresource, _ := strings.Cut(resource, "/")
						what := strings.TrimSuffix(kind+"."+group+"/"+subresource, "/")
						what = strings.TrimSuffix(what+" "+name, " ")
						verbs[what] = append(verbs[what], rule.Verbs...)
					}
				}
			}
		}
	}
	result := map[string]string{}
	for what, list := range verbs {
		slices.Sort(list)
		result[what] = strings.Join(slices.Compact(list), " ")
	}
	return result
}

// TestArtifactsAreInNoAggregatedRole reads the roles that Kubernetes would add
// to view, edit and admin: names and phones are not for everyone who may view.
func TestArtifactsAreInNoAggregatedRole(t *testing.T) {
	aggregated := 0
	for _, object := range manifests(t, "rbac/*.yaml") {
		var role rbacv1.ClusterRole
		if object.GetKind() != "ClusterRole" {
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			t.Fatal(err)
		}
		if len(role.Labels) == 0 {
			continue
		}
		aggregated++
		for _, rule := range role.Rules {
			if slices.Contains(rule.Resources, "syncartifacts") || slices.Contains(rule.Resources, "*") {
				t.Errorf("the aggregated role %s has a right on artifacts", role.Name)
			}
		}
	}
	if aggregated != 3 {
		t.Errorf("%d roles are aggregated, want those of viewers, editors and approvers", aggregated)
	}
}

// TestManagerIsRestricted makes the manager's pod where only restricted pods may be.
func TestManagerIsRestricted(t *testing.T) {
	install(t)
	var deployment appsv1.Deployment
	for _, object := range manifests(t, "manager/deployment.yaml") {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
			t.Fatal(err)
		}
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: deployment.Namespace, Name: "manager"},
		Spec:       deployment.Spec.Template.Spec,
	}
	if err := server.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("the manager's pod is refused: %v", err)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	if security := container.SecurityContext; security == nil || security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem {
		t.Error("the manager's root file system can be written")
	}
	// The limit of Go must be below that of the container, and is written down by hand.
	for _, variable := range container.Env {
		if variable.Name != "GOMEMLIMIT" {
			continue
		}
		soft, err := resource.ParseQuantity(strings.TrimSuffix(variable.Value, "B"))
		if hard := container.Resources.Limits.Memory().Value(); err != nil || soft.Value() < hard*85/100 || soft.Value() > hard*95/100 {
			t.Errorf("GOMEMLIMIT is %q (%v), want some 10 %% less than the limit of %d bytes", variable.Value, err, hard)
		}
	}
	if container.LivenessProbe == nil || container.ReadinessProbe == nil {
		t.Error("the manager has no probes")
	}
}

// TestTheRestApplies: what no other test applies is at least what the API server takes.
func TestTheRestApplies(t *testing.T) {
	install(t)
	for _, pattern := range []string{"manager/deployment.yaml", "manager/metrics_service.yaml", "network-policy/*.yaml"} {
		for _, object := range manifests(t, pattern) {
			if err := server.Client.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
				t.Errorf("%s %s is refused: %v", object.GetKind(), object.GetName(), err)
			}
		}
	}
}
