package runnerjob

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// nonRoot is the user and group of the image.
	nonRoot = 65532

	settleArgument = "--settle-only"
)

// podSpec is the pod that does what the arguments say. It keeps the restricted Pod Security level.
func podSpec(spec *v1alpha1.SyncTaskSpec, arguments []string, grace int64, options Options) corev1.PodSpec {
	template := spec.Execution.PodTemplate
	volumes, mounts := volumesOf(spec)
	resources := resourcesOf(template.Resources, options.Resources)
	return corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		TerminationGracePeriodSeconds: &grace,
		ServiceAccountName:            ServiceAccount,
		AutomountServiceAccountToken:  ptr.To(true),
		EnableServiceLinks:            ptr.To(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   ptr.To(true),
			RunAsUser:      ptr.To[int64](nonRoot),
			RunAsGroup:     ptr.To[int64](nonRoot),
			FSGroup:        ptr.To[int64](nonRoot),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		NodeSelector:     plain(template.NodeSelector),
		Tolerations:      template.Tolerations,
		Affinity:         template.Affinity,
		ImagePullSecrets: pullSecrets(template.ImagePullSecrets),
		HostAliases:      hostAliases(template.HostAliases),
		Volumes:          volumes,
		Containers: []corev1.Container{{
			Name:                     containerName,
			Image:                    options.Image,
			Args:                     arguments,
			Env:                      environment(template.Proxy, resources),
			Resources:                resources,
			VolumeMounts:             mounts,
			TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false),
				ReadOnlyRootFilesystem:   ptr.To(true),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}
}

// arguments tell the runner who it is. Everything else it reads from the
// definition that is stored with the run.
func arguments(run *v1alpha1.SyncRun, attempt Attempt, options Options) []string {
	result := []string{
		"run",
		"--namespace=" + run.Namespace,
		"--run=" + run.Name,
		"--run-uid=" + string(run.UID),
		fmt.Sprintf("--attempt=%d", attempt.Number),
		fmt.Sprintf("--run-budget=%d", options.Budget.Run),
		fmt.Sprintf("--task-budget=%d", options.Budget.Task),
		fmt.Sprintf("--total-budget=%d", options.Budget.All),
	}
	if attempt.SettleOnly {
		result = append(result, settleArgument)
	}
	return result
}

// environment gives the pod's name, by which the Lease names its holder, how much memory there is, and the proxy.
func environment(proxy *v1alpha1.Proxy, resources corev1.ResourceRequirements) []corev1.EnvVar {
	result := []corev1.EnvVar{{
		Name:      "POD_NAME",
		ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}},
	}}
	if limit, ok := resources.Limits[corev1.ResourceMemory]; ok {
		// Go frees memory more eagerly before it comes near the limit at which the kernel ends the process. A tenth is for what Go does not count.
		result = append(result, corev1.EnvVar{Name: "GOMEMLIMIT", Value: strconv.FormatInt(limit.Value()/10*9, 10)})
	}
	if proxy == nil {
		return result
	}
	return append(result,
		corev1.EnvVar{Name: "HTTP_PROXY", Value: proxy.URL},
		corev1.EnvVar{Name: "HTTPS_PROXY", Value: proxy.URL},
		corev1.EnvVar{Name: "NO_PROXY", Value: strings.Join(proxy.NoProxy, ",")},
	)
}

// resourcesOf are the task's where it names any, else the manager's.
func resourcesOf(task v1alpha1.PodResources, fallback corev1.ResourceRequirements) corev1.ResourceRequirements {
	if len(task.Requests) == 0 && len(task.Limits) == 0 {
		return fallback
	}
	return corev1.ResourceRequirements{Requests: task.Requests, Limits: task.Limits}
}

func pullSecrets(references []v1alpha1.SecretReference) []corev1.LocalObjectReference {
	var result []corev1.LocalObjectReference
	for _, reference := range references {
		result = append(result, corev1.LocalObjectReference{Name: reference.Name})
	}
	return result
}

func hostAliases(aliases []v1alpha1.HostAlias) []corev1.HostAlias {
	var result []corev1.HostAlias
	for _, alias := range aliases {
		result = append(result, corev1.HostAlias{IP: alias.IP, Hostnames: alias.Hostnames})
	}
	return result
}
