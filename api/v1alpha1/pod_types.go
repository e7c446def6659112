package v1alpha1

import corev1 "k8s.io/api/core/v1"

// PodTemplate shapes the pod of a run. It is a closed list: environment,
// volumes, security and image are the manager's alone.
type PodTemplate struct {
	// resources of the runner's container. Default: those of the manager's flags.
	// Example: {requests: {cpu: 100m, memory: 128Mi}}.
	// +optional
	Resources PodResources `json:"resources,omitzero"`
	// nodeSelector chooses nodes by label. Default: any. Example: {disk: ssd}.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	NodeSelector map[string]PodValue `json:"nodeSelector,omitempty"`
	// tolerations let the pod run on tainted nodes. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
	// affinity chooses nodes in more detail than nodeSelector. Default: none.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`
	// labels of the pod, beside those of Sync Center. Default: none. Example: {team: hr}.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('synccenter.dev/') && !key.contains('kubernetes.io/'))",message="labels of synccenter.dev and kubernetes.io are set by Sync Center and Kubernetes; use a prefix of your own"
	Labels map[string]PodValue `json:"labels,omitempty"`
	// annotations of the pod. Default: none. Example: {sidecar.istio.io/inject: "false"}.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('synccenter.dev/') && !key.contains('kubernetes.io/'))",message="annotations of synccenter.dev and kubernetes.io are set by Sync Center and Kubernetes; use a prefix of your own"
	Annotations map[string]PodValue `json:"annotations,omitempty"`
	// imagePullSecrets of the pod, two at most. Default: none. Example: [{name: registry}].
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=2
	ImagePullSecrets []SecretReference `json:"imagePullSecrets,omitempty"`
	// proxy for connections over HTTP. Default: none. LDAP never uses it.
	// +optional
	Proxy *Proxy `json:"proxy,omitempty"`
	// hostAliases are further lines of the pod's hosts file. Default: none.
	// Example: [{ip: 192.0.2.10, hostnames: [ldap.example.com]}].
	// +optional
	// +listType=map
	// +listMapKey=ip
	// +kubebuilder:validation:MaxItems=32
	HostAliases []HostAlias `json:"hostAliases,omitempty"`
}

// PodValue is the value of a label, an annotation or a node selector.
//
// +kubebuilder:validation:MaxLength=1024
type PodValue string

// PodResources are the resources of the runner's container.
type PodResources struct {
	// requests are what the node sets aside. Example: {memory: 128Mi}.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	Requests corev1.ResourceList `json:"requests,omitempty"`
	// limits are what the container may use at most. Example: {memory: 512Mi}.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	Limits corev1.ResourceList `json:"limits,omitempty"`
}

// Proxy is a proxy for connections over HTTP.
type Proxy struct {
	// url of the proxy, without an account. Example: http://proxy.example.com:3128.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && !self.contains('@')",message="url of a proxy is http://host:port or https://host:port without an account"
	URL string `json:"url"`
	// noProxy are hosts and networks that are reached directly. Default: none.
	// Example: [.svc, 10.0.0.0/8].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	NoProxy []string `json:"noProxy,omitempty"`
}

// HostAlias is a line of a hosts file.
type HostAlias struct {
	// ip address. Example: 192.0.2.10.
	// +required
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="ip is an IPv4 or IPv6 address"
	IP string `json:"ip"`
	// hostnames of that address. Example: [ldap.example.com].
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=253
	Hostnames []string `json:"hostnames"`
}
