package runnerjob

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

var update = flag.Bool("update", false, "write the golden files anew")

var testOptions = Options{
	Image: "registry.example.com/synccenter@sha256:0123456789abcdef",
	Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
	},
	Budget: artifact.Budget{Run: 16 << 20, Task: 48 << 20, All: 128 << 20},
}

func testRun() *v1alpha1.SyncRun {
	return &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: "hr-first", Namespace: "people", UID: "1f2e3d4c"},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
	}
}

// plainSpec is a task with what the API demands and nothing more.
func plainSpec() v1alpha1.SyncTaskSpec {
	spec := v1alpha1.SyncTaskSpec{
		Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
			LDAPConnection: v1alpha1.LDAPConnection{
				URLs:                 []string{"ldaps://hr.example.com"},
				CredentialsSecretRef: &v1alpha1.SecretReference{Name: "hr-ldap"},
				CABundleRef:          &v1alpha1.ConfigMapKeyReference{Name: "company-ca"},
			},
			Users: v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"},
		}}},
		Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
			LDAPConnection: v1alpha1.LDAPConnection{
				URLs:                 []string{"ldaps://directory.example.com"},
				CredentialsSecretRef: &v1alpha1.SecretReference{Name: "directory"},
				CABundleRef:          &v1alpha1.ConfigMapKeyReference{Name: "company-ca"},
			},
			Users: v1alpha1.LDAPTargetUsers{LDAPUsers: v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"}},
		}},
	}
	return definition.Resolve(&spec)
}

// fullSpec shapes its pod in every way that is allowed.
func fullSpec() v1alpha1.SyncTaskSpec {
	spec := plainSpec()
	spec.Execution.ActiveDeadlineSeconds = 600
	spec.Execution.PodTemplate = v1alpha1.PodTemplate{
		Resources:        v1alpha1.PodResources{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}},
		NodeSelector:     map[string]v1alpha1.PodValue{"disk": "ssd"},
		Tolerations:      []corev1.Toleration{{Key: "sync", Operator: corev1.TolerationOpExists}},
		Labels:           map[string]v1alpha1.PodValue{"team": "hr", v1alpha1.LabelRun: "somebody-else"},
		Annotations:      map[string]v1alpha1.PodValue{"sidecar.istio.io/inject": "false"},
		ImagePullSecrets: []v1alpha1.SecretReference{{Name: "registry"}},
		Proxy:            &v1alpha1.Proxy{URL: "http://proxy.example.com:3128", NoProxy: []string{".svc", "10.0.0.0/8"}},
		HostAliases:      []v1alpha1.HostAlias{{IP: "192.0.2.10", Hostnames: []string{"hr.example.com"}}},
	}
	return spec
}

func TestBuild(t *testing.T) {
	for _, test := range []struct {
		name    string
		spec    v1alpha1.SyncTaskSpec
		attempt Attempt
	}{
		{"first", plainSpec(), Attempt{Number: 1}},
		{"shaped", fullSpec(), Attempt{Number: 2}},
		{"settle", fullSpec(), Attempt{Number: 3, SettleOnly: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			job := Build(testRun(), &test.spec, test.attempt, testOptions)
			compareGolden(t, test.name+".yaml", job)
			if again := Build(testRun(), &test.spec, test.attempt, testOptions); !cmp.Equal(job, again) {
				t.Errorf("the same input gave another Job:\n%s", cmp.Diff(job, again))
			}
			if SettlesOnly(job) != test.attempt.SettleOnly {
				t.Errorf("SettlesOnly is %t for an attempt with SettleOnly %t", SettlesOnly(job), test.attempt.SettleOnly)
			}
		})
	}
}

func TestBuildInspection(t *testing.T) {
	// The longest name of a task: the pod's name must still have the form that the admission policy looks for.
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: strings.Repeat("a", 40), UID: "1f2e3d4c"}}
	for name, kind := range map[string]inspection.Kind{"check": inspection.KindCheck, "explain": inspection.KindExplain} {
		t.Run(name, func(t *testing.T) {
			spec := fullSpec()
			uid := inspection.UID("1f2e3d4c", "0123456789")
			looking := Inspection{Name: inspection.Name(task.Name, kind, uid), UID: uid, Kind: kind}
			job := BuildInspection(task, &spec, looking, testOptions)
			compareGolden(t, name+".yaml", job)
			if len(job.Name) > 58 {
				t.Errorf("the name %q has %d characters, and Kubernetes cuts the names of pods after 58", job.Name, len(job.Name))
			}
			if diff := cmp.Diff(Build(testRun(), &spec, Attempt{Number: 1}, testOptions).Spec.Template.Spec.SecurityContext, job.Spec.Template.Spec.SecurityContext); diff != "" {
				t.Errorf("its pod has another security context than that of a run:\n%s", diff)
			}
		})
	}
}

func compareGolden(t *testing.T, name string, job *batchv1.Job) {
	t.Helper()
	got, err := yaml.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; if that is wanted, run with -update (-want +got):\n%s", path, diff)
	}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		name, run, job string
		want           int32
	}{
		{"first", "hr-first", "hr-first-1", 1},
		{"later", "hr-first", "hr-first-12", 12},
		{"a run whose name begins like another's", "hr", "hr-first-1", 0},
		{"no number", "hr", "hr-x", 0},
		{"zero", "hr", "hr-0", 0},
		{"another name", "hr", "payroll-1", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Number(test.run, test.job); got != test.want {
				t.Errorf("Number(%q, %q) = %d, want %d", test.run, test.job, got, test.want)
			}
		})
	}
}
