package definition

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// CheckDigest names what a check of the connections depends on: both ends with their addresses and Secrets, what is read and written, and
// the pod that looks. While it stays the same, the last check says something about the task.
func CheckDigest(original *v1alpha1.SyncTaskSpec) (string, error) {
	spec := Resolve(original)
	data, err := json.Marshal(struct {
		Sources   []v1alpha1.Source    `json:"sources"`
		Target    v1alpha1.Target      `json:"target"`
		Scope     v1alpha1.Scope       `json:"scope,omitzero"`
		Mappings  v1alpha1.Mappings    `json:"mappings,omitzero"`
		Matching  v1alpha1.Matching    `json:"matching,omitzero"`
		Protected v1alpha1.Protected   `json:"protected,omitzero"`
		Pod       v1alpha1.PodTemplate `json:"pod,omitzero"`
	}{spec.Sources, spec.Target, spec.Scope, spec.Mappings, spec.Matching, spec.Protected, spec.Execution.PodTemplate})
	if err != nil {
		return "", fmt.Errorf("writing what a check depends on: %w", err)
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
