package v1alpha1

// ReferralPolicy says what a reference to another server means while reading.
//
// +kubebuilder:validation:Enum=Fail;Ignore
type ReferralPolicy string

// What a reference means: a part of the tree that was not read, or nothing.
const (
	ReferralsFail   ReferralPolicy = "Fail"
	ReferralsIgnore ReferralPolicy = "Ignore"
)

// UserLayout says where the entries of users stand.
//
// +kubebuilder:validation:Enum=Flat;ByDepartment
type UserLayout string

// Users stand together below the base, or below the entry of their (main) department.
const (
	LayoutFlat         UserLayout = "Flat"
	LayoutByDepartment UserLayout = "ByDepartment"
)

// DepartmentReferenceKind says what an attribute of a user holds to name a department.
//
// +kubebuilder:validation:Enum=DN;ID;Name
type DepartmentReferenceKind string

// A department is named by its distinguished name, its id or its name.
const (
	DepartmentByDN   DepartmentReferenceKind = "DN"
	DepartmentByID   DepartmentReferenceKind = "ID"
	DepartmentByName DepartmentReferenceKind = "Name"
)

// LDAPDepartmentType says which entries are departments.
//
// +kubebuilder:validation:Enum=OrganizationalUnits;Groups
type LDAPDepartmentType string

// Departments are a tree of organizational units, or flat groups with members.
const (
	DepartmentsOrganizationalUnits LDAPDepartmentType = "OrganizationalUnits"
	DepartmentsGroups              LDAPDepartmentType = "Groups"
)

// AttributeName is the name of an LDAP attribute type or object class, or its OID.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:Pattern=`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`
type AttributeName string

// LDAPConnection says how a server is reached.
type LDAPConnection struct {
	// urls of the servers, in order: the first that answers serves the whole run.
	// Example: [ldaps://ldap.example.com].
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.all(u, isURL(u) && url(u).getScheme() in ['ldap', 'ldaps'] && url(u).getHostname() != '' && url(u).getEscapedPath() in ['', '/'] && !u.contains('@') && !u.contains('?'))",message="each of urls is ldap://host:port or ldaps://host:port and nothing more; the account goes into credentialsSecretRef, the base into baseDN"
	URLs []string `json:"urls"`

	// startTLS turns an ldap:// connection into an encrypted one before the
	// login. Default: false. Without it and without ldaps:// the password
	// crosses the network as plain text.
	// +optional
	// +kubebuilder:default=false
	StartTLS bool `json:"startTLS,omitempty"`

	// referrals says what a reference to another server means: Fail, since it is
	// a part of the tree that was not read, or Ignore. Default: Fail.
	// +optional
	// +kubebuilder:default=Fail
	Referrals ReferralPolicy `json:"referrals,omitempty"`

	// credentialsSecretRef names a Secret of type kubernetes.io/basic-auth: its
	// username is the DN to bind with. Default: none, an anonymous bind.
	// Example: {name: hr-ldap}.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// caBundleRef names a ConfigMap with the certificates (PEM) that the server
	// is trusted by. Default: those of the image. Example: {name: hr-ca, key: ca.crt}.
	// +optional
	CABundleRef *ConfigMapKeyReference `json:"caBundleRef,omitempty"`
}

// LDAPSource says how an LDAP directory is read.
//
// +kubebuilder:validation:XValidation:rule="!self.startTLS || self.urls.all(u, u.startsWith('ldap://'))",fieldPath=".startTLS",message="startTLS is for ldap:// URLs: ldaps:// is encrypted from the first byte; remove startTLS or use ldap://"
// +kubebuilder:validation:XValidation:rule="self.users.layout != 'ByDepartment' || (has(self.departments) && self.departments.type == 'OrganizationalUnits')",fieldPath=".users.layout",message="layout ByDepartment needs departments of type OrganizationalUnits, since users stand below them; add departments or use the layout Flat"
// +kubebuilder:validation:XValidation:rule="!has(self.users.departmentAttribute) || (self.users.layout == 'Flat' && !(has(self.departments) && self.departments.type == 'Groups'))",fieldPath=".users.departmentAttribute",message="departmentAttribute is for the layout Flat without Groups; elsewhere the place or the member list says where a user belongs; remove departmentAttribute"
type LDAPSource struct {
	LDAPConnection `json:",inline"`

	// users says which entries are users and where their departments stand.
	// +required
	Users LDAPUsers `json:"users"`

	// departments says which entries are departments. Default: none are read.
	// +optional
	Departments *LDAPDepartments `json:"departments,omitempty"`
}

// LDAPTarget says how an LDAP directory is read and written.
//
// +kubebuilder:validation:XValidation:rule="!self.startTLS || self.urls.all(u, u.startsWith('ldap://'))",fieldPath=".startTLS",message="startTLS is for ldap:// URLs: ldaps:// is encrypted from the first byte; remove startTLS or use ldap://"
// +kubebuilder:validation:XValidation:rule="self.users.layout != 'ByDepartment' || (has(self.departments) && self.departments.type == 'OrganizationalUnits')",fieldPath=".users.layout",message="layout ByDepartment needs departments of type OrganizationalUnits, since users stand below them; add departments or use the layout Flat"
// +kubebuilder:validation:XValidation:rule="!has(self.users.departmentAttribute) || (self.users.layout == 'Flat' && !(has(self.departments) && self.departments.type == 'Groups'))",fieldPath=".users.departmentAttribute",message="departmentAttribute is for the layout Flat without Groups; elsewhere the place or the member list says where a user belongs; remove departmentAttribute"
type LDAPTarget struct {
	LDAPConnection `json:",inline"`

	// users says which entries are users, where they stand and how new ones are made.
	// +required
	Users LDAPTargetUsers `json:"users"`

	// departments says which entries are departments and how new ones are made.
	// Default: none are read or written.
	// +optional
	Departments *LDAPTargetDepartments `json:"departments,omitempty"`
}

