package synctask

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

// observeCheck reads the newest check that has ended, or that says why it does not.
func (r *Reconciler) observeCheck(ctx context.Context, o *observed) error {
	var err error
	if o.checked, err = definition.CheckDigest(&o.task.Spec); err != nil {
		return err
	}
	var checks v1alpha1.SyncArtifactList
	err = r.Client.List(ctx, &checks, client.InNamespace(o.task.Namespace), client.UnsafeDisableDeepCopy, client.MatchingLabels{
		v1alpha1.LabelTask: o.task.Name, v1alpha1.LabelArtifact: cluster.LabelValueInspection, v1alpha1.LabelInspection: string(inspection.KindCheck),
	})
	if err != nil {
		return fmt.Errorf("listing the checks of SyncTask %s/%s: %w", o.task.Namespace, o.task.Name, err)
	}
	var newest *v1alpha1.SyncArtifact
	var newestBegun time.Time
	now := r.Clock.Now()
	for i := range checks.Items {
		check := &checks.Items[i]
		head := cluster.HeadOf(check)
		begun := inspection.Trusted(head.Begun, now)
		if metav1.IsControlledBy(check, o.task) && (head.Ended != nil || head.Troubled) && (newest == nil || begun.After(newestBegun)) {
			newest, newestBegun = check, begun
		}
	}
	if newest == nil {
		return nil
	}
	// The cache holds no data of it.
	var object v1alpha1.SyncArtifact
	key := client.ObjectKeyFromObject(newest)
	if err := r.Live.Get(ctx, key, &object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("reading SyncArtifact %s: %w", key, err)
	}
	if check, err := cluster.DecodeInspection(&object); err == nil {
		o.check = check // one that cannot be understood tells nothing
	}
	return nil
}
