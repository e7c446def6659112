package runnerjob

import (
	"fmt"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// SecretsFolder holds a folder for each Secret that a task names.
	SecretsFolder = "/var/run/synccenter/secrets"
	// ConfigMapsFolder holds a folder for each ConfigMap that a task names.
	ConfigMapsFolder = "/var/run/synccenter/configmaps"

	// readable by the runner's group alone
	fileMode = 0o440
)

// volumesOf mounts what the task names, whole and optional: the manager may
// read no Secret, so the runner is the one that says what is missing.
func volumesOf(spec *v1alpha1.SyncTaskSpec) ([]corev1.Volume, []corev1.VolumeMount) {
	volumes := []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	mounts := []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}}
	secrets, configMaps := references(spec)
	for i, name := range secrets {
		volume := fmt.Sprintf("secret-%d", i)
		volumes = append(volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: name, DefaultMode: ptr.To[int32](fileMode), Optional: ptr.To(true),
		}}})
		mounts = append(mounts, corev1.VolumeMount{Name: volume, MountPath: path.Join(SecretsFolder, name), ReadOnly: true})
	}
	for i, name := range configMaps {
		volume := fmt.Sprintf("configmap-%d", i)
		volumes = append(volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: name}, DefaultMode: ptr.To[int32](fileMode), Optional: ptr.To(true),
		}}})
		mounts = append(mounts, corev1.VolumeMount{Name: volume, MountPath: path.Join(ConfigMapsFolder, name), ReadOnly: true})
	}
	return volumes, mounts
}

// references are the names of Secrets and ConfigMaps in a task, sorted and each once.
func references(spec *v1alpha1.SyncTaskSpec) (secrets, configMaps []string) {
	var connections []v1alpha1.LDAPConnection
	for _, source := range spec.Sources {
		if source.LDAP != nil {
			connections = append(connections, source.LDAP.LDAPConnection)
		}
	}
	if spec.Target.LDAP != nil {
		connections = append(connections, spec.Target.LDAP.LDAPConnection)
	}
	for _, connection := range connections {
		if connection.CredentialsSecretRef != nil {
			secrets = append(secrets, connection.CredentialsSecretRef.Name)
		}
		if connection.CABundleRef != nil {
			configMaps = append(configMaps, connection.CABundleRef.Name)
		}
	}
	slices.Sort(secrets)
	slices.Sort(configMaps)
	return slices.Compact(secrets), slices.Compact(configMaps)
}
