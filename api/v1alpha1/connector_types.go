package v1alpha1

// ConnectorType names a kind of directory. Each has a member of its own beside
// the type field of a source or target.
//
// +kubebuilder:validation:Enum=LDAP
type ConnectorType string

// The connectors that can be named.
const (
	ConnectorLDAP ConnectorType = "LDAP"
)

// Source is a directory that is read.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'LDAP' || has(self.ldap)",fieldPath=".ldap",message="type LDAP needs the member ldap"
type Source struct {
	// name of the source within the task. Example: hr.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// type of the directory; the member of that name says the rest. Example: LDAP.
	// +required
	// +unionDiscriminator
	Type ConnectorType `json:"type"`
	// ldap says how an LDAP directory is read. Required for type LDAP.
	// +optional
	LDAP *LDAPSource `json:"ldap,omitempty"`
}

// Target is a directory that is written.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'LDAP' || has(self.ldap)",fieldPath=".ldap",message="type LDAP needs the member ldap"
type Target struct {
	// type of the directory; the member of that name says the rest. Example: LDAP.
	// +required
	// +unionDiscriminator
	Type ConnectorType `json:"type"`
	// ldap says how an LDAP directory is read and written. Required for type LDAP.
	// +optional
	LDAP *LDAPTarget `json:"ldap,omitempty"`
}

// SecretReference names a Secret of the same namespace.
type SecretReference struct {
	// name of the Secret. Example: hr-ldap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ConfigMapKeyReference names a key of a ConfigMap of the same namespace.
type ConfigMapKeyReference struct {
	// name of the ConfigMap. Example: hr-ca.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// key in the ConfigMap. Default: ca.crt.
	// +optional
	// +kubebuilder:default="ca.crt"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}
