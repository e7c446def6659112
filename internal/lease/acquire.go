package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// errTaken says that somebody else wrote the Lease first. It is looked at again.
var errTaken = errors.New("somebody else was faster")

// Acquire gets the Lease, and renews it until Release. While another pod holds it Acquire waits, and tells waiting after each look: who
// holds it, and why this run is asked to stop, if it is. A caller that does not want to wait any longer ends ctx.
//
// A Lease is free when it was released, or when it was not renewed for its whole duration while this process watched it: the clocks of two
// nodes are not compared. A renewal that is ten minutes old is no renewal by any clock.
func (o Options) Acquire(ctx context.Context, waiting func(holder, stopReason string)) (*Held, error) {
	ticker := o.Clock.NewTicker(renewEvery)
	defer ticker.Stop()
	seen := sighting{clock: o.Clock}
	answered := o.Clock.Now()
	for {
		lease, err := o.look(ctx)
		if err == nil && seen.free(lease) {
			var held *Held
			if held, err = o.take(ctx, lease); err == nil {
				return held, nil
			}
		}
		switch now := o.Clock.Now(); {
		case err == nil:
			answered = now
			waiting(holderOf(lease), o.stopReason(lease))
		case errors.Is(err, errTaken):
			answered = now
			continue
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case now.Sub(answered) >= duration:
			// Until then a server may be away for a moment, and a right that was just given may not have arrived.
			return nil, fmt.Errorf("acquiring Lease %s of owner %q: %w", o.key(), o.Owner, err)
		}
		select {
		case <-ticker.C():
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// look reads the Lease, and makes it when there is none.
func (o Options) look(ctx context.Context) (*coordinationv1.Lease, error) {
	lease := &coordinationv1.Lease{}
	err := o.Client.Get(ctx, o.key(), lease)
	if !apierrors.IsNotFound(err) {
		return lease, err
	}
	lease = o.empty()
	if err := o.Client.Create(ctx, lease); err != nil {
		return nil, taken(err)
	}
	return lease, nil
}

// take writes this pod into a Lease that is free. A stop that was meant for another run goes.
func (o Options) take(ctx context.Context, lease *coordinationv1.Lease) (*Held, error) {
	now := o.Clock.Now()
	lease = lease.DeepCopy()
	if o.stopReason(lease) == "" || lease.Annotations[annotationStopRun] == "" {
		delete(lease.Annotations, v1alpha1.AnnotationStop)
		delete(lease.Annotations, annotationStopRun)
	}
	transitions := int32(0)
	if lease.Spec.LeaseTransitions != nil {
		transitions = *lease.Spec.LeaseTransitions + 1
	}
	lease.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       new(o.holder()),
		LeaseDurationSeconds: new(int32(duration.Seconds())),
		AcquireTime:          &metav1.MicroTime{Time: now},
		RenewTime:            &metav1.MicroTime{Time: now},
		LeaseTransitions:     &transitions,
	}
	if err := o.Client.Update(ctx, lease); err != nil {
		return nil, taken(err)
	}
	return hold(o, lease, now), nil
}

// taken tells an error that says that somebody else was faster from all others.
func taken(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) {
		return errTaken
	}
	return err
}

// sighting is what a process that waits has seen of a Lease.
type sighting struct {
	clock   interface{ Now() time.Time }
	holder  string
	renewed time.Time
	since   time.Time
}

// free says whether the Lease can be taken. It is asked at each look.
func (s *sighting) free(lease *coordinationv1.Lease) bool {
	holder := holderOf(lease)
	if holder == "" || lease.Spec.RenewTime == nil {
		return true
	}
	now, renewed := s.clock.Now(), lease.Spec.RenewTime.Time
	if holder != s.holder || !renewed.Equal(s.renewed) {
		s.holder, s.renewed, s.since = holder, renewed, now
	}
	return now.Sub(s.since) >= duration || now.Sub(renewed) >= forgotten
}

// RequestStop asks a run to stop at a safe point, whether it holds the Lease already or not yet. Asking twice changes nothing.
func (o Options) RequestStop(ctx context.Context, reason string) error {
	lease, err := o.look(ctx)
	if errors.Is(err, errTaken) {
		lease, err = o.look(ctx)
	}
	if err != nil {
		return fmt.Errorf("asking the runner of owner %q to stop: reading Lease %s: %w", o.Owner, o.key(), err)
	}
	if lease.Annotations[v1alpha1.AnnotationStop] == reason && lease.Annotations[annotationStopRun] == string(o.Run) {
		return nil
	}
	before := lease.DeepCopy()
	metav1.SetMetaDataAnnotation(&lease.ObjectMeta, v1alpha1.AnnotationStop, reason)
	metav1.SetMetaDataAnnotation(&lease.ObjectMeta, annotationStopRun, string(o.Run))
	if err := o.Client.Patch(ctx, lease, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("asking the runner of owner %q to stop: annotating Lease %s: %w", o.Owner, o.key(), err)
	}
	return nil
}
