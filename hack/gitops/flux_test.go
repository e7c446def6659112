package gitops

import (
	"os"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"sigs.k8s.io/yaml"
)

// TestFluxHealth evaluates the expressions with Flux's own evaluator.
func TestFluxHealth(t *testing.T) {
	data, err := os.ReadFile("../../config/gitops/flux/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := yaml.UnmarshalStrict(onlyExpressions(t, data), &manifest); err != nil {
		t.Fatal(err)
	}
	evaluators := map[string]*cel.StatusEvaluator{}
	for _, check := range manifest.Spec.HealthCheckExprs {
		if evaluators[check.Kind], err = cel.NewStatusEvaluator(&check.HealthCheckExpressions); err != nil {
			t.Fatalf("%s: %v", check.Kind, err)
		}
	}
	for _, test := range everyHealth(t) {
		t.Run(test.name, func(t *testing.T) {
			got, err := evaluators[test.object.GetKind()].Evaluate(t.Context(), test.object)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status.String() != test.flux {
				t.Errorf("the status is %s, want %s", got.Status, test.flux)
			}
		})
	}
}

// onlyExpressions leaves of the manifest what this module knows the types of.
func onlyExpressions(t *testing.T, data []byte) []byte {
	t.Helper()
	var manifest struct {
		Spec struct {
			HealthCheckExprs any `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	result, err := yaml.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestKstatus says what tools take a kind for that know kstatus alone, such as Flux without expressions. For a run that is nothing,
// and for a task that was just applied too early: docs/gitops.md says so.
func TestKstatus(t *testing.T) {
	for _, test := range everyHealth(t) {
		t.Run(test.name, func(t *testing.T) {
			got, err := status.Compute(test.object)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status.String() != test.kstatus {
				t.Errorf("kstatus is %s (%s), want %s", got.Status, got.Message, test.kstatus)
			}
		})
	}
}
