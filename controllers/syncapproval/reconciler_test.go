package syncapproval_test

import (
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/syncapproval"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) { os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s })) }

func TestAnApprovalIsToldThatNothingFollows(t *testing.T) {
	approval := &v1alpha1.SyncApproval{
		ObjectMeta: metav1.ObjectMeta{Name: "yes", Namespace: server.Namespace(t)},
		Spec: v1alpha1.SyncApprovalSpec{
			TaskRef: v1alpha1.TaskReference{Name: "hr"}, Decision: v1alpha1.DecisionApprove,
			Deletions: &v1alpha1.HeldDeletions{ListDigest: "sha256:12"}, ApprovedBy: "alice",
		},
	}
	if err := server.Client.Create(t.Context(), approval); err != nil {
		t.Fatal(err)
	}
	reconciler := &syncapproval.Reconciler{Client: server.Client, Clock: clock.RealClock{}}
	key := client.ObjectKeyFromObject(approval)
	versions := map[string]bool{}
	for range 2 {
		if _, err := reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
			t.Fatal(err)
		}
		if err := server.Client.Get(t.Context(), key, approval); err != nil {
			t.Fatal(err)
		}
		versions[approval.ResourceVersion] = true
	}
	accepted := meta.FindStatusCondition(approval.Status.Conditions, v1alpha1.ConditionAccepted)
	if accepted == nil || accepted.Status != metav1.ConditionFalse || accepted.Reason != string(v1alpha1.ReasonNotServed) {
		t.Errorf("condition Accepted: %+v", accepted)
	}
	if len(versions) != 1 {
		t.Error("looking again wrote again")
	}
}
