package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SyncApproval is a person's decision about a plan or about removals that wait.
// The right to approve is the right to create this kind. Not served yet.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=sap,categories={synccenter}
// +kubebuilder:selectablefield:JSONPath=".spec.taskRef.name"
// +kubebuilder:printcolumn:name="TASK",type=string,JSONPath=".spec.taskRef.name",description="The task that the decision is about."
// +kubebuilder:printcolumn:name="DECISION",type=string,JSONPath=".spec.decision",description="Approve or Reject."
// +kubebuilder:printcolumn:name="BY",type=string,JSONPath=".spec.approvedBy",description="Who decided."
// +kubebuilder:printcolumn:name="ACCEPTED",type=string,JSONPath=".status.conditions[?(@.type=='Accepted')].status",description="Whether the decision was accepted."
// +kubebuilder:printcolumn:name="RUN",type=string,JSONPath=".status.run",description="The run that the decision led to."
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=".metadata.creationTimestamp",description="How long ago the decision was made."
type SyncApproval struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. Example: generateName: hr-.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the decision. It is immutable.
	// +required
	Spec SyncApprovalSpec `json:"spec"`
	// status is what came of the decision. It is written by the manager alone.
	// +optional
	Status SyncApprovalStatus `json:"status,omitzero"`
}

// SyncApprovalList is a list of SyncApprovals.
//
// +kubebuilder:object:root=true
type SyncApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SyncApproval `json:"items"`
}

// Decision is what a person decided.
//
// +kubebuilder:validation:Enum=Approve;Reject
type Decision string

// The decisions.
const (
	DecisionApprove Decision = "Approve"
	DecisionReject  Decision = "Reject"
)

// SyncApprovalSpec is a decision.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SyncApproval is immutable, since it says what a person decided; make a new one"
// +kubebuilder:validation:XValidation:rule="has(self.plan) != has(self.deletions)",message="a SyncApproval decides about exactly one of plan and deletions; keep the one that is meant"
type SyncApprovalSpec struct {
	// taskRef names the SyncTask that the decision is about. Example: {name: hr}.
	// +required
	TaskRef TaskReference `json:"taskRef"`
	// decision is Approve or Reject.
	// +required
	Decision Decision `json:"decision"`
	// plan names the plan that is decided about.
	// +optional
	Plan *PlanReference `json:"plan,omitempty"`
	// deletions names the removals that are decided about.
	// +optional
	Deletions *HeldDeletions `json:"deletions,omitempty"`
	// approvedBy is the name of the user who decides; an admission policy
	// refuses another's name. Example: alice.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ApprovedBy string `json:"approvedBy"`
	// comment on the decision, kept with it. Default: none. Example: checked with HR.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Comment string `json:"comment,omitempty"`
}

// HeldDeletions names removals that wait.
type HeldDeletions struct {
	// listDigest of the list that the person saw, as the task's status shows it.
	// Example: sha256:9f86d081884c7d65.
	// +required
	ListDigest Digest `json:"listDigest"`
	// ids are the source ids that the decision is about. Default: the whole list
	// of that digest; nothing that came later.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	IDs []string `json:"ids,omitempty"`
}

// SyncApprovalStatus is what came of a decision.
type SyncApprovalStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Accepted. docs/api.md explains each reason.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=4
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// run is the name of the SyncRun that the decision led to.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Run string `json:"run,omitempty"`
}
