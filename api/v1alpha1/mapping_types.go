package v1alpha1

// FieldName is the name of a field of an entry.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
type FieldName string

// FieldType is the type of a field's values.
//
// +kubebuilder:validation:Enum=String;Bytes;Bool;Int;Time;Reference
type FieldType string

// The types of a field.
const (
	FieldString    FieldType = "String"
	FieldBytes     FieldType = "Bytes"
	FieldBool      FieldType = "Bool"
	FieldInt       FieldType = "Int"
	FieldTime      FieldType = "Time"
	FieldReference FieldType = "Reference"
)

// Equality says when two values of a field are the same for matching and uniqueness.
//
// +kubebuilder:validation:Enum=Exact;IgnoreCase;DN;Phone
type Equality string

// The equalities.
const (
	EqualityExact      Equality = "Exact"
	EqualityIgnoreCase Equality = "IgnoreCase"
	EqualityDN         Equality = "DN"
	EqualityPhone      Equality = "Phone"
)

// ApplyPolicy says when a mapped field is written.
//
// +kubebuilder:validation:Enum=Always;OnCreate
type ApplyPolicy string

// A field is kept in step, or written once.
const (
	ApplyAlways   ApplyPolicy = "Always"
	ApplyOnCreate ApplyPolicy = "OnCreate"
)

// DoublesPolicy says what becomes of a value that somebody else has already.
//
// +kubebuilder:validation:Enum=Fail;Number
type DoublesPolicy string

// A double is left for the target to refuse, or gets a number.
const (
	DoublesFail   DoublesPolicy = "Fail"
	DoublesNumber DoublesPolicy = "Number"
)

// Mappings say how the fields of the target get their values.
//
// +kubebuilder:validation:XValidation:rule="!has(self.departments) || self.departments.all(row, !has(row.doubles) || row.doubles == 'Fail')",message="doubles: Number is for rows of users; departments of one name are told apart by their parents"
type Mappings struct {
	// users are the rows for people, one a target field. Default: the rows that
	// the two connectors suggest. Example: [{to: mail, from: mail}].
	// +optional
	// +listType=map
	// +listMapKey=to
	// +kubebuilder:validation:MaxItems=200
	Users []Mapping `json:"users,omitempty"`
	// departments are the rows for departments, one a target field. Default: the
	// rows that the two connectors suggest. Example: [{to: description, from: description}].
	// +optional
	// +listType=map
	// +listMapKey=to
	// +kubebuilder:validation:MaxItems=200
	Departments []Mapping `json:"departments,omitempty"`
	// tests are examples of people with what the mapping must make of them; a
	// task whose tests fail is not Ready. Default: none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Tests []MappingTest `json:"tests,omitempty"`
}

// Mapping gives one field of the target its value: a copy (from), a constant
// (value) or the result of a CEL expression (expression).
//
// +kubebuilder:validation:XValidation:rule="[has(self.from), has(self.value), has(self.expression)].filter(given, given).size() == 1",message="a mapping row has exactly one of from (a copy), value (a constant) and expression (CEL); keep the one that is meant"
// +kubebuilder:validation:XValidation:rule="!has(self.doubles) || self.doubles == 'Fail' || !has(self.type) || self.type == 'String'",message="doubles: Number appends a number to a text; leave type out, or set it to String"
// +kubebuilder:validation:XValidation:rule="!has(self.doubles) || self.doubles == 'Fail' || !has(self.sensitive) || !self.sensitive",message="a sensitive value gets no number, since plan and records would tell of it; leave out doubles or sensitive"
type Mapping struct {
	// to is the field of the target. Example: displayName.
	// +required
	To FieldName `json:"to"`
	// from is the field of the source that is copied, with all its values.
	// Default: none, and value or expression is set. Example: cn.
	// +optional
	From FieldName `json:"from,omitempty"`
	// value is a constant. Default: none, and from or expression is set. Example: staff.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Value *string `json:"value,omitempty"`
	// expression is CEL: user.x is the first value of a field or null, user.all.x
	// the list of all. Default: none, and from or value is set. Example:
	// lower(user.mail).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Expression string `json:"expression,omitempty"`
	// required fails an entry for which the row gives no value, before any call
	// is made for it. Default: false, and the field is cleared.
	// +optional
	// +kubebuilder:default=false
	Required bool `json:"required,omitempty"`
	// apply says when the field is written: Always, or OnCreate alone. Default: Always.
	// +optional
	// +kubebuilder:default=Always
	Apply ApplyPolicy `json:"apply,omitempty"`
	// type overrides the type that the target's connector gives the field.
	// Default: the connector's. Example: String.
	// +optional
	Type FieldType `json:"type,omitempty"`
	// equality overrides the equality that the target's connector gives the
	// field. Default: the connector's. Example: IgnoreCase.
	// +optional
	Equality Equality `json:"equality,omitempty"`
	// doubles says what becomes of people whose value somebody else in the target
	// has already: Fail lets the target refuse it, Number appends the lowest free
	// number, before an @ if there is one: li, li2, li3. Who has a value keeps it.
	// For rows of users that give one text. Default: Fail.
	// +optional
	// +kubebuilder:default=Fail
	Doubles DoublesPolicy `json:"doubles,omitempty"`
	// sensitive keeps the field's values out of logs, events, status, plan,
	// records and exports: those say that the field changed. A field that the
	// target never gives back, such as userPassword, needs it, and apply:
	// OnCreate. Default: false.
	// +optional
	// +kubebuilder:default=false
	Sensitive bool `json:"sensitive,omitempty"`
}

// MappingTest is an example of a person and what the mapping must make of it.
type MappingTest struct {
	// name of the test. Example: a plain person.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`
	// source are the fields of the example. Example: {uid: [li], cn: [Li Lei]}.
	// +required
	// +kubebuilder:validation:MaxProperties=100
	Source map[string]TestValues `json:"source"`
	// want are the fields that the mapping must give. Example: {userName: [li]}.
	// +required
	// +kubebuilder:validation:MaxProperties=100
	Want map[string]TestValues `json:"want"`
}

// TestValues are the values of one field in a mapping test.
//
// +listType=atomic
// +kubebuilder:validation:MaxItems=50
// +kubebuilder:validation:items:MaxLength=4096
type TestValues []string
