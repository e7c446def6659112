package main

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/runner"
)

// maxExport is the most bytes of a file that fit into a ConfigMap beside its metadata: the API server takes 1 MiB.
const maxExport = 1<<20 - 8<<10

// exportConfigMaps stores the exports of one run in ConfigMaps that the run owns.
type exportConfigMaps struct {
	client               client.Client
	namespace, task, run string
	uid                  types.UID
}

var _ runner.Exports = (*exportConfigMaps)(nil)

// Put stores a file. An export that an earlier attempt of the run has stored is replaced.
func (e *exportConfigMaps) Put(ctx context.Context, fileName string, data []byte) (object, key string, err error) {
	if len(data) > maxExport {
		return "", "", runner.ErrTooLarge
	}
	configMap := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: e.namespace,
			Name:      e.run + "-export",
			Labels:    map[string]string{v1alpha1.LabelTask: e.task, v1alpha1.LabelRun: e.run},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindSyncRun, Name: e.run, UID: e.uid, Controller: ptr.To(true),
			}},
		},
		BinaryData: map[string][]byte{fileName: data},
	}
	err = e.client.Create(ctx, configMap.DeepCopy())
	if apierrors.IsAlreadyExists(err) {
		err = e.replace(ctx, configMap)
	}
	if err != nil {
		return "", "", fmt.Errorf("storing the export in ConfigMap %s/%s: %w", e.namespace, configMap.Name, err)
	}
	return configMap.Name, fileName, nil
}

// replace replaces the data of a ConfigMap that this run owns, and of no other. A runner may not read ConfigMaps, so the server
// compares the owner itself.
func (e *exportConfigMaps) replace(ctx context.Context, wanted *corev1.ConfigMap) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/ownerReferences/0/uid", "value": e.uid},
		{"op": "add", "path": "/binaryData", "value": wanted.BinaryData},
	})
	if err != nil {
		return fmt.Errorf("encoding the file: %w", err)
	}
	err = e.client.Patch(ctx, wanted, client.RawPatch(types.JSONPatchType, patch))
	if apierrors.IsInvalid(err) {
		return fmt.Errorf("a ConfigMap of this name belongs to somebody else; delete or rename it: %w", err)
	}
	return err
}