// LDAPUsers says which entries are users.
type LDAPUsers struct {
	// baseDN is the entry below which users are read. Example: ou=people,dc=example,dc=com.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	BaseDN string `json:"baseDN"`

	// filter that an entry must pass to be a user. Default: (objectClass=inetOrgPerson).
	// Example: (&(objectClass=inetOrgPerson)(employeeType=staff)).
	// +optional
	// +kubebuilder:default="(objectClass=inetOrgPerson)"
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:Pattern=`^\(.*\)$`
	Filter string `json:"filter,omitempty"`

	// layout says where users stand: Flat, together below baseDN, or
	// ByDepartment, below the entry of their (main) department. Default: Flat.
	// +optional
	// +kubebuilder:default=Flat
	Layout UserLayout `json:"layout,omitempty"`

	// departmentAttribute says, for the layout Flat without Groups, which
	// attribute of a user names the departments, the main one first. Default:
	// none, and users belong to no department. Example: {name: departmentNumber, holds: Name}.
	// +optional
	DepartmentAttribute *LDAPDepartmentAttribute `json:"departmentAttribute,omitempty"`
}

// LDAPDepartmentAttribute is the attribute of a user that names its departments.
type LDAPDepartmentAttribute struct {
	// name of the attribute. Example: departmentNumber.
	// +required
	Name AttributeName `json:"name"`
	// holds says what the attribute's values are: the DN, the ID or the Name of
	// a department. Default: Name.
	// +optional
	// +kubebuilder:default=Name
	Holds DepartmentReferenceKind `json:"holds,omitempty"`
}

// LDAPTargetUsers says which entries are users and how new ones are made.
type LDAPTargetUsers struct {
	LDAPUsers `json:",inline"`

	// objectClasses of a new user. Default: [inetOrgPerson].
	// +optional
	// +listType=atomic
	// +kubebuilder:default={inetOrgPerson}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ObjectClasses []AttributeName `json:"objectClasses,omitempty"`

	// rdn is the attribute that names a user's entry. Default: uid. Example: cn.
	// +optional
	// +kubebuilder:default=uid
	RDN AttributeName `json:"rdn,omitempty"`

	// mark is the attribute that takes the source id, so that everyone can see
	// where an entry came from. Default: none. Example: employeeNumber.
	// +optional
	Mark AttributeName `json:"mark,omitempty"`

	// disable says how an account is turned off. Default: not at all, and the
	// deletion action Disable fails for each leaver, with a record that says so.
	// Example: {attribute: employeeType, disabled: disabled, enabled: active}.
	// +optional
	Disable *LDAPDisable `json:"disable,omitempty"`
}

// LDAPDisable says how an account is turned off and on again.
//
// +kubebuilder:validation:XValidation:rule="!has(self.enabled) || self.disabled != self.enabled",message="disabled and enabled are the same value, so nobody could be turned off; give them different values"
type LDAPDisable struct {
	// attribute that says whether the account is on. A mapping may write it: then
	// the source says whose account is off, and an update that turns one off is
	// counted, held and looked up as a removal. Example: employeeType.
	// +required
	Attribute AttributeName `json:"attribute"`
	// disabled is its value on an account that is off. Example: disabled.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Disabled string `json:"disabled"`
	// enabled is its value on an account that is on. Default: none, and the
	// attribute is removed. Example: active.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Enabled string `json:"enabled,omitempty"`
}

// LDAPDepartments says which entries are departments.
type LDAPDepartments struct {
	// type of the departments: OrganizationalUnits, a tree, or Groups, which are
	// flat and list their members. Default: OrganizationalUnits.
	// +optional
	// +kubebuilder:default=OrganizationalUnits
	Type LDAPDepartmentType `json:"type,omitempty"`

	// baseDN is the entry below which departments are read; it is no department
	// itself. Example: ou=org,dc=example,dc=com.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	BaseDN string `json:"baseDN"`

	// filter that an entry must pass to be a department. Default:
	// (objectClass=organizationalUnit), for Groups (objectClass=groupOfNames).
	// Example: (&(objectClass=organizationalUnit)(!(ou=archive))).
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:Pattern=`^\(.*\)$`
	Filter string `json:"filter,omitempty"`

	// memberAttribute of Groups holds the DNs of the members. Default: member.
	// Example: uniqueMember.
	// +optional
	MemberAttribute AttributeName `json:"memberAttribute,omitempty"`

	// leaderAttribute holds the DNs of a department's leaders. Default: owner for
	// Groups, else none, and leaders are not synced. Example: owner.
	// +optional
	LeaderAttribute AttributeName `json:"leaderAttribute,omitempty"`
}

// LDAPTargetDepartments says which entries are departments and how new ones are made.
type LDAPTargetDepartments struct {
	LDAPDepartments `json:",inline"`

	// objectClasses of a new department. Default: [organizationalUnit], for
	// Groups [groupOfNames].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	ObjectClasses []AttributeName `json:"objectClasses,omitempty"`

	// rdn is the attribute that names a department's entry. Default: ou, for Groups cn.
	// +optional
	RDN AttributeName `json:"rdn,omitempty"`

	// mark is the attribute that takes the source id. Default: none.
	// Example: businessCategory.
	// +optional
	Mark AttributeName `json:"mark,omitempty"`

	// placeholder is the DN that stands in the member list of a group without
	// members, where the schema demands one. Default: cn=nobody below baseDN.
	// Example: cn=nobody,dc=example,dc=com.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Placeholder string `json:"placeholder,omitempty"`
}
