package lease

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// duration is how long a Lease is good after its last renewal. Nobody takes it over before.
	duration = 60 * time.Second
	// renewEvery is how often a runner renews.
	renewEvery = 5 * time.Second
	// callMargin is how long after the last renewal the last call to a target ends. The rest of the duration is for a call that the
	// target answers late.
	callMargin = 40 * time.Second
	// forgotten is the age of a renewal, by the clocks of two nodes, at which a Lease is free at first sight. It is far more than clocks
	// differ.
	forgotten = 10 * time.Minute
)

// Annotations on a Lease.
const (
	// annotationStopRun names the run that AnnotationStop is meant for. Without it whoever holds the Lease is meant.
	annotationStopRun = "synccenter.dev/stop-run"
	// annotationOwner is the owner in words, since the Lease's name is a hash.
	annotationOwner = "synccenter.dev/owner"
)

// Options name a Lease and who wants it.
type Options struct {
	// Client reads and writes the API server itself, without a cache.
	Client    client.Client
	Namespace string
	// Owner is whom the state belongs to; executions of one owner never overlap.
	Owner string
	// Task is the name of the task, for the label.
	Task string
	// Run is the run that wants the Lease, by its UID, and Pod the pod that executes it.
	Run types.UID
	Pod string
	// Clock is the real clock but in tests.
	Clock clock.WithTicker
}

// Name is the name of an owner's Lease. It is a hash of 128 bits, for an owner may be any text.
func Name(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return "synccenter-" + hex.EncodeToString(sum[:16])
}

func (o Options) key() client.ObjectKey {
	return client.ObjectKey{Namespace: o.Namespace, Name: Name(o.Owner)}
}

// holder is the name under which a pod holds a Lease: no two pods share it.
func (o Options) holder() string { return string(o.Run) + "/" + o.Pod }

// empty builds the Lease as it is first made, without a holder.
func (o Options) empty() *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace:   o.Namespace,
		Name:        Name(o.Owner),
		Labels:      map[string]string{v1alpha1.LabelTask: o.Task},
		Annotations: map[string]string{annotationOwner: o.Owner},
	}}
}

// stopReason is the reason why the holder is asked to stop, or empty.
func (o Options) stopReason(lease *coordinationv1.Lease) string {
	run, named := lease.Annotations[annotationStopRun]
	if named && run != string(o.Run) {
		return ""
	}
	return lease.Annotations[v1alpha1.AnnotationStop]
}

func holderOf(lease *coordinationv1.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}
