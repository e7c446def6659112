package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "synccenter.dev", Version: "v1alpha1"}

// AddToScheme makes the kinds of this package known to a scheme.
var AddToScheme = schemeBuilder.AddToScheme

var schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

// The names of the kinds, as they stand in an object's kind field.
const (
	KindSyncTask     = "SyncTask"
	KindSyncRun      = "SyncRun"
	KindSyncApproval = "SyncApproval"
	KindSyncArtifact = "SyncArtifact"
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&SyncTask{}, &SyncTaskList{},
		&SyncRun{}, &SyncRunList{},
		&SyncApproval{}, &SyncApprovalList{},
		&SyncArtifact{}, &SyncArtifactList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
